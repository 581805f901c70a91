"""Make a dataset, or degrade one photograph."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dubench.cli.options import (
    Depth,
    Engine,
    Json,
    Preset,
    Seed,
    Source,
    Workers,
    note,
    print_json,
    resumable,
)
from generators.errors import InputError
from generators.files import place_of
from generators.taxonomy import TYPES
from generators.typed_json import to_json

if TYPE_CHECKING:
    from generators.build.job import GenerateResult
    from generators.depth.attach import DepthSpec


def generate(
    n: Annotated[int | None, typer.Option("--n", help="How many pairs; 1000 unless given.")] = None,
    out: Annotated[
        str, typer.Option(help="Folder to write to, or a URL such as s3://BUCKET/DIR.")
    ] = "du110k",
    source: Source = ["builtin"],  # noqa: B006
    depth: Depth = "procedural",
    preset: Annotated[
        str | None, typer.Option(help="Name of a preset, or a .toml file; du110k unless given.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(help="Side of an image in pixels; 256 unless given.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Key of every random draw; 0 unless given.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="Make the dataset of this manifest again.")
    ] = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="Keep the test split's answers apart, in OUT.answers.")
    ] = False,
    test_only: Annotated[
        bool, typer.Option("--test-only", help="Make all of it the test split, for a board.")
    ] = False,
    workers: Workers = None,
    engine: Engine = "local",
    device: Annotated[str, typer.Option(help="cpu, or cuda for the batched path.")] = "cpu",
    as_json: Json = False,
) -> None:
    """Make a dataset of degraded photographs, or finish one that was begun."""
    from dubench.cli.generate_bar import GenerateBar
    from generators.build.generate import generate as run
    from generators.build.generate import regenerate
    from generators.codec import USUAL, jpeg_codec
    from generators.depth.attach import DepthSpec
    from generators.sources.pools import SourceSpec

    if jpeg_codec() != USUAL:
        note(
            f"the JPEG codec of OpenCV here is {jpeg_codec()}, and not {USUAL}: pixels, and "
            "so content_id, will not be those of other machines; the wheel of "
            "opencv-python-headless brings that one"
        )
    place = place_of(out)
    sources, depths = [SourceSpec.parse(text) for text in source], DepthSpec.parse(depth)
    different: list[str] = []
    with resumable(f"finished shards in {out} are safe"), GenerateBar() as progress:
        if manifest:
            _refuse_flags_beside_manifest(
                n=n, preset=preset, size=size, seed=seed, blind=blind, test_only=test_only
            )
            result, different = regenerate(
                manifest,
                place,
                sources,
                workers,
                progress,
                depth=depths,
                device=device,
                engine=engine,
            )
        else:
            n = 1000 if n is None else n
            result = run(
                n,
                place,
                sources,
                preset or "du110k",
                256 if size is None else size,
                seed or 0,
                workers,
                progress,
                depth=depths,
                device=device,
                blind=blind,
                test_only=test_only,
                engine=engine,
            )
    _print_notes(result, None if manifest else n, depths)
    compared = _against_manifest(different) if manifest else None
    if as_json:
        print_json(_as_json(result, compared))
    else:
        _print_summary(result, out, blind)
        if compared:
            print(f"  {compared}")
    raise typer.Exit(1 if different else 0)


def _refuse_flags_beside_manifest(**flags: object) -> None:
    for name, value in flags.items():
        if value:
            raise InputError(
                f"--{name.replace('_', '-')} with --manifest: the manifest says it; leave it out"
            )


def _print_notes(result: "GenerateResult", n: int | None, depths: "DepthSpec") -> None:
    """Say on stderr what differs from the `n` pairs asked for, and what was not used."""
    notes = []
    total = result.recipe.n + result.blind
    if n is not None and total != n:
        notes.append(f"{n:,} rounded to {total:,}: the same number of every type in every split")
    for source, reasons in result.left_out.items():
        for reason, names in reasons.items():
            notes.append(f"{source}: left out {len(names):,} {reason}, such as {names[0]}")
    if depths.source != "procedural":
        counts = sum((Counter(pool.depth) for pool in result.recipe.pools), Counter[str]())
        if guessed := counts["procedural"]:
            notes.append(
                f"--depth {depths.source}={depths.where}: {guessed:,} of {counts.total():,} "
                "photographs have no map there; their depth is procedural"
            )
    if result.redrawn:
        refused = result.redrawn.most_common()
        redrawn = ", ".join(f"{count:,} {reason}" for reason, count in refused)
        notes.append(f"crops drawn again: {redrawn}")
    for line in notes:
        note(line)


def _print_summary(result: "GenerateResult", out: str, blind: bool) -> None:
    splits = {**result.recipe.splits}
    if blind:
        del splits["test"]
        splits["blind test"] = result.blind
    counts = ", ".join(f"{count:,} {split}" for split, count in splits.items())
    print(f"{out}: {sum(splits.values()):,} pairs ({counts}), {result.new:,} of them new")
    for split, ids in result.identity.items():
        content, recipe = ids.content_id[:16], ids.recipe_id[:16]
        print(f"  {split:10} content_id {content}  recipe_id {recipe}")
    if blind:
        print(f"  the test split's answers are in {out}.answers: keep them to yourself")


def _as_json(result: "GenerateResult", compared: str | None) -> dict[str, Any]:
    return {
        "folder": str(result.folder),
        "n": result.recipe.n,
        "new": result.new,
        "splits": dict(result.recipe.splits),
        "blind": result.blind,
        "left_out": result.left_out,
        "redrawn": result.redrawn,
        "identity": to_json(result.identity),
        "manifest": compared,
    }


def _against_manifest(different: list[str]) -> str:
    if different:
        return f"not the manifest's pixels: {', '.join(different)}"
    return "the very pixels of the manifest"


def degrade(
    photo: Annotated[Path, typer.Argument(help="A photograph of any size.")],
    type_name: Annotated[str, typer.Option("--type", help=", ".join(TYPES) + ".")],
    values: Annotated[
        list[str],
        typer.Option("--set", metavar="KEY=VALUE", help="Fix a parameter; the rest is drawn."),
    ] = [],  # noqa: B006
    out: Annotated[
        Path | None, typer.Option(help="A .png file; PHOTO-TYPE.png unless given.")
    ] = None,
    preset: Preset = "du110k",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Apply one degradation to one photograph, and say exactly which."""
    from dubench.degrading import degrade_file

    result = degrade_file(photo, type_name, values, out, preset, seed)
    if as_json:
        rest = {"postprocess": result.sample.postprocess} if result.sample.postprocess else {}
        print_json({"image": str(result.path), "tuples": result.sample.tuples, **rest})
        return
    print(result.path)
    for type_, key, value in result.sample.tuples:
        numbers = value if isinstance(value, float) else " ".join(f"{entry:g}" for entry in value)
        print(f"  {type_}  {key} = {numbers}")
    for name, amount in result.sample.postprocess.items():
        print(f"  after it  {name} = {amount}")
