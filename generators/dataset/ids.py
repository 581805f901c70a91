"""Names of samples: their index, and how often the sample at that place was replaced."""

import re

from generators.errors import InputError


def sample_id(index: int, replacement: int = 0) -> str:
    """`du-00000042`, or `du-00000042-r1` for the first replacement of a rejected sample."""
    return f"du-{index:08d}" + (f"-r{replacement}" if replacement else "")


def parse(name: str) -> tuple[int, int]:
    """The index and replacement that the id `name` stands for; InputError if it is no id."""
    match = re.fullmatch(r"du-(\d{8,})(?:-r([1-9]\d*))?", name, re.ASCII)
    index, replacement = (int(part or 0) for part in match.groups()) if match else (0, 0)
    if sample_id(index, replacement) != name:
        raise InputError(f"{name!r} is no id of a sample, such as du-00000042 or du-00000042-r1")
    return index, replacement


def successor(name: str) -> str:
    """The id of the sample that replaces the rejected sample `name`."""
    index, replacement = parse(name)
    return sample_id(index, replacement + 1)
