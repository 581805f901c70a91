"""Train the models that dubench ships, on data of your own."""

from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import Json, Seed, Workers, print_json

app = typer.Typer(help="Train a model.")


@app.callback()
def _start() -> None:
    """Keep `statistics` a sub-command while it is the only one."""


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
