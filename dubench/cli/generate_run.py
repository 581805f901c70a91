"""The `generate` command: arguments in, progress and notes on stderr, a summary out."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubench.cli.generate_bar import GenerateBar
from generators.build.generate import generate, regenerate
from generators.build.produce import Made
from generators.depth.attach import DepthSpec
from generators.errors import InputError
from generators.sources.pools import SourceSpec


@dataclass(frozen=True)
class Wanted:
    """The command's arguments; None where the user said nothing."""

    n: int | None
    out: Path
    source: list[str]
    depth: str
    preset: str | None
    size: int | None
    seed: int | None
    manifest: Path | None
    blind: bool
    workers: int | None
    device: str


def run(wanted: Wanted) -> tuple[Made, list[str]]:
    """Make the dataset, with a bar; returns it and the splits that differ from a manifest's."""
    sources = [SourceSpec.parse(text) for text in wanted.source]
    depth = DepthSpec.parse(wanted.depth)
    different: list[str] = []
    n = 1000 if wanted.n is None else wanted.n
    with GenerateBar() as heard:
        if wanted.manifest:
            _refuse_what_the_manifest_says(wanted)
            made, different = regenerate(
                wanted.manifest,
                wanted.out,
                sources,
                wanted.workers,
                heard,
                depth=depth,
                device=wanted.device,
            )
        else:
            made = generate(
                n,
                wanted.out,
                sources,
                wanted.preset or "du110k",
                256 if wanted.size is None else wanted.size,
                wanted.seed or 0,
                wanted.workers,
                heard,
                depth=depth,
                device=wanted.device,
                blind=wanted.blind,
            )
    total = made.recipe.n + made.blind
    if not wanted.manifest and total != n:
        _note(f"{n:,} rounded to {total:,}: the same number of every type in every split")
    for kind, reasons in made.left_out.items():
        for reason, names in reasons.items():
            _note(f"{kind}: left out {len(names):,} {reason}, such as {names[0]}")
    if made.redrawn:
        told = ", ".join(f"{count:,} {reason}" for reason, count in made.redrawn.items())
        _note(f"crops drawn again: {told}")
    return made, different


def tell(made: Made, different: list[str]) -> dict[str, Any]:
    """What was made, as plain data."""
    same = "the very pixels of the manifest"
    return {
        "folder": str(made.folder),
        "n": made.recipe.n,
        "new": made.new,
        "splits": dict(made.recipe.splits),
        "blind": made.blind,
        "left_out": made.left_out,
        "redrawn": made.redrawn,
        "identity": made.identity,
        "manifest": f"not the manifest's pixels: {', '.join(different)}" if different else same,
    }


def _refuse_what_the_manifest_says(wanted: Wanted) -> None:
    for name in ("n", "preset", "size", "seed", "blind"):
        if getattr(wanted, name):
            raise InputError(f"--{name} with --manifest: the manifest says it; leave it out")


def _note(message: str) -> None:
    print(f"note: {message}", file=sys.stderr)
