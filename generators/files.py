"""Files that are there whole or not at all."""

from pathlib import Path


def write_whole(path: Path, data: str | bytes) -> None:
    """Write a file under a temporary name and rename it when it is whole."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data.encode() if isinstance(data, str) else data)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
