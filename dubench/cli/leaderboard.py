"""A board of scores: submissions, ranks and pages."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import (
    Depth,
    Json,
    Preset,
    Source,
    Workers,
    fail,
    print_json,
    resumable,
    shown,
)

app = typer.Typer(help="Host a board: submissions that can be checked, ranks with intervals.")

Board = Annotated[Path, typer.Argument(metavar="BOARD", help="Folder of the board.")]
BoardOption = Annotated[Path, typer.Option("--board", help="Folder of the board.")]
Data = Annotated[
    str | None,
    typer.Option("--dataset", help="Where the epoch's data are, if not where the board says."),
]


@app.command()
def epoch(
    folder: Board,
    title: Annotated[
        str | None, typer.Option(help="Of a new board; Degradation understanding unless given.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Rank on this dataset; a blind one is drawn unless given."),
    ] = None,
    split: Annotated[str, typer.Option(help="Of --dataset.")] = "test",
    metrics: Annotated[
        str, typer.Option(help="Of restored images, as in dubench score.")
    ] = "psnr,ssim",
    n: Annotated[int, typer.Option(help="Samples of the drawn test.")] = 3000,
    source: Source = ["builtin"],  # noqa: B006
    depth: Depth = "procedural",
    preset: Preset = "du110k",
    size: Annotated[int, typer.Option(help="Side of an image in pixels.")] = 256,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Open an epoch: make the board if need be, and draw a new blind test from a secret seed."""
    from dubench.cli.generate_bar import GenerateBar
    from dubench.progress import counting
    from generators.depth.attach import DepthSpec
    from generators.sources.pools import SourceSpec
    from generators.typed_json import to_json
    from leaderboard.intake.epochs import Drawn, begin_epoch, draw, finish_epoch, unfinished

    opened = unfinished(folder)
    public = None
    with resumable(f"what is in {folder} is safe"):
        if opened is None:
            if dataset is None:
                wanted = Drawn(n, [SourceSpec.parse(text) for text in source], preset, size,
                               DepthSpec.parse(depth))  # fmt: skip
                with GenerateBar() as progress:
                    public, dataset = draw(folder, title, wanted, workers, progress)
            opened = begin_epoch(folder, title, dataset, split, metrics)
        with counting("baseline predictions") as on_progress:
            finish_epoch(folder, opened, on_progress)
    if as_json:
        print_json(to_json(opened))
        return
    what = "blind" if opened.blind else "answers public"
    print(f"{folder}: epoch {opened.number} is open, {opened.n:,} samples, {what}")
    if public and dataset:
        print(f"  publish {shown(public)} for submitters; keep {shown(Path(dataset))} to yourself")
    print(f"next: dubench leaderboard add PREDS --card card.yaml --board {folder}")


@app.command()
def add(
    predictions: Annotated[
        Path, typer.Argument(metavar="PREDS", help="preds.jsonl or .jsonl.gz; or a score.json.")
    ],
    card: Annotated[Path, typer.Option(help="The model's card, in YAML; --dry-run shows one.")],
    board: BoardOption,
    restored: Annotated[
        Path | None, typer.Option(help="Parquet file of restored images: id, image.")
    ] = None,
    dataset: Data = None,
    supersede: Annotated[
        bool, typer.Option("--supersede", help="Take the place of the same model's submission.")
    ] = False,
    reproduced: Annotated[
        bool, typer.Option("--reproduced", help="You, the host, ran the model.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what the submission lacks; add nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add a submission: everything is computed again from its predictions."""
    from dubench.progress import counting
    from dubench.report.terminal import show
    from leaderboard.intake.add import Request, lacking
    from leaderboard.intake.add import add as run
    from leaderboard.stored.card import EXAMPLE

    request = Request(predictions, card, restored, reproduced, supersede)
    if dry_run:
        wrong, scored = lacking(board, request, dataset)
        if as_json:
            print_json({"lacks": wrong, "score": scored.result.to_json() if scored else None})
        else:
            if scored:
                show(scored.result)
            elif not wrong:
                print("the scores of a blind epoch are shown once a submission is added")
            print("\n".join(f"lacks: {line}" for line in wrong) or "nothing is missing")
            if any("is missing" in line for line in wrong):
                print(f"a card, as an example:\n\n{EXAMPLE}")
        raise typer.Exit(1 if wrong else 0)
    with counting("restored images") as on_progress:
        entry = run(board, request, dataset, on_progress)
    if as_json:
        print_json(entry.result.to_json())
        return
    show(entry.result)
    for note in entry.submission.notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"added: {entry.folder} ({entry.submission.status})")


@app.command()
def check(folder: Board, dataset: Data = None, as_json: Json = False) -> None:
    """Compute everything again; exit code 1 if anything differs from what is stored."""
    from dubench.progress import counting
    from generators.typed_json import to_json
    from leaderboard.intake.check import check as run

    with counting("submissions") as on_progress:
        checked = run(folder, dataset, on_progress)
    if as_json:
        print_json(to_json(checked))
        raise typer.Exit(0 if checked.good else 1)
    for line in checked.not_repeated:
        print(f"not repeated: {line}")
    for line in checked.differences:
        fail(line)
    print(
        f"{checked.submissions} submissions, {checked.recomputed} of them scored again: "
        + ("all as stored" if checked.good else f"{len(checked.differences)} differences")
    )
    raise typer.Exit(0 if checked.good else 1)


@app.command()
def build(
    folder: Board,
    out: Annotated[Path | None, typer.Option(help="BOARD/site unless given.")] = None,
    pictures: Annotated[
        bool, typer.Option(help="Show degraded images of ten samples of each model.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Write the board's pages for any static host, and its tables as CSV, JSON and LaTeX."""
    from dubench.progress import counting
    from leaderboard.site import build as run

    with counting("pages of models") as on_progress:
        page = run(folder, out or folder / "site", pictures=pictures, on_progress=on_progress)
    if as_json:
        print_json({"page": str(page)})
        return
    print(page)


@app.command()
def export(
    folder: Board,
    out: Annotated[Path, typer.Option(help="New folder to write to.")],
    form: Annotated[
        str, typer.Option("--format", help="eee: Every Eval Ever; hub: eval.yaml, .eval_results.")
    ] = "eee",
    number: Annotated[
        int | None, typer.Option("--epoch", help="The open one unless given.")
    ] = None,
    hub_dataset: Annotated[
        str | None, typer.Option(help="For hub: OWNER/NAME of the dataset there.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="For hub: address of the board.")] = None,
    as_json: Json = False,
) -> None:
    """Write scores in the exchange formats of the field."""
    from leaderboard.exchange.exports import export as run

    if form not in ("eee", "hub"):
        raise typer.BadParameter("--format is eee or hub")
    files = run(folder, out, "eee" if form == "eee" else "hub", number, hub_dataset, url)
    if as_json:
        print_json([str(path) for path in files])
        return
    print(f"{out}: {len(files)} files")


@app.command()
def serve(
    folder: Board,
    host: Annotated[str, typer.Option(help="0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where the browser finds it.")] = 7860,
) -> None:
    """Show the board in the browser with a form for submissions, until Ctrl-C."""
    from leaderboard.app import serve as run

    run(folder, host, port, lambda url: print(f"{url}  (Ctrl-C ends it)", flush=True))
