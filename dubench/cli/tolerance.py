"""What a wrong parameter costs a restoration."""

from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import Device, Json, Seed, Workers, print_json, resumable
from generators.lock import hold_beside


def tolerance(
    dataset: Annotated[str, typer.Option(help="Folder, Parquet glob or Hub name.")] = "du110k",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    method: Annotated[
        str, typer.Option(help="As --method of dubench restore; those without a prior are fast.")
    ] = "pnp",
    prior: Annotated[str | None, typer.Option(help="As --prior of dubench restore.")] = None,
    metrics: Annotated[
        str, typer.Option(help="Of psnr, ssim and lpips (the paper's Figures 6, 10 and 11).")
    ] = "psnr,ssim",
    out: Annotated[Path, typer.Option(help="Folder for all of it.")] = Path("tolerance"),
    seed: Seed = 0,
    workers: Workers = None,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Restore a split with one parameter of each image off, and draw what that costs."""
    from dataclasses import asdict

    from dubench.ddnm.methods import Settings
    from dubench.report.figures import parameter_study
    from dubench.report.figures.tolerance import FIGURES
    from dubench.restoring.tolerance import study

    for name in metrics.split(","):
        if name.strip() not in FIGURES:
            raise typer.BadParameter(f"--metrics {metrics}: choose of {', '.join(FIGURES)}")
    with resumable(f"what is in {out} is safe"), hold_beside(out):
        settings = Settings(prior, device, seed=seed)
        rows = study(dataset, split, method, settings, metrics, out, workers)
    files = parameter_study.write(rows, out)
    table = parameter_study.correlations(rows)
    if as_json:
        print_json(
            {name: {key: asdict(r) for key, r in row.items()} for name, row in table.items()}
        )
        return
    parameter_study.show(table)
    print("\n".join(map(str, files)))
