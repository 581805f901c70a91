"""Ask a model about every image of a split."""

from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import Json, print_json, resumable


def predict(
    model: Annotated[
        str,
        typer.Option(
            help="constant, statistics[:PRESET or FILE], replay:FILE, or plugin:MODULE:CLASS."
        ),
    ] = "statistics",
    dataset: Annotated[str, typer.Option(help="Folder, Parquet glob or Hub name.")] = "du110k",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    out: Annotated[Path, typer.Option(help="File to write to.")] = Path("preds.jsonl"),
    device: Annotated[str | None, typer.Option(help="cpu, or cuda.")] = None,
    as_json: Json = False,
) -> None:
    """Ask a model about every image of a split, or finish what a run began."""
    from dubench.dataset import open_split
    from dubench.predictions.run import predict as run
    from dubench.predictors import load_predictor
    from dubench.progress import counting

    predictor = load_predictor(model, device=device)
    with resumable(f"what is in {out} is safe"), counting("images") as on_progress:
        summary = run(open_split(dataset, split), predictor, out, on_progress)
    if as_json:
        counts = {"predictions": str(summary.path), "n": summary.n, "new": summary.new}
        print_json(counts | {"latency_s": summary.latency_s})
        return
    speed = f", {1000 * summary.latency_s:.1f} ms an image" if summary.latency_s else ""
    print(
        f"{summary.path}: {summary.n:,} predictions of {predictor.name}, {summary.new:,} new{speed}"
    )
