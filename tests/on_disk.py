"""What files hold, those of a dataset above all, read without dubench."""

import hashlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    """Every row, by id."""
    files = sorted((folder / "data").glob("*.parquet"))
    return {row["id"]: row for file in files for row in pq.read_table(file).to_pylist()}


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file, by name."""
    files = sorted((folder / "data").iterdir())
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def contents(folder: Path) -> dict[str, bytes | None]:
    """What every file below `folder` holds, by its path in it; None for folders."""
    inside = sorted(folder.rglob("*"))
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in inside
    }
