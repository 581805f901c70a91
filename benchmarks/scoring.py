"""How long scoring takes: `python benchmarks/scoring.py`.

Makes n rows of answers without pictures (drawn from the preset du110k, thirty crops a photograph),
an answer to each, and times `dubench score` as a whole process: start-up, reading, 1,000
resamples, writing. The floor beside it is Python parsing the same lines as JSON.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from generators import presets
from generators.dataset.schema import schema
from generators.taxonomy import TYPES

PNG = {"bytes": b"", "path": None}


def make(n: int, home: Path) -> None:
    """Write a split of n rows without pixels, and predictions that are near."""
    preset = presets.load("du110k")
    rng = np.random.default_rng(0)
    drawn = {kind: [preset.draw(kind, rng) for _ in range(500)] for kind in preset.types}
    rows, lines = [], []
    for index in range(n):
        kind = preset.types[index % len(preset.types)]
        values = drawn[kind][int(rng.integers(500))]
        told = {key.name: values[key.name] for key in TYPES[kind].keys}
        rows.append(
            dict.fromkeys(schema().names)
            | {"id": f"du-{index:08d}", "degraded": PNG, "clean": PNG}
            | {"type": list(TYPES).index(kind), "severity": "slight", "source": "folder"}
            | {"source_id": f"{index // 30}.jpg", "degraded_sha256": f"{index:064x}"}
            | {"recipe": json.dumps({"preset": "du110k", "photograph": "", "crop_box": [0] * 4,
                                     "nuisance": {}})}
            | {"tuples": [{"type": kind, "key": key, "value": np.atleast_1d(value).tolist(),
                           "shape": []} for key, value in told.items()]}
            | told
        )  # fmt: skip
        near = {key: (np.array(value) * rng.normal(1, 0.1)).tolist() for key, value in told.items()}
        lines.append(json.dumps({"id": f"du-{index:08d}", "type": kind, "parameters": near}))
    pq.write_table(pa.Table.from_pylist(rows, schema()), home / "test-0.parquet")
    (home / "preds.jsonl").write_text("\n".join(lines) + "\n")


def timed(command: list[str], home: Path) -> float:
    """Seconds of wall clock for one process."""
    start = time.perf_counter()
    subprocess.run(command, cwd=home, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print the median and range over the runs, the floor, and the largest memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    for n in (3_000, 110_000):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            make(n, home)
            score = [sys.executable, "-m", "dubench.cli", "score", "preds.jsonl"]
            score += ["--dataset", "test-*.parquet"]
            floor = [
                sys.executable,
                "-c",
                "import json; [json.loads(l) for l in open('preds.jsonl')]",
            ]
            took = [timed(score, home) for _ in range(runs)]
            least = [timed(floor, home) for _ in range(runs)]
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        middle, bottom = statistics.median(took), statistics.median(least)
        print(
            f"{n:,} predictions, 1,000 resamples: {middle:.2f} s ({min(took):.2f}–{max(took):.2f}, "
            f"{runs} runs), {middle / bottom:.0f} × parsing the lines ({bottom:.2f} s); largest "
            f"process so far {peak:,.0f} MB"
        )


if __name__ == "__main__":
    main()
