"""Restore photographs, and the images of a dataset's split."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from dubench.cli.options import (
    Device,
    Engine,
    Json,
    Seed,
    Workers,
    errors_naming,
    fail,
    print_json,
    resumable,
)
from generators.errors import InputError
from generators.lock import hold_beside


def restore(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH…", help="Photographs, and folders of them."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Instead of photographs: folder, Parquet glob or Hub name."),
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    params: Annotated[
        str | None,
        typer.Option(
            help="What the degradations are: a model as --model of dubench diagnose takes it; of a "
            "dataset also truth, or a preds.jsonl."
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="identity, pinv, wiener, analytic, bilateral; with a prior pnp, diffpir, ddnm, "
            "ddnm+; or plugin:package.module:Class."
        ),
    ] = "pnp",
    prior: Annotated[
        str | None,
        typer.Option(
            help="Folder of a prior, or a UNet of diffusers by folder or Hub name, instead of the "
            "bundled one."
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="How often the prior is asked, instead of its default."),
    ] = None,
    start: Annotated[
        float | None,
        typer.Option(min=3, help="Noise at the first step, of 255, instead of its default."),
    ] = None,
    samples: Annotated[
        int,
        typer.Option(min=1, help="Pictures drawn whose mean is taken; diffpir, ddnm, ddnm+."),
    ] = 1,
    eta: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of the noise that is drawn anew; ddnm, ddnm+."),
    ] = None,
    travel: Annotated[
        int | None,
        typer.Option(min=1, help="How often each step is taken (time travel); ddnm, ddnm+."),
    ] = None,
    save_steps: Annotated[
        bool,
        typer.Option("--save-steps", help="Also write each picture's estimates as a strip."),
    ] = False,
    scalars: Annotated[
        bool,
        typer.Option("--scalars", help="With truth: the keys' values alone, no map of the haze."),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Restore photographs in spite of doubts.")
    ] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Also write a page with before and after.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("restored"),
    seed: Seed = 0,
    engine: Engine = "local",
    workers: Workers = None,
    device: Device = "cpu",
    dtype: Annotated[
        str, typer.Option(help="Of the prior on a GPU: float32, bfloat16 or float16.")
    ] = "float32",
    as_json: Json = False,
) -> None:
    """Restore photographs, or the images of a split; or finish what a run began."""
    from dubench.ddnm.methods import Settings, identity
    from dubench.restoring.split import restore_split
    from dubench.restoring.work import opened
    from generators.engines import check as check_engine

    settings = Settings(prior, device, dtype, seed, steps, start, samples, eta, travel)
    run = identity(method, settings)
    check_engine(engine, workers)
    if paths:
        of_datasets = {
            "--dataset": dataset is not None,
            "--engine": engine != "local",
            "--workers": workers is not None,
            "--scalars": scalars,
        }
        for option, given in of_datasets.items():
            if given:
                raise InputError(f"{option} is not for photographs: drop it, or {paths[0]}")
        way, strips = opened(method, settings, save_steps)
        _photographs(paths, params, way, strips, out, run, force, compare, as_json)
        return
    if dataset is None:
        raise InputError("name photographs, folders of them, or a --dataset")
    if force or compare:
        raise InputError("--force and --compare are for photographs: name some")
    if engine == "local":
        opened(method, settings, save_steps)  # a mistake is named before anything is written
    restore_rows = partial(
        restore_split,
        method=method,
        settings=settings,
        scalars=scalars,
        save_steps=save_steps,
        engine=engine,
        workers=workers,
    )
    _split(dataset, split, params or "statistics", restore_rows, engine, out, run, scalars, as_json)


def _photographs(
    paths: list[Path],
    params: str | None,
    way: Any,
    strips: Any,
    out: Path,
    run: Mapping[str, Any],
    force: bool,
    compare: bool,
    as_json: bool,
) -> None:
    from dubench.diagnosing import open_model
    from dubench.progress import counting
    from dubench.restoring.compare import write_page
    from dubench.restoring.photographs import MODEL, restore_photographs
    from dubench.restoring.report import REPORT
    from dubench.restoring.split import TRUTH
    from dubench.restoring.terminal import show
    from generators.typed_json import to_json

    if params == TRUTH:
        raise InputError(f"--params {TRUTH} is of a --dataset: name a model, or drop it")
    name = params or MODEL
    with errors_naming("--params", "--model"):
        model = open_model(name)
    done, failed = [], False
    with resumable(f"what is in {out} is safe"), hold_beside(out), counting("tiles") as on_progress:
        for result in restore_photographs(
            paths,
            model,
            way,
            out,
            {"params": name, **run},
            force=force,
            steps=strips,
            on_progress=on_progress,
        ):
            if isinstance(result, str):
                failed = True
                fail(result)
            else:
                done.append(result)
    page = write_page(out, done) if compare and done else None
    if as_json:
        print_json(to_json(done))
    elif done:
        show(done)
        restored = sum(one.restored for one in done)
        rest = ", the rest copied" if restored < len(done) else ""
        print(f"{out}: {restored} of {len(done)} restored{rest}; see {REPORT} in it")
        if page:
            print(f"  before and after: {page}")
        if any(one.doubt and not one.restored and one.type != "none" for one in done):
            print("  to undo what was found in spite of doubts: --force, with another --out")
    raise typer.Exit(2 if failed else 0)


def _split(
    dataset: str,
    split: str,
    params: str,
    restore_rows: Callable[..., Any],
    engine: str,
    out: Path,
    run: Mapping[str, Any],
    scalars: bool,
    as_json: bool,
) -> None:
    from dubench.dataset import open_split
    from dubench.predictions.file import read
    from dubench.predictions.on_ray import predict_on_ray
    from dubench.predictions.run import predict
    from dubench.predictors import load_predictor
    from dubench.progress import counting
    from dubench.restoring.split import PREDICTIONS, TRUTH, begin
    from generators.engines.on_ray import connected

    opened = open_split(dataset, split)
    keys = opened.preset.keys if opened.preset else None
    cluster = connected() if engine == "ray" else nullcontext()
    with resumable(f"what is in {out} is safe"), hold_beside(out), cluster:
        # A mistake is named before anything is written; a cluster's workers open a model.
        sha256 = model = None
        asked = params != TRUTH and not Path(params).is_file()
        if params == TRUTH:
            opened.ground_truth()
        elif not asked:
            sha256 = read(Path(params), opened.ids).sha256
        elif engine == "local":
            with errors_naming("--params", "--model"):
                model = load_predictor(params, keys)
        about = {"params": params, "params_sha256": sha256, **run, "scalars": scalars}
        begin(out, opened, about)
        if asked:
            file = out / PREDICTIONS  # whose first line says which model it was
            with counting("images") as on_progress, errors_naming("--params", "--model"):
                if model:
                    predict(opened, model, file, on_progress)
                else:
                    predict_on_ray(opened, params, file, on_progress, keys=keys)
            params = str(file)
        with counting("restored images") as on_progress:
            result = restore_rows(opened, params, out=out, on_progress=on_progress)
    if as_json:
        print_json({"folder": str(out), "n": result.n, "new": result.new, "left": result.left})
        return
    print(f"{out}: {result.n:,} restored images, {result.new:,} new")
    if result.left:
        print(f"  {result.left:,} of the new were left as they are: nothing known to undo")
    preds = "PREDS" if params == TRUTH else params
    print(f"  score them: dubench score {preds} --dataset {dataset} --restored {out}")
