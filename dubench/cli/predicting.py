"""Ask a model about every image of a split."""

import json
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Annotated, Any

import typer

from dubench.cli.options import Engine, Json, note, print_json, resumable
from dubench.text import brief
from generators.errors import InputError

_ASKED = "Vision language models: hf and openai"
_HF = "hf and clip: models in memory"
_OPENAI = "openai alone"


def predict(
    model: Annotated[
        str,
        typer.Option(
            help="constant, statistics[:PRESET or FILE], nano[:FOLDER], hf:ID_OR_PATH, "
            "openai:MODEL@BASE_URL, clip:ID_OR_PATH, plugin:MODULE:CLASS or replay:FILE."
        ),
    ] = "statistics",
    dataset: Annotated[str, typer.Option(help="Folder, Parquet glob or Hub name.")] = "du110k",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    out: Annotated[Path, typer.Option(help="File to write to.")] = Path("preds.jsonl"),
    engine: Engine = "local",
    as_json: Json = False,
    prompt: Annotated[
        Path | None,
        typer.Option(help="Text file with a question of your own.", rich_help_panel=_ASKED),
    ] = None,
    views: Annotated[
        str | None,
        typer.Option(
            help="Computed pictures to show beside each image: of fft, edges, chart; or nano, for "
            "the pictures that nano takes.",
            rich_help_panel=_ASKED,
        ),
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
        typer.Option(min=1, help="Images at once; 8 unless given, clip 32.", rich_help_panel=_HF),
    ] = None,
    trust_remote_code: Annotated[
        bool,
        typer.Option(
            "--trust-remote-code",
            help="Run code that comes with the model, and read weights that are not safetensors.",
            rich_help_panel=_HF,
        ),
    ] = False,
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1, help="Requests under way at once; 8 unless given.", rich_help_panel=_OPENAI
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.01, help="Most requests per minute.", rich_help_panel=_OPENAI),
    ] = None,
    request: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help='Further fields of the request, as {"seed": 1}; null leaves one out.',
            rich_help_panel=_OPENAI,
        ),
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(
            metavar="IN,OUT",
            help="US dollars per million tokens, to record the cost.",
            rich_help_panel=_OPENAI,
        ),
    ] = None,
) -> None:
    """Ask a model about every image of a split, or finish what a run began."""
    from dubench.dataset import open_split
    from dubench.predictions.run import predict as run
    from dubench.predictors import Options, load_predictor
    from dubench.progress import counting
    from generators.engines import check as check_engine

    check_engine(engine, None)
    images = open_split(dataset, split)
    keys = images.preset.keys if images.preset else None
    options: Options = {
        "device": device,
        "prompt": prompt,
        "views": views.split(",") if views is not None else None,
        "max_tokens": max_tokens,
        "anyway": anyway or None,
        "batch": batch,
        "dtype": dtype,
        "trust_remote_code": trust_remote_code or None,
        "concurrency": concurrency,
        "rate": rate,
        "request": _fields(request),
        "price": _prices(price),
    }
    with resumable(f"what is in {out} is safe"), counting("images") as on_progress:
        if engine == "ray":
            from dubench.predictions.on_ray import predict_on_ray

            summary = predict_on_ray(images, model, out, on_progress, keys=keys, **options)
        else:
            summary = run(images, load_predictor(model, keys, **options), out, on_progress)
    for line in summary.notes:
        note(line)
    if as_json:
        counts = {"predictions": str(summary.path), "n": summary.n, "new": summary.new}
        counts |= {"unreadable": summary.unreadable, "usage": dict(summary.usage)}
        print_json(counts | {"latency_s": summary.latency_s})
        return
    speed = f", {1000 * summary.latency_s:.1f} ms an image" if summary.latency_s else ""
    print(
        f"{summary.path}: {summary.n:,} predictions of {summary.model}, {summary.new:,} new{speed}"
    )
    if summary.usage:
        print("  " + ", ".join(f"{name} {amount:,}" for name, amount in summary.usage.items()))


def _fields(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    with suppress(ValueError):
        fields = json.loads(text)
        if isinstance(fields, dict):
            return fields
    raise InputError(f"--request {brief(text)} is not a JSON object, such as '{{\"seed\": 1}}'")


def _prices(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    with suppress(ValueError):
        price_in, price_out = map(float, text.split(","))
        if 0 <= price_in < inf and 0 <= price_out < inf:
            return price_in, price_out
    raise InputError(f"--price {brief(text)}: give dollars per million tokens as IN,OUT: 2.5,10")
