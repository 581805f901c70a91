"""Prove datasets, look at them, write them down."""

from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import Dataset, Engine, Json, Workers, print_json
from generators.errors import one_line
from generators.files import place_of

_MOST_PROBLEMS = 20


def verify(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a dataset, or its URL.")],
    workers: Workers = None,
    engine: Engine = "local",
    as_json: Json = False,
) -> None:
    """Render every row again and compare; exit code 1 if anything is wrong."""
    from dubench.progress import bar
    from generators.build.verify import verify as run
    from generators.codec import jpeg_codec
    from generators.dataset.info import DatasetInfo

    place = place_of(folder)
    total = DatasetInfo.read(place).recipe.n
    with bar("rows") as progress:
        task = progress.add_task("rows", total=total, note="")
        audit = run(place, workers, lambda rows: progress.advance(task, rows), engine=engine)
    if as_json:
        counts = {"rows": audit.rows, "exact": audit.exact, "within_one_level": audit.close}
        rest = {"blind_not_rendered": audit.blind, "jpeg_codec": audit.codec}
        print_json(counts | rest | {"problems": audit.problems})
    else:
        print(
            f"{folder}: {audit.rows:,} rows; rendered again, {audit.exact:,} are the same to the "
            f"byte and {audit.close:,} within one level"
        )
        if audit.blind:
            print(
                f"  not rendered again: the {audit.blind:,} blind test images; whoever holds the "
                "answers verifies their folder"
            )
        if audit.codec:
            print(
                f"  its JPEG codec was {audit.codec}, the one here is {jpeg_codec()}: what went "
                "through JPEG may come out otherwise"
            )
        for problem in audit.problems[:_MOST_PROBLEMS]:
            print(f"  ✗ {one_line(problem)}")
        if len(audit.problems) > _MOST_PROBLEMS:
            print(f"  … and {len(audit.problems) - _MOST_PROBLEMS:,} more (--json lists all)")
        print("all good" if audit.good else f"{len(audit.problems):,} problems")
    raise typer.Exit(0 if audit.good else 1)


def manifest(
    folder: Dataset,
    out: Annotated[Path, typer.Option(help="A .parquet file.")] = Path("manifest.parquet"),
    with_depth: Annotated[
        bool, typer.Option("--with-depth", help="Carry the depth maps that came with photographs.")
    ] = False,
) -> None:
    """Write a dataset down without its pixels, to be made again where the photographs are."""
    from generators.dataset.manifest import write_manifest

    rows = write_manifest(folder, out, with_depth)
    print(f"{out}: {rows:,} rows, {out.stat().st_size / 1e3:,.0f} kB")


def preview(folder: Dataset) -> None:
    """Write a contact sheet and a page of histograms into the dataset's folder."""
    from generators.dataset.preview import preview as run

    files = run(folder)
    print(f"{files.sheet}\n{files.page}")
