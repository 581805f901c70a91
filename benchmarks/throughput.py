"""What `dubench generate` and `verify` cost, end to end, beside encoding alone.

python benchmarks/throughput.py            # about half an hour, 4 GB of temporary files
python benchmarks/throughput.py --help
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import machine
from floor import encode_only
from photographs import BUNDLED, make_jpegs

from generators.engines import run

PAIRS_PER_PHOTOGRAPH = 4
CASES = {
    "cached": "cached crops: a few photographs, decoded once",
    "decode": f"one 1600×900 JPEG decoded per {PAIRS_PER_PHOTOGRAPH} pairs",
    "builtin": "the default sources: half of it scenes",
    "given": "the photographs of --given",
}
PACKAGES = ("numpy", "opencv-python-headless", "fpng", "isal", "pyarrow")
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


@dataclass
class Run:
    """One run of the command.

    Attributes:
        pairs: in the dataset.
        speed: pairs/s from the command's start to the last shard.
        whole: pairs/s of the whole command, from its start to its end.
        cpu_ms: CPU milliseconds per pair of the whole command, workers included.
        system_ms: how much of cpu_ms the system took, mostly to write files: it hangs on the disk.
        cores: CPU seconds per second of the command; below the number of workers where other
            programs took their share.
        rss_mb: largest resident set of any one process, 10⁶ bytes.
        floor_ms: CPU milliseconds per pair that encoding alone takes on one core.
        ratio: cpu_ms / floor_ms.
        verify_ms: CPU milliseconds per row that `dubench verify` takes, workers included.
        verify_ratio: verify_ms / cpu_ms.
    """

    pairs: int
    speed: float
    whole: float
    cpu_ms: float
    system_ms: float
    cores: float
    rss_mb: float
    floor_ms: float
    ratio: float
    verify_ms: float
    verify_ratio: float


@dataclass(frozen=True)
class Goal:
    """What the median of one column is not to exceed."""

    case: str
    column: str
    bound: float

    def judge(self, runs: dict[str, list[Run]]) -> str:
        """The goal, the median beside it, and whether it is met."""
        found = statistics.median(getattr(made, self.column) for made in runs[self.case])
        verdict = "met" if found <= self.bound else "MISSED"
        return f"{self.case} {self.column} ≤ {self.bound:g}: {found:.4g}, {verdict}"


GOALS = (
    Goal("cached", "ratio", 5),
    Goal("given", "ratio", 5),
    Goal("builtin", "ratio", 6),
    Goal("decode", "ratio", 7),
    *(Goal(case, "verify_ratio", 1) for case in CASES),
    *(Goal(case, "rss_mb", 500) for case in CASES),
)


def main() -> None:
    asked = arguments()
    print(machine.describe(PACKAGES), file=sys.stderr)
    runs: dict[str, list[Run]] = {case: [] for case in asked.cases}
    with tempfile.TemporaryDirectory(dir=asked.work) as made:
        work = Path(made)
        jpegs = work / "photographs"
        sources = {"cached": f"folder={BUNDLED}", "decode": f"folder={jpegs}", "builtin": "builtin"}
        sources["given"] = f"folder={asked.given}"
        if "decode" in runs:
            write_photographs(asked.photos, jpegs, asked.n, asked.workers)
        # By turns, so that a busy minute falls on both.
        for repeat in range(asked.repeats):
            for case in runs:
                runs[case].append(measure(work / "out", sources[case], asked.n, asked.workers))
                told = json.dumps(asdict(runs[case][-1]))
                print(f"{case} {repeat + 1}: {told} load {machine.load()}", file=sys.stderr)
    if asked.json:
        plain = {case: [asdict(one) for one in several] for case, several in runs.items()}
        asked.json.write_text(json.dumps(plain, indent=1), "utf-8")
    print(table(runs))
    print("\n".join(f"- {goal.judge(runs)}" for goal in GOALS if goal.case in runs))
    print(f"\n{machine.describe(PACKAGES)}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n", type=int, default=8000, help="pairs per run")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cases", nargs="+", choices=CASES)
    parser.add_argument("--given", type=Path, help="a folder of photographs to generate from")
    parser.add_argument(
        "--photos", type=Path, default=BUNDLED, help="photographs from which JPEGs are made"
    )
    parser.add_argument("--work", type=Path, help="folder for temporary files")
    parser.add_argument("--json", type=Path, help="file for every run's numbers")
    asked = parser.parse_args()
    asked.cases = asked.cases or [case for case in CASES if case != "given" or asked.given]
    if "given" in asked.cases and not asked.given:
        parser.error("the case given needs --given FOLDER")
    return asked


def write_photographs(source: Path, out: Path, n: int, workers: int) -> None:
    out.mkdir()
    count, chunk = n // PAIRS_PER_PHOTOGRAPH, 100
    tasks = [(source, out, i, min(i + chunk, count)) for i in range(0, count, chunk)]
    # In other processes: a small parent, because Linux counts its memory as its children's.
    for _ in run(make_jpegs, tasks, workers):
        pass


def measure(out: Path, source: str, n: int, workers: int) -> Run:
    """Make a dataset in the empty folder `out`, verify it, and encode it again for the floor."""
    start = time.time()
    wall, used = spend(["generate", "--n", f"{n}", "--out", f"{out}", "--source", source], workers)
    last = max(shard.stat().st_mtime for shard in (out / "data").glob("*.parquet"))
    pairs = json.loads((out / "recipe.json").read_text("utf-8"))["n"]
    verified = spend(["verify", f"{out}"], workers)[1]
    floor = next(run(encode_only, [out], 1))
    shutil.rmtree(out)
    spent, again = used.ru_utime + used.ru_stime, verified.ru_utime + verified.ru_stime
    return Run(
        pairs=pairs,
        speed=pairs / (last - start),
        whole=pairs / wall,
        cpu_ms=1000 * spent / pairs,
        system_ms=1000 * used.ru_stime / pairs,
        cores=spent / wall,
        rss_mb=used.ru_maxrss * RSS_UNIT / 1e6,
        floor_ms=1000 * floor,
        ratio=spent / pairs / floor,
        verify_ms=1000 * again / pairs,
        verify_ratio=again / spent,
    )


def spend(command: list[str], workers: int) -> tuple[float, resource.struct_rusage]:
    """Seconds that a dubench command took, and what it and its workers used."""
    command = [sys.executable, "-m", "dubench.cli", *command, "--workers", f"{workers}"]
    with tempfile.TemporaryFile() as printed:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=printed)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            printed.seek(0)
            raise SystemExit(f"{' '.join(command)} failed: {printed.read().decode()}")
    return wall, used


def table(runs: dict[str, list[Run]]) -> str:
    """Median (least–most) of every column, as Markdown."""
    columns = [field.name for field in fields(Run)[1:]]
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for case, several in runs.items():
        cells = []
        for column in columns:
            values = [getattr(one, column) for one in several]
            middle, least, most = statistics.median(values), min(values), max(values)
            cells.append(f"{middle:.3g} ({least:.3g}–{most:.3g})")
        lines.append(f"| {CASES[case]} | {' | '.join(cells)} |")
    lines.append(f"\n{len(several)} runs of {several[0].pairs:,} pairs each.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
