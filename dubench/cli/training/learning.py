"""Train the models that dubench ships, on data of your own, and any Qwen3-VL by examples."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dubench.cli.options import (
    SOURCE,
    Device,
    Json,
    Seed,
    Source,
    Workers,
    print_json,
    resumable,
)
from dubench.duvlm.runs import hold_run, is_first
from generators.errors import InputError
from generators.lock import hold_beside
from generators.typed_json import to_json


def statistics(
    dataset: Annotated[str, typer.Option(help="Folder, Parquet glob or Hub name.")] = "du110k",
    out: Annotated[
        Path | None,
        typer.Option(help="A .safetensors file; statistics-DATASET.safetensors unless given."),
    ] = None,
    seed: Seed = 0,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Train the statistics baseline on a dataset's train split."""
    from dubench.baseline.train import train_statistics

    trained = train_statistics(dataset, out, seed, workers)
    validation = trained.validation
    if as_json:
        print_json({"model": str(trained.path), "validation": validation and validation.to_json()})
        return
    print(f"{trained.path}: use it with --model statistics:{trained.path}")
    if validation:
        print(
            f"  on the {validation.n:,} validation samples: T-Acc {validation.t_acc:.4f}, "
            f"mean P-Rel {validation.p_rel['avg']:.4f}"
        )


def calibration(
    dataset: Annotated[
        list[str],
        typer.Option(
            help="Of photographs not trained on: folder, Parquet glob or Hub name. Ranges are "
            "calibrated on all, the type's probabilities on the first."
        ),
    ],
    out: Annotated[Path, typer.Option(help="A .safetensors file; a folder for nano.")],
    model: Annotated[
        str, typer.Option(help="Preset or file of a statistics model, or nano:FOLDER.")
    ] = "du110k",
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Make a model as sure as it ought to be, on photographs like yours."""
    from dubench.calibrating import train_calibration

    trained = train_calibration(model, dataset, out, workers)
    if as_json:
        print_json({"model": str(out), **to_json(trained)})
        return
    name = "nano" if model.partition(":")[0] == "nano" else "statistics"
    print(f"{out}: use it with --model {name}:{out}")
    print(f"  temperature of the type's logits: {trained.temperature:.2f}")
    print(f"  added to that of none: {trained.none_offset:.2f}")
    for key, (low, high) in trained.levels.items():
        print(f"  {key}: its range lies between the quantiles {low:.3f} and {high:.3f}")


def prior(
    source: Source,
    out: Annotated[Path, typer.Option(help="Folder for the model and its checkpoint.")] = Path(
        "prior"
    ),
    patches: Annotated[int, typer.Option(help="Patches of 48×48 pixels to see.")] = 3_000_000,
    model: Annotated[
        str | None,
        typer.Option(
            help="Go on from a prior, bundled or a folder, whose patches count; a new one is "
            "begun unless given."
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(help="Patches a step; a GPU needs some hundreds to be busy.")
    ] = 24,
    widths: Annotated[
        str | None,
        typer.Option(help="Channels at each resolution, the finest first; 32,64,96,128."),
    ] = None,
    seed: Seed = 0,
    workers: Workers = None,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Train a prior of clean photographs for `dubench restore`; hours on a laptop, resumable."""
    from dubench.ddnm.prior.train import train_prior

    with resumable(f"the last checkpoint in {out} is safe"), hold_beside(out):
        trained = train_prior(
            source, out, patches, model, seed, workers, device, batch, _whole_numbers(widths)
        )
    if as_json:
        print_json({"model": str(trained.path), "patches": patches, "psnr": trained.psnr})
        return
    print(f"{trained.path}: a prior that has seen {patches:,} patches")
    levels = ", ".join(f"σ {level}: {psnr:.2f} dB" for level, psnr in trained.psnr.items())
    print(f"  noise taken off photographs held out, mean PSNR: {levels}")


def sft(
    source: Annotated[list[str] | None, SOURCE] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A Qwen3-VL to fine-tune, a folder or OWNER/NAME on the Hub; nano is trained "
            "unless given."
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="With --model, instead of --source: folder, Parquet glob or Hub name, whose "
            "train split is learnt from."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the model and its checkpoints; nano or du-vlm unless given."),
    ] = None,
    images: Annotated[
        int | None,
        typer.Option(
            help="To see in all: 4,000,000 for nano, each about twenty times; with --model ten "
            "times the dataset, or 1,000,000 fresh crops."
        ),
    ] = None,
    chart_alone: Annotated[
        int | None,
        typer.Option(help="nano: so many of them with the chart alone; a quarter unless given."),
    ] = None,
    views: Annotated[
        str | None,
        typer.Option(
            help="Shown beside the photograph: chart for nano, fft,edges,chart with --model."
        ),
    ] = None,
    delta: Annotated[
        float | None, typer.Option(help="With --model: step of the values' grid; 0.01.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="With --model: photographs at once on a device; 4.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="With --model: train all weights, not adapters.")
    ] = False,
    optimizer: Annotated[
        str | None, typer.Option(help="With --model: adamw, or adamw-8bit (bitsandbytes).")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="With --model: say what would be trained, and in how much memory."
        ),
    ] = False,
    seed: Seed = 0,
    workers: Workers = None,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Train DU-VLM: nano, hours on a laptop, or with --model any Qwen3-VL; resumable."""
    shown = None if views is None else [view for view in views.split(",") if view]
    of_model: dict[str, Any] = {
        "dataset": dataset,
        "delta": delta,
        "batch": batch,
        "full": full or None,
        "optimizer": optimizer,
    }
    given = {name: value for name, value in of_model.items() if value is not None}
    _check_owner(model, given, chart_alone, dry_run)
    if model and dry_run:
        from dubench.duvlm.fine_tuning import reckon

        print_dry_run(model, reckon(model, shown, delta, batch), "photographs", as_json)
        return
    place = out or Path("du-vlm" if model else "nano")
    common: dict[str, Any] = {"seed": seed, "workers": workers, "device": device}
    common |= {"images": images} if images is not None else {}
    common |= {"views": shown} if shown is not None else {}
    with resumable(f"the last checkpoint in {place} is safe"), hold_run(place):
        if model:
            from dubench.duvlm.fine_tuning import fine_tune

            trained = fine_tune(model, place, sources=source or (), **given, **common)
        else:
            from dubench.duvlm.train import train_sft

            trained = train_sft(source or (), place, chart_alone=chart_alone, **common)
    if not is_first():
        return
    if as_json:
        seen = {"images": trained.images, "scores": trained.scores}
        print_json({"model": str(trained.path), **seen})
        return
    print(f"{trained.path}: use it with --model {'duvlm' if model else 'nano'}:{trained.path}")
    for name, scores in trained.scores.items():
        alarms = scores["false_alarms"]
        none = "" if alarms is None else f", false alarms {100 * alarms:.1f} %"
        print(
            f"  {name}, photographs held out: T-Acc {scores['t_acc']:.4f}, mean P-Rel "
            f"{scores['p_rel']['avg']:.4f}{none}"
        )


def _whole_numbers(text: str | None) -> tuple[int, ...] | None:
    """The numbers of `--widths`."""
    try:
        return None if text is None else tuple(map(int, text.split(",")))
    except ValueError:
        raise InputError(f"--widths {text}: write whole numbers, as 32,64,96,128") from None


def _check_owner(
    model: str | None, given: dict[str, Any], chart_alone: int | None, dry_run: bool
) -> None:
    """Raise InputError for an option of the other kind of training."""
    if model and chart_alone is not None:
        raise InputError("--chart-alone is for nano: leave it out, or leave out --model")
    if not model and (given or dry_run):
        flag = next(iter(given), "dry_run").replace("_", "-")
        raise InputError(f"--{flag} is for a model of your choice: name it with --model")


def print_dry_run(model: str, run: Any, what: str, as_json: bool) -> None:
    """Say what training a model would take; `what` a pass has so many of."""
    if as_json:
        print_json(run.to_json())
        return
    print(
        f"{model}: {run.parameters / 1e9:.2f} billion parameters, {run.trained / 1e6:.1f} million "
        f"that learn with adapters, {run.batch} {what} a pass"
    )
    for matrix, count in run.rows.items():
        print(f"  {matrix}: rows of {count} of {run.tokens} new tokens learn")
    for need in run.needs:
        fits = "fits" if need.fits else "does not fit"
        print(f"  {need.gpus:14} {need.way:17} {need.gib:6.1f} GiB of {need.room:.0f}: {fits}")
