"""Flags that mean the same in every command, and how results and mistakes are printed."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from dubench.notes import note as note  # the commands' way to print it
from generators.errors import InputError, one_line

INTERRUPTED = 130
"""Exit code after Ctrl-C."""

Out = Annotated[Path, typer.Option(help="Folder to write to.")]
Seed = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Key of every random draw.")]
Preset = Annotated[str, typer.Option(help="Name of a preset, or a .toml file of your own.")]
Workers = Annotated[int | None, typer.Option(help="Processes; as many as cores unless given.")]
Engine = Annotated[
    str,
    typer.Option(help="local: this machine's cores; ray: the cluster that RAY_ADDRESS names."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Dataset = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a dataset.")]
SOURCE = typer.Option(
    help="Where clean photographs come from: builtin, dead-leaves, folder=DIR, celeba=DIR, "
    "bdd100k=DIR, nuscenes=DIR or hf=NAME, with @WEIGHT to mix several.",
)
Source = Annotated[list[str], SOURCE]
Depth = Annotated[
    str,
    typer.Option(
        help="Depth of photographs: procedural, folder=DIR (larger is farther), disparity=DIR, "
        "column=NAME (of hf=…) or model=NAME."
    ),
]
ScoredDataset = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        help="Folder, Parquet glob or Hub name; that of the predictions, or du110k, unless given.",
    ),
]
ScoredSplit = Annotated[
    str | None,
    typer.Option("--split", help="That of the predictions, or test, unless given."),
]
Device = Annotated[str, typer.Option(help="cpu, or cuda.")]


def fail(message: str) -> int:
    """Say on stderr, in one line, what is wrong; returns the exit code of bad input."""
    print(f"dubench: {one_line(message)}", file=sys.stderr)
    return 2


@contextmanager
def resumable(safe: str) -> Iterator[None]:
    """On Ctrl-C, say what is safe and that the same command goes on, and exit."""
    try:
        yield
    except KeyboardInterrupt:
        fail(f"stopped; {safe}: run the same command to go on")
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def errors_naming(option: str, other: str) -> Iterator[None]:
    """Let errors inside name `option` instead of `other`, its name in another command."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error).replace(f"{other} ", f"{option} ")) from None


def shown(path: Path) -> Path:
    """A path as short as it can be written from the current folder."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def print_json(value: Any) -> None:
    """Print plain data as JSON."""
    print(json.dumps(value, indent=1))
