"""The human pass over a tenth of a dataset, in the browser."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import (
    Dataset,
    Depth,
    Json,
    Seed,
    Source,
    Workers,
    print_json,
    resumable,
    shown,
)


def plan(
    folder: Dataset,
    fraction: Annotated[float, typer.Option(help="Share of the samples to look at.")] = 0.1,
    overlap: Annotated[
        float, typer.Option(help="Share of those that two people see; 0 if you are alone.")
    ] = 0.18,
    seed: Seed = 0,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Choose what people look at, and check it by machine first; writes DIR.review."""
    from annotation_ui.folder import quoted, review_folder, review_of
    from annotation_ui.planning.plan import plan_review
    from dubench.progress import counting
    from generators.typed_json import to_json

    with counting("items") as on_progress:
        counts = plan_review(folder, fraction, seed, overlap, workers, on_progress)
    if as_json:
        print_json({"folder": str(review_folder(folder)), **to_json(counts)})
        return
    splits = ", ".join(f"{count:,} {split}" for split, count in counts.splits.items())
    gold = sum(counts.gold.values())
    print(f"{shown(review_folder(folder))}: {counts.samples:,} samples to look at ({splits})")
    if counts.reviewed:
        print(f"  {counts.reviewed:,} more were reviewed before")
    print(f"  {counts.overlap:,} of them by two reviewers; {gold:,} gold items and", end=" ")
    print(f"{counts.repeats:,} repeats planted")
    for flag, count in counts.flags.items():
        print(f"  flagged by machine: {count:,} {flag}")
    if counts.people > 1:
        print(
            f"  needs {counts.people} people at least; alone, give --overlap 0, or later:", end=" "
        )
        print(f"dubench review overlap {quoted(folder)} 0")
    if there := review_of(folder).accounts.all():
        print(f"  may log in, as before: {', '.join(one.name for one in there)}")
        print(f"next: dubench review serve {quoted(folder)}")
    else:
        print(f"next: dubench review add-reviewer NAME --dataset {quoted(folder)}")


def overlap(
    folder: Dataset,
    share: Annotated[float, typer.Argument(help="Share that two people see; 0 for one person.")],
) -> None:
    """Change how many samples two people look at, at any time; no verdict is lost."""
    from annotation_ui.planning.overlap import change_overlap

    counts = change_overlap(folder, share)
    print(f"{counts.overlap:,} of {counts.samples:,} samples are for two people now")


def serve(
    folder: Dataset,
    host: Annotated[str, typer.Option(help="0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where the browser finds it.")] = 7860,
) -> None:
    """Open the review in the browser, until Ctrl-C."""
    from annotation_ui.web.serve import open_to_others, serve_review

    if open_to_others(host):
        print(
            "plain HTTP to other machines: whoever is on the network between can read passwords; "
            "put a proxy with HTTPS before it, see docs/review.md",
            file=sys.stderr,
        )
    serve_review(folder, host, port, lambda url: print(f"{url}  (Ctrl-C ends it)", flush=True))


def status(folder: Dataset, as_json: Json = False) -> None:
    """How far the review is, and how well reviewers agree; writes a page beside the review."""
    from annotation_ui.figures.status import review_status
    from annotation_ui.figures.status_page import status_html
    from annotation_ui.figures.status_text import status_lines
    from annotation_ui.folder import review_folder, review_of
    from generators.files import write_whole

    standing = review_status(review_of(folder).snapshot())
    target = review_folder(folder) / "status.html"
    write_whole(target, status_html(standing))
    if as_json:
        print_json(standing.to_json())
        return
    print("\n".join(status_lines(standing)))
    print(shown(target))


def finalize(
    folder: Dataset,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write to; DIR-verified unless given, then DIR-verified-r2, …"),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Take it as it is; what nobody judged is unreviewed.")
    ] = False,
    source: Source = ["builtin"],  # noqa: B006
    depth: Depth = "procedural",
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Write the verified dataset: verdicts in, rejected samples replaced."""
    from annotation_ui.finalize import finalize_review
    from annotation_ui.folder import review_of, verified_folder
    from dubench.cli.generate_bar import GenerateBar
    from generators.build.replace import read_replaceable
    from generators.depth.attach import DepthSpec
    from generators.sources.pools import SourceSpec

    review_of(folder)  # what is wrong with the folder is told first
    if out is None:
        before = read_replaceable(folder).review
        out = verified_folder(folder, len(before.rounds) if before else 0)
    sources = [SourceSpec.parse(text) for text in source]
    with resumable(f"finished shards in {out} are safe"), GenerateBar() as progress:
        result = finalize_review(
            folder, out, sources, workers, DepthSpec.parse(depth), progress, partial
        )
    if as_json:
        print_json(
            {"folder": str(out), "replaced": result.replaced, "review": result.review.to_json()}
        )
        return
    print(result.summary)


def export(
    folder: Dataset,
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("events"),
) -> None:
    """Write everything that happened as events.jsonl and events.parquet."""
    from annotation_ui.export import export_events
    from annotation_ui.folder import review_of

    count = export_events(review_of(folder), out)
    print(f"{out}: {count:,} events in events.jsonl and events.parquet")


def backup(
    folder: Dataset,
    out: Annotated[
        Path | None, typer.Option(help="File to write; beside the review, with the time, if none.")
    ] = None,
) -> None:
    """Write all verdicts, accounts and settings into one file, while the server may go on."""
    from datetime import UTC, datetime

    from annotation_ui.folder import quoted, review_folder, review_of

    store = review_of(folder)
    if out is None:
        review = review_folder(folder)
        out = review.with_name(f"{review.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.sqlite")
    count = store.backup(out)
    print(f"{shown(out)}: {count:,} verdicts; to go back to it: dubench review ", end="")
    print(f"restore {quoted(folder)} {quoted(shown(out))}")


def restore(
    folder: Dataset,
    backup: Annotated[Path, typer.Argument(help="File that dubench review backup wrote.")],
) -> None:
    """Let everything be as in a backup again; what was given since is lost."""
    from annotation_ui.folder import review_of

    print(f"{folder}: {review_of(folder).replace_by(backup):,} verdicts, as in {backup}")
