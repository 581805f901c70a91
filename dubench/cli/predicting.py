"""Ask a model about every image of a split."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import Json, print_json, resumable

_ASKED = "Vision language models: hf"
_HF = "hf alone"


def predict(
    model: Annotated[
        str,
        typer.Option(
            help="constant, statistics[:PRESET or FILE], hf:ID_OR_PATH, plugin:MODULE:CLASS or "
            "replay:FILE."
        ),
    ] = "statistics",
    dataset: Annotated[str, typer.Option(help="Folder, Parquet glob or Hub name.")] = "du110k",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    out: Annotated[Path, typer.Option(help="File to write to.")] = Path("preds.jsonl"),
    as_json: Json = False,
    prompt: Annotated[
        Path | None,
        typer.Option(help="Text file with a question of your own.", rich_help_panel=_ASKED),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="Longest answer; 1024 unless given.", rich_help_panel=_ASKED),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway",
            help="Ask without showing two plain colours first.",
            rich_help_panel=_ASKED,
        ),
    ] = False,
    device: Annotated[
        str | None, typer.Option(help="cpu, unless given, or cuda.", rich_help_panel=_HF)
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="float32, bfloat16, float16; that of the file unless given.", rich_help_panel=_HF
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(min=1, help="Images at once; 8 unless given.", rich_help_panel=_HF),
    ] = None,
    trust_remote_code: Annotated[
        bool,
        typer.Option(
            "--trust-remote-code",
            help="Run code that comes with the model, and read weights that are not safetensors.",
            rich_help_panel=_HF,
        ),
    ] = False,
) -> None:
    """Ask a model about every image of a split, or finish what a run began."""
    from dubench.dataset import open_split
    from dubench.predictions.run import predict as run
    from dubench.predictors import load_predictor
    from dubench.progress import counting

    predictor = load_predictor(
        model,
        device=device,
        prompt=prompt,
        max_tokens=max_tokens,
        anyway=anyway or None,
        batch=batch,
        dtype=dtype,
        trust_remote_code=trust_remote_code or None,
    )
    with resumable(f"what is in {out} is safe"), counting("images") as on_progress:
        summary = run(open_split(dataset, split), predictor, out, on_progress)
    for note in summary.notes:
        print(f"note: {note}", file=sys.stderr)
    if as_json:
        counts = {"predictions": str(summary.path), "n": summary.n, "new": summary.new}
        print_json(counts | {"latency_s": summary.latency_s, "unreadable": summary.unreadable})
        return
    speed = f", {1000 * summary.latency_s:.1f} ms an image" if summary.latency_s else ""
    print(
        f"{summary.path}: {summary.n:,} predictions of {predictor.name}, {summary.new:,} new{speed}"
    )
