"""Restore the images of a dataset's split."""

from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import Device, Json, Seed, print_json, resumable


def restore(
    dataset: Annotated[str, typer.Option(help="Folder, Parquet glob or Hub name.")] = "du110k",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    params: Annotated[
        str,
        typer.Option(
            help="What the degradations are: truth, a preds.jsonl, or a model as --model of "
            "dubench predict takes it."
        ),
    ] = "statistics",
    method: Annotated[
        str,
        typer.Option(
            help="identity, pinv, wiener, analytic, bilateral; with a prior pnp, diffpir, ddnm, "
            "ddnm+."
        ),
    ] = "bilateral",
    prior: Annotated[
        str | None,
        typer.Option(help="Folder of a prior, or a UNet of diffusers by folder or Hub name."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="How often the prior is asked, instead of its default."),
    ] = None,
    scalars: Annotated[
        bool,
        typer.Option("--scalars", help="With truth: the keys' values alone, no map of the haze."),
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for ID.png.")] = Path("restored"),
    seed: Seed = 0,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Restore the images of a split, for dubench score --restored, or finish what a run began."""
    from dubench.dataset import open_split
    from dubench.ddnm.methods import open_method
    from dubench.predictions.run import predict
    from dubench.predictors import load_predictor
    from dubench.progress import counting
    from dubench.restoring import PREDICTIONS, TRUTH, begin, restore_split

    way = open_method(method, prior, device, seed, steps)
    opened = open_split(dataset, split)
    run = {"params": params, "method": method, "prior": prior, "steps": steps, "seed": seed}
    begin(out, opened, run | {"scalars": scalars})
    with resumable(f"what is in {out} is safe"):
        if params != TRUTH and not Path(params).is_file():
            with counting("images") as on_progress:
                keys = opened.preset.keys if opened.preset else None
                predict(opened, load_predictor(params, keys), out / PREDICTIONS, on_progress)
            params = str(out / PREDICTIONS)
        with counting("restored images") as on_progress:
            result = restore_split(
                opened, params, way, out, scalars=scalars, on_progress=on_progress
            )
    if as_json:
        print_json({"folder": str(out), "n": result.n, "new": result.new, "left": result.left})
        return
    print(f"{out}: {result.n:,} restored images, {result.new:,} new")
    if result.left:
        print(f"  {result.left:,} of the new were left as they are: nothing known to undo")
    print(f"  score them: dubench score PREDS --dataset {dataset} --restored {out}")
