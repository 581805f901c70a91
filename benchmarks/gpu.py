"""All that needs a GPU, in one run of at most eight minutes: is it right, and how fast is it?

    python benchmarks/gpu.py                        # with whichever Python has torch; or: make gpu
    python benchmarks/gpu.py --device cpu --quick   # the same steps, rehearsed

levels     every type rendered on the device, within one level of the CPU, with TF32 off and on
sync       where the stream makes the host wait for the device
tests      the tests that take a device
generate   `dubench generate --device` against the CPU's dataset, row by row, and `dubench verify`
stream     pairs a second of the training stream

Each is a process of its own, with a time of its own. A step whose packages are missing is
skipped, one that fails or runs out of its time leaves the others alone. Status 1: something is
wrong, or nothing could be looked at. A missed goal is no error.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]
TOTAL = 470  # seconds
GOAL = 20_000  # pairs/s of 256², for an H100 or H200
Row = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One process: what it needs beside torch, and its seconds at most."""

    run: Callable[[str, bool], Iterator[Row]]
    needs: tuple[str, ...]
    seconds: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="small numbers, to rehearse")
    parser.add_argument("--json", type=Path, help="rows, written after every step")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        for row in STEPS[asked.step].run(asked.device, asked.quick):
            print(json.dumps(row), flush=True)
        return 0
    if not find_spec("torch"):
        print("gpu.py: torch is missing in this Python; take one that has it", file=sys.stderr)
        return 2
    import torch

    if asked.device.startswith("cuda") and not torch.cuda.is_available():
        print("gpu.py: torch sees no CUDA device; rehearse with --device cpu", file=sys.stderr)
        return 2
    end = time.monotonic() + TOTAL
    rows: list[Row] = []
    for name, step in STEPS.items():
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows += measured(name, step, asked, end)
        except KeyboardInterrupt:
            rows.append(note(name, "stopped", False))
            break
        if asked.json:
            asked.json.write_text(json.dumps(rows, indent=1))
    print(f"{machine(asked.device)}\n\n{table(rows)}")
    marks = [row["ok"] for row in rows]
    return 1 if False in marks or True not in marks else 0


def measured(name: str, step: Step, asked: argparse.Namespace, end: float) -> list[Row]:
    """What a step printed, and how it ended if not well."""
    missing = [package for package in step.needs if not find_spec(package)]
    if missing:
        return [note(name, f"skipped: {', '.join(missing)} not installed")]
    seconds = min(step.seconds, end - time.monotonic())
    if seconds < 5:
        return [note(name, "skipped: no time left", False)]
    command = [sys.executable, __file__, "--step", name, "--device", asked.device]
    command += ["--quick"] if asked.quick else []
    places = os.pathsep.join(filter(None, (str(HOME), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": places, "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            command, cwd=HOME, env=environment, stdout=out, stderr=err, start_new_session=True
        )
        try:
            how = "" if process.wait(seconds) == 0 else "failed"
        except subprocess.TimeoutExpired:
            how = f"out of time after {seconds:.0f} s"
        finally:
            end_all(process)
        out.seek(0), err.seek(0)
        lines = [line for line in out.read().splitlines() if line.startswith("{")]
        rows: list[Row] = [{"step": name} | json.loads(line) for line in lines]
        if how:
            last = (err.read().strip().splitlines() or [""])[-1]
            rows.append(note(name, f"{how} {last}".strip()[:160], False))
    return rows


def end_all(process: "subprocess.Popen[bytes]") -> None:
    """End a step's process and those it started, which are a session of their own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def note(step: str, text: str, ok: bool | None = None) -> Row:
    return {"step": step, "what": "", "result": text, "ok": ok}


def row(what: str, result: str, ok: bool | None = None) -> Row:
    """A line of the table; `ok` is None where there is no right and wrong."""
    return {"what": what, "result": result, "ok": ok}


def levels(device: str, quick: bool) -> Iterator[Row]:
    import numpy as np
    import torch

    from generators import degrade
    from generators.batched.render import check_device, render_batch
    from generators.presets import load
    from generators.sources import photographs
    from generators.sources.pools import BUNDLED

    check_device(device)
    paths = sorted(BUNDLED.glob("*.jpg"))[: 3 if quick else None]
    crops = [photographs.load(path)[0][:256, :256] for path in paths]
    for tf32 in (False, True):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        for type_name in load("du110k-wild").types:
            samples = [
                degrade(crop, type_name, seed=seed, preset="du110k-wild")
                for seed, crop in enumerate(crops)
            ]
            keys = [(seed, 0, 0) for seed in range(len(samples))]
            # JPEG would make several levels of one; `generate` leaves it to the CPU.
            plain = [i for i, one in enumerate(samples) if not one.postprocess["jpeg_quality"]]
            mine = [samples[i] for i in plain]
            depths = [one.depth for one in mine if one.depth is not None]
            what = f"{type_name}, TF32 {'on' if tf32 else 'off'}, {len(mine)} pictures"
            try:
                images = render_batch(
                    [one.clean for one in mine],
                    [one.degradations for one in mine],
                    [one.postprocess for one in mine],
                    depths or None,
                    [keys[i] for i in plain],
                    device,
                )
            except ModuleNotFoundError as error:
                yield row(what, f"skipped: {error.name} not installed")
                continue
            off = [
                np.abs(image.astype(np.int16) - one.degraded)
                for image, one in zip(images, mine, strict=True)
            ]
            most, share = max(int(o.max()) for o in off), np.mean([(o > 0).mean() for o in off])
            yield row(what, f"at most {most} levels off, {100 * share:.3f} % of values", most <= 1)


def sync(device: str, quick: bool) -> Iterator[Row]:
    import torch

    from generators.batched.stream import Stream

    if not device.startswith("cuda"):
        yield row("waits", "skipped: only CUDA tells")
        return
    batches, size = (2, 64) if quick else (8, 256)
    made = Stream(batch_size=256, size=size, device=device, cached=True)
    next(made), next(made)
    torch.cuda.set_sync_debug_mode("warn")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(batches):
            next(made)
    torch.cuda.set_sync_debug_mode("default")
    waits = [w for w in caught if "synchroniz" in str(w.message)]
    places = sorted({f"{Path(w.filename).name}:{w.lineno}" for w in waits})
    yield row("waits a batch", f"{len(waits) / batches:g} {', '.join(places[:6])}".strip())


def tests(device: str, quick: bool) -> Iterator[Row]:
    name = device.partition(":")[0]
    command = [
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist"),
        *("tests/generators/batched/test_render.py", "tests/generators/batched/test_stream.py"),
        *("-k", "test_shapes" if quick else f"{name} or gpu"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    last = (done.stdout.strip().splitlines() or [done.stderr[-160:]])[-1]
    counts = ", ".join(re.findall(r"\d+ (?:passed|failed|skipped|errors?)", done.stdout))
    yield row("tests that take a device", counts or last, done.returncode == 0)


def generate(device: str, quick: bool) -> Iterator[Row]:
    import numpy as np
    import pyarrow.parquet as pq

    from generators.images import decode_rgb

    try:
        version("dubench")
    except PackageNotFoundError:  # a recipe names the versions that made it
        yield row("generate", "skipped: dubench not installed (pip install --no-deps .)")
        return
    count, size = (40, 64) if quick else (400, 256)
    command = [sys.executable, "-m", "dubench.cli"]
    options = ["--n", str(count), "--size", str(size), "--preset", "du110k-wild", "--workers", "4"]
    with tempfile.TemporaryDirectory() as folder:
        tables: list[list[Row]] = []
        for name, where in (("cpu", "cpu"), ("device", device)):
            out = Path(folder, name)
            start = time.monotonic()
            run([*command, "generate", *options, "--device", where, "--out", out])
            speed = count / (time.monotonic() - start)
            yield row(f"--device {where}", f"{speed:.0f} pairs/s, start included")
            files = sorted(Path(out, "data").glob("*.parquet"))
            tables.append([r for file in files for r in pq.read_table(file).to_pylist()])
        most, same = 0, 0
        for one, other in zip(*tables, strict=True):
            pixels = [decode_rgb(r["degraded"]["bytes"]).astype(np.int16) for r in (one, other)]
            off = int(np.abs(pixels[0] - pixels[1]).max())
            most, same = max(most, off), same + (off == 0)
            if any(one[key] != other[key] for key in ("id", "tuples", "clean", "depth", "recipe")):
                yield row(f"{one['id']} but for pixels", "not the CPU's", False)
        result = f"at most {most} levels off, {same} of {count} rows the same"
        yield row("pixels", result, most <= 1)
        done = subprocess.run(
            [*command, "verify", Path(folder, "device")], capture_output=True, text=True
        )
        yield row("verify", (done.stdout.splitlines() or [""])[-1], done.returncode == 0)


def stream(device: str, quick: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder, "speeds.json")
        cores = str(min(16, os.cpu_count() or 1))
        for name, batches in (("cached", 50), ("kornia", 20), ("decoded", 5)):
            many = ["--batch-size", "256", "--batches", str(batches)]
            if quick:
                many = ["--batch-size", "16", "--batches", "1", "--size", "64"]
            run(
                [sys.executable, "benchmarks/stream.py", "--device", device, *many,
                 "--workers", cores, "--only", name, "--json", figures]
            )  # fmt: skip
            speeds = sorted(json.loads(figures.read_text())[name])
            middle = speeds[len(speeds) // 2]
            result = f"{middle:,.0f} ({speeds[0]:,.0f}–{speeds[-1]:,.0f}) pairs/s"
            if name == "cached" and device.startswith("cuda"):
                result += f", goal {GOAL:,}: {'met' if middle >= GOAL else 'missed'}"
            yield row(name, result)


def run(command: list[Any]) -> None:
    """Run a program whose last line on stderr, if it fails, is this one's."""
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"status {done.returncode}: {(done.stderr.splitlines() or [''])[-1]}")


STEPS = {
    "levels": Step(levels, ("numpy", "cv2"), 70),
    "sync": Step(sync, ("numpy", "cv2", "kornia"), 40),
    "tests": Step(
        tests, ("numpy", "cv2", "kornia", "pytest", "hypothesis", "fpng", "pyarrow"), 120
    ),
    "generate": Step(generate, ("numpy", "cv2", "kornia", "fpng", "pyarrow", "typer", "rich"), 100),
    "stream": Step(stream, ("numpy", "cv2", "kornia"), 140),
}


def machine(device: str) -> str:
    import torch

    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else "no GPU"
    return f"{name}, torch {torch.__version__}, {os.cpu_count()} cores, {sys.executable}"


def table(rows: list[Row]) -> str:
    marks = {True: "good", False: "WRONG", None: ""}
    lines = ["| step | | result | |", "|---|---|---|---|"]
    lines += [f"| {r['step']} | {r['what']} | {r['result']} | {marks[r['ok']]} |" for r in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
