"""The floor under generation: encode the pictures of a finished dataset again, and nothing else."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from generators.images import decode_rgb, encode_rgb

EVERY = 4  # one row group in so many is encoded


def encode_only(dataset: Path, report: Callable[[Any], None]) -> float:
    """CPU seconds per pair that encoding clean and degraded takes on one core.

    Decoding them first is not counted. `report` is not used: `engines.run` hands it over.
    """
    spent, pairs, seen = 0.0, 0, 0
    for path in sorted((dataset / "data").glob("*.parquet")):
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            seen += 1
            if seen % EVERY:
                continue
            for row in file.read_row_group(group, columns=["clean", "degraded"]).to_pylist():
                images = [decode_rgb(row[name]["bytes"]) for name in ("clean", "degraded")]
                start = time.process_time()
                for image in images:
                    encode_rgb(image)
                spent += time.process_time() - start
                pairs += 1
    return spent / pairs
