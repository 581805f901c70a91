"""The `dubench` command: every sub-command is a few lines over a function that does the work."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from generators.errors import InputError
from generators.taxonomy import TYPES

app = typer.Typer(
    name="dubench",
    help="Benchmarks of parametric image degradation understanding: make, prove, look.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

INTERRUPTED = 130
SHOWN = 20

Out = Annotated[Path, typer.Option(help="Folder to write to.")]
Seed = Annotated[int, typer.Option(help="Key of every random draw.")]
Preset = Annotated[str, typer.Option(help="Name of a preset, or a .toml file of your own.")]
Workers = Annotated[int | None, typer.Option(help="Processes; as many as cores unless given.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Dataset = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a dataset.")]


def main() -> None:
    """Run the command line; a user's mistake is one line on stderr and exit code 2."""
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], standalone_mode=False))
    except InputError as error:
        sys.exit(_fail(str(error)))
    except Exception as error:
        # What typer raises for a wrong option; its classes' home differs between versions.
        if not hasattr(error, "format_message"):
            raise
        sys.exit(_fail(f"{error.format_message().rstrip('.')}; see --help"))


@app.callback()
def _start() -> None:
    from dubench.environment import check_owners

    check_owners()


@app.command()
def generate(
    n: Annotated[int, typer.Option("--n", help="How many pairs.")] = 1000,
    out: Out = Path("du110k"),
    source: Annotated[
        list[str],
        typer.Option(
            help="Where clean photographs come from: builtin, dead-leaves or folder=PHOTOS, "
            "with @WEIGHT to mix several.",
        ),
    ] = ["builtin"],  # noqa: B006
    preset: Preset = "du110k",
    size: Annotated[int, typer.Option(help="Side of an image in pixels.")] = 256,
    seed: Seed = 0,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Make a dataset of degraded photographs, or finish one that was begun."""
    from dubench.progress import GenerateBar
    from generators import generate as making
    from generators.sources import SourceSpec

    specs = [SourceSpec.parse(text) for text in source]
    try:
        with GenerateBar() as heard:
            made = making.generate(n, out, specs, preset, size, seed, workers, heard)
    except KeyboardInterrupt:
        _fail(f"stopped; finished shards in {out} are safe: run the same command to go on")
        raise typer.Exit(INTERRUPTED) from None
    if made.recipe.n != n:
        _note(f"{n:,} rounded to {made.recipe.n:,}: the same number of every type in every split")
    for kind, reasons in made.left_out.items():
        for reason, names in reasons.items():
            _note(f"{kind}: left out {len(names):,} {reason}, such as {names[0]}")
    if made.redrawn:
        told = ", ".join(f"{count:,} {reason}" for reason, count in made.redrawn.items())
        _note(f"crops drawn again: {told}")
    if as_json:
        _print_json(
            {
                "folder": str(out),
                "n": made.recipe.n,
                "new": made.new,
                "splits": dict(made.recipe.splits),
                "left_out": made.left_out,
                "redrawn": made.redrawn,
                "identity": made.identity,
            }
        )
        return
    counts = ", ".join(f"{count:,} {split}" for split, count in made.recipe.splits.items())
    print(f"{out}: {made.recipe.n:,} pairs ({counts}), {made.new:,} of them new")
    for split, ids in made.identity.items():
        print(
            f"  {split:10} content_id {ids['content_id'][:16]}  recipe_id {ids['recipe_id'][:16]}"
        )


@app.command()
def verify(folder: Dataset, workers: Workers = None, as_json: Json = False) -> None:
    """Render every row again and compare; exit code 1 if anything is wrong."""
    from dubench.progress import bar
    from generators.audit import verify as audit
    from generators.recipe import Recipe

    with bar("rows") as shown:
        task = shown.add_task("rows", total=Recipe.read(folder).n, note="")
        found = audit(folder, workers, lambda rows: shown.advance(task, rows))
    if as_json:
        told = {"rows": found.rows, "exact": found.exact, "within_one_level": found.close}
        _print_json(told | {"problems": found.problems})
    else:
        print(
            f"{folder}: {found.rows:,} rows; rendered again, {found.exact:,} are the same to the "
            f"byte and {found.close:,} within one level"
        )
        for problem in found.problems[:SHOWN]:
            print(f"  ✗ {problem}")
        if len(found.problems) > SHOWN:
            print(f"  … and {len(found.problems) - SHOWN:,} more (--json lists all)")
        print("all good" if found.good else f"{len(found.problems):,} problems")
    raise typer.Exit(0 if found.good else 1)


@app.command()
def preview(folder: Dataset) -> None:
    """Write a contact sheet and a page of histograms into the dataset's folder."""
    from generators.preview import preview as show

    made = show(folder)
    print(f"{made.sheet}\n{made.page}")


@app.command()
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
    from dubench.degrade import degrade_file

    made = degrade_file(photo, kind, values, out, preset, seed)
    if as_json:
        _print_json({"image": str(made.path), "tuples": made.sample.tuples})
        return
    print(made.path)
    for type_, key, value in made.sample.tuples:
        told = value if isinstance(value, float) else " ".join(f"{entry:g}" for entry in value)
        print(f"  {type_}  {key} = {told}")


def _fail(message: str) -> int:
    """Say on stderr, in one line, what is wrong; returns the exit code of bad input."""
    print(f"dubench: {' '.join(message.split())}", file=sys.stderr)
    return 2


def _note(message: str) -> None:
    print(f"note: {message}", file=sys.stderr)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))


if __name__ == "__main__":
    main()
