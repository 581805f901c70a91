"""Rounds of random faults: one system call of a command fails, or the command is killed there.

Every round takes a command, lets one of its calls below the folder of the round fail with ENOSPC,
EACCES or EIO, or kills whichever process is at it, and runs the command again without a fault.
Exit code 0 must mean the right result, at once or the second time; any other end is one line.

    python -m tests.faults.rounds --rounds 200
"""

import argparse
import errno
import json
import mmap
import multiprocessing
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CODES = {"ENOSPC": errno.ENOSPC, "EACCES": errno.EACCES, "EIO": errno.EIO, "kill -9": 0}
COMMANDS = {
    "generate": "generate --n 8 --size 32 --workers 1 --source folder=photos --out made",
    "predict": "predict --dataset d --split train --out p.jsonl",
    "score": "score known.jsonl --dataset d --split train --out s.json",
    "review plan": "review plan d --fraction 1 --workers 1",
}
_STATE = struct.Struct("<5q")  # as in shim.c
_SHIM = Path(__file__).with_name("shim.c")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stderr: str


class Faults:
    """The state that all processes below the shim share."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _STATE.size)

    def arm(self, target: int, code: int) -> None:
        """Let the `target`-th call from now on fail; none if it is 0."""
        self._map[:] = _STATE.pack(1, 0, target, code, 0)

    def disarm(self) -> tuple[int, bool]:
        """Let no call fail any more; returns how many there were, and whether one failed."""
        _, count, _, _, fired = _STATE.unpack(self._map[:])
        self._map[:] = _STATE.pack(0, 0, 0, 0, 0)
        return count, bool(fired)


def run(home: Path, command: str) -> Ended:
    """Run the command line in a child of this process, in the folder `home`."""
    with tempfile.TemporaryFile() as log:
        child = os.fork()
        if not child:
            os.chdir(home)
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            os.setpgid(0, 0)
            sys.argv = ["dubench", *command.split()]
            code = 70
            try:
                from dubench.cli import main

                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        log.seek(0)
        return Ended(code, log.read().decode("utf-8", "replace"))


def result(home: Path, name: str) -> Any:
    """What a command has made in `home`, but for what differs from run to run."""
    from generators.dataset.info import DatasetInfo

    if name == "generate":
        from generators.build.verify import verify
        from generators.typed_json import to_json

        assert verify(home / "made", workers=1).good
        return to_json(DatasetInfo.read_finished(home / "made").identity)
    if name == "predict":
        lines = map(json.loads, (home / "p.jsonl").read_text().splitlines())
        return sorted(json.dumps(line | {"latency_s": 0}, sort_keys=True) for line in lines)
    if name == "score":
        import pyarrow.parquet as pq

        return (home / "s.json").read_text(), pq.read_table(home / "s.parquet").to_pylist()
    with closing(sqlite3.connect(home / "d.review" / "review.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        columns = [row[1] for row in database.execute("PRAGMA table_info(items)")]
        rows = [
            dict(zip(columns, row, strict=True)) for row in database.execute("SELECT * FROM items")
        ]
    pictures = {row[column] for row in rows for column in columns if column.endswith("_image")}
    for picture in pictures - {None}:
        assert (home / "d.review" / "images" / picture).stat().st_size
    return sorted((row["sample_id"], row["kind"], row["type"]) for row in rows)


def prepare(home: Path, photographs: Path) -> None:
    """What every round begins with."""
    shutil.copytree(photographs, home / "photos")
    assert run(home, COMMANDS["generate"]).code == 0
    (home / "made").rename(home / "d")
    assert run(home, COMMANDS["predict"]).code == 0
    (home / "p.jsonl").rename(home / "known.jsonl")


def one_round(name: str, target: int, code: int, home: Path, faults: Faults, wanted: Any) -> str:
    """One round in the folder `home`; returns how the command ended."""
    faults.arm(target, code)
    first = run(home, COMMANDS[name])
    _, fired = faults.disarm()
    if first.code == 0:
        assert result(home, name) == wanted
        return "right in spite of it" if fired else "not met"
    assert fired
    assert "Traceback" not in first.stderr, first.stderr
    assert first.code == 2 or (code == 0 and first.code == -9), first
    if first.code == 2:
        lines = [line for line in first.stderr.splitlines() if line.startswith("dubench: ")]
        assert len(lines) == 1, first.stderr
    if code:
        assert not list(home.rglob("*.part")), list(home.rglob("*.part"))
    if name != "review plan" or not (home / "d.review").exists():  # a review is not made twice
        again = run(home, COMMANDS[name])
        assert again.code == 0, (first.stderr, again.stderr)
    assert result(home, name) == wanted
    return "one line, then right" if first.code == 2 else "killed, then right"


def rounds(
    home: Path, photographs: Path, count: int, seed: int, say: Callable[[str], None]
) -> Counter[str]:
    """Play `count` rounds below `home`; returns how many ended how."""
    # Forked workers begin at once; that they are spawned elsewhere changes no call below `home`.
    context = multiprocessing.get_context("fork")
    multiprocessing.get_context = lambda method=None: context  # type: ignore[assignment]
    faults = Faults(Path(os.environ["FAULT_STATE"]))
    start, rng = home / "start", random.Random(seed)
    start.mkdir()
    prepare(start, photographs)
    wanted, calls = {}, {}
    for name, command in COMMANDS.items():
        place = Path(shutil.copytree(start, home / name.replace(" ", "-")))
        faults.arm(0, 0)
        assert run(place, command).code == 0
        calls[name], _ = faults.disarm()
        wanted[name] = result(place, name)
    say(f"calls: {calls}")
    ends: Counter[str] = Counter()
    for number in range(count):
        name = list(COMMANDS)[number % len(COMMANDS)]
        target, kind = rng.randint(1, calls[name]), rng.choice(list(CODES))
        place = Path(shutil.copytree(start, home / f"round{number}"))
        try:
            end = one_round(name, target, CODES[kind], place, faults, wanted[name])
        except AssertionError as error:
            raise AssertionError(f"round {number}: {name}, {kind} at {target}: {error}") from error
        ends[f"{name}: {end}"] += 1
        say(f"{number} {name}, {kind} at call {target} of {calls[name]}: {end}")
        shutil.rmtree(place)
    return ends


def start(home: Path, photographs: Path, count: int, seed: int) -> subprocess.CompletedProcess[str]:
    """Build the shim and play the rounds below it, in a process of their own."""
    shim, state = home / "shim.so", home / "state"
    build = ["cc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(_SHIM), "-ldl"]
    subprocess.run(build, check=True)
    state.write_bytes(bytes(_STATE.size))
    (home / "rounds").mkdir()
    environment = {
        "LD_PRELOAD": str(shim),
        "FAULT_ROOT": str(home / "rounds"),
        "FAULT_STATE": str(state),
        "OMP_NUM_THREADS": "1",
    }
    options = ["--in", str(home / "rounds"), "--photographs", str(photographs)]
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.faults.rounds",
            *options,
            "--rounds",
            str(count),
            "--seed",
            str(seed),
        ],
        env=os.environ | environment,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--photographs", type=Path)
    parser.add_argument("--in", dest="home", type=Path)
    given = parser.parse_args()
    if given.home is None:
        from generators.sources.pools import BUNDLED

        with tempfile.TemporaryDirectory() as folder:
            ended = start(Path(folder), given.photographs or BUNDLED, given.rounds, given.seed)
        print(ended.stdout)
        sys.exit(ended.returncode)
    import dubench.cli
    import dubench.predictions.run
    import dubench.scoring.score  # noqa: F401

    ends = rounds(
        given.home,
        given.photographs,
        given.rounds,
        given.seed,
        lambda line: print(line, file=sys.stderr),
    )
    for end, times in sorted(ends.items()):
        print(f"{times:4} {end}")
