"""Train the models that dubench ships, on data of your own."""

from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import Device, Json, Seed, Source, Workers, print_json, resumable
from generators.lock import hold_beside

app = typer.Typer(help="Train a model.")


@app.command()
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


@app.command()
def calibration(
    dataset: Annotated[
        list[str],
        typer.Option(
            help="Of photographs not trained on: folder, Parquet glob or Hub name. Ranges are "
            "calibrated on all, the type's probabilities on the first."
        ),
    ],
    out: Annotated[Path, typer.Option(help="A .safetensors file.")],
    model: Annotated[str, typer.Option(help="Preset or file of a statistics model.")] = "du110k",
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Make a statistics model as sure as it ought to be, on photographs like yours."""
    from dubench.baseline.train.calibrate import train_calibration

    found = train_calibration(model, dataset, out, workers)
    if as_json:
        print_json({"model": str(out), "temperature": found.temperature, "levels": found.levels})
        return
    print(f"{out}: use it with --model statistics:{out}")
    print(f"  temperature of the type's logits: {found.temperature:.2f}")
    for key, (low, high) in found.levels.items():
        print(f"  {key}: its range lies between the quantiles {low:.3f} and {high:.3f}")


@app.command()
def prior(
    source: Source,
    out: Annotated[Path, typer.Option(help="Folder for the model and its checkpoint.")] = Path(
        "prior"
    ),
    patches: Annotated[int, typer.Option(help="Patches of 48×48 pixels to see.")] = 3_000_000,
    seed: Seed = 0,
    workers: Workers = None,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Train a prior of clean photographs for `dubench restore`; hours on a laptop, resumable."""
    from dubench.ddnm.prior.train import train_prior

    with resumable(f"the last checkpoint in {out} is safe"), hold_beside(out):
        trained = train_prior(source, out, patches, seed, workers, device)
    if as_json:
        print_json({"model": str(trained.path), "patches": patches, "psnr": trained.psnr})
        return
    print(f"{trained.path}: a prior that has seen {patches:,} patches")
    levels = ", ".join(f"σ {level}: {psnr:.2f} dB" for level, psnr in trained.psnr.items())
    print(f"  noise taken off photographs held out, mean PSNR: {levels}")


@app.command()
def sft(
    source: Source,
    out: Annotated[
        Path, typer.Option(help="Folder for the model, its checkpoint and its samples.")
    ] = Path("nano"),
    images: Annotated[
        int, typer.Option(help="Degraded crops to see, each about twenty times.")
    ] = 4_000_000,
    chart_alone: Annotated[
        int | None,
        typer.Option(help="So many of them with the chart alone; a quarter unless given."),
    ] = None,
    views: Annotated[
        str, typer.Option(help="Shown beside the photograph: some of fft, edges, chart.")
    ] = "chart",
    seed: Seed = 0,
    workers: Workers = None,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Train nano, the small reference model; hours on a laptop, resumable."""
    from dubench.duvlm.train import train_sft

    with resumable(f"the last checkpoint in {out} is safe"), hold_beside(out):
        trained = train_sft(
            source, out, images, chart_alone, views.split(","), seed, workers, device
        )
    if as_json:
        print_json({"model": str(trained.path), "images": images, "scores": trained.scores})
        return
    print(f"{trained.path}: use it with --model nano:{trained.path}")
    for preset, scores in trained.scores.items():
        alarms = scores["false_alarms"]
        none = "" if alarms is None else f", false alarms {100 * alarms:.1f} %"
        print(
            f"  {preset}, photographs held out: T-Acc {scores['t_acc']:.4f}, mean P-Rel "
            f"{scores['p_rel']['avg']:.4f}{none}"
        )
