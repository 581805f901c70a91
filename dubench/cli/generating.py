"""Make datasets, prove them, look at them."""

from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import (
    Dataset,
    Depth,
    Json,
    Out,
    Preset,
    Seed,
    Source,
    Workers,
    print_json,
    resumable,
)
from generators.taxonomy import TYPES

SHOWN = 20


def generate(
    n: Annotated[int | None, typer.Option("--n", help="How many pairs; 1000 unless given.")] = None,
    out: Out = Path("du110k"),
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
    workers: Workers = None,
    device: Annotated[str, typer.Option(help="cpu, or cuda for the batched path.")] = "cpu",
    as_json: Json = False,
) -> None:
    """Make a dataset of degraded photographs, or finish one that was begun."""
    from dubench.cli.generate_run import Wanted, run, tell

    wanted = Wanted(n, out, source, depth, preset, size, seed, manifest, blind, workers, device)
    with resumable(f"finished shards in {out} are safe"):
        made, different = run(wanted)
    if as_json:
        print_json(tell(made, different))
        return
    splits = {**made.recipe.splits}
    if blind:
        del splits["test"]
        splits["blind test"] = made.blind
    counts = ", ".join(f"{count:,} {split}" for split, count in splits.items())
    print(f"{out}: {sum(splits.values()):,} pairs ({counts}), {made.new:,} of them new")
    for split, ids in made.identity.items():
        content, recipe = ids["content_id"][:16], ids["recipe_id"][:16]
        print(f"  {split:10} content_id {content}  recipe_id {recipe}")
    if blind:
        print(f"  the test split's answers are in {out}.answers: keep them to yourself")
    if manifest:
        print(f"  {tell(made, different)['manifest']}")
    raise typer.Exit(1 if different else 0)


def verify(folder: Dataset, workers: Workers = None, as_json: Json = False) -> None:
    """Render every row again and compare; exit code 1 if anything is wrong."""
    from dubench.progress import bar
    from generators.build.verify import verify as audit
    from generators.dataset.recipe import Recipe

    with bar("rows") as shown:
        task = shown.add_task("rows", total=Recipe.read(folder).n, note="")
        found = audit(folder, workers, lambda rows: shown.advance(task, rows))
    if as_json:
        told = {"rows": found.rows, "exact": found.exact, "within_one_level": found.close}
        print_json(told | {"blind_not_rendered": found.blind, "problems": found.problems})
    else:
        print(
            f"{folder}: {found.rows:,} rows; rendered again, {found.exact:,} are the same to the "
            f"byte and {found.close:,} within one level"
        )
        if found.blind:
            print(
                f"  not rendered again: the {found.blind:,} blind test images; whoever holds the "
                "answers verifies their folder"
            )
        for problem in found.problems[:SHOWN]:
            print(f"  ✗ {problem}")
        if len(found.problems) > SHOWN:
            print(f"  … and {len(found.problems) - SHOWN:,} more (--json lists all)")
        print("all good" if found.good else f"{len(found.problems):,} problems")
    raise typer.Exit(0 if found.good else 1)


def manifest(
    folder: Dataset,
    out: Annotated[Path, typer.Option(help="A .parquet file.")] = Path("manifest.parquet"),
) -> None:
    """Write a dataset down without its pixels, to be made again where the photographs are."""
    from generators.dataset.manifest import export

    rows = export(folder, out)
    print(f"{out}: {rows:,} rows, {out.stat().st_size / 1e6:.1f} MB")


def preview(folder: Dataset) -> None:
    """Write a contact sheet and a page of histograms into the dataset's folder."""
    from generators.dataset.preview import preview as show

    made = show(folder)
    print(f"{made.sheet}\n{made.page}")


def degrade(
    photo: Annotated[Path, typer.Argument(help="A photograph of any size.")],
    kind: Annotated[str, typer.Option("--type", help=", ".join(TYPES) + ".")],
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

    made = degrade_file(photo, kind, values, out, preset, seed)
    if as_json:
        print_json({"image": str(made.path), "tuples": made.sample.tuples})
        return
    print(made.path)
    for type_, key, value in made.sample.tuples:
        told = value if isinstance(value, float) else " ".join(f"{entry:g}" for entry in value)
        print(f"  {type_}  {key} = {told}")
