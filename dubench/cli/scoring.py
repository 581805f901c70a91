"""Score predictions, compare and report scores."""

from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import (
    Device,
    Json,
    ScoredDataset,
    ScoredSplit,
    Seed,
    print_json,
)
from generators.errors import InputError

Contender = Annotated[Path, typer.Argument(help="A score.json, or a preds.jsonl.")]


def score(
    predictions: Annotated[
        Path | None, typer.Argument(metavar="PREDS", help="A preds.jsonl file.")
    ] = None,
    dataset: ScoredDataset = None,
    split: ScoredSplit = None,
    real: Annotated[
        Path | None,
        typer.Option(help="Instead of PREDS: a folder of photographs without a truth."),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help="Of restored images: psnr, ssim, lpips, niqe, brisque, clipiqa with commas; "
            "default (the first four), paper (all) or auto (what works here)."
        ),
    ] = None,
    restored: Annotated[
        Path | None,
        typer.Option(help="Folder of restored images, named ID.png, or as those of --real."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write to; score.json unless given.")
    ] = None,
    seed: Seed = 0,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Score predictions: the paper's tables, with intervals, baselines and a signature."""
    if (real is None) == (predictions is None):
        raise typer.BadParameter("give either PREDS or --real")
    if real is not None:
        of_predictions = {
            "--dataset": dataset is not None,
            "--split": split is not None,
            "--out": out is not None,
            "--seed": seed != 0,
        }
        for option, given in of_predictions.items():
            if given:
                raise InputError(f"{option} is not for --real: drop it")
        _real(real, restored, metrics, device, as_json)
        return
    assert predictions is not None
    from dubench.progress import counting
    from dubench.report.terminal import show
    from dubench.scoring.score import score as run
    from dubench.scoring.score_files import check_out, write_score

    out = out or Path("score.json")
    check_out(out, predictions)
    with counting("restored images") as on_progress:
        scored = run(
            predictions,
            dataset,
            split,
            metrics=metrics,
            restored=restored,
            seed=seed,
            device=device,
            on_progress=on_progress,
        )
    result = write_score(out, scored)
    if as_json:
        print_json(result.to_json())
        return
    show(result)
    print(f"written: {out} and {result.per_sample} beside it")


def _real(
    folder: Path, restored: Path | None, metrics: str | None, device: str, as_json: bool
) -> None:
    from dubench.progress import counting
    from dubench.report.real import show
    from dubench.scoring.restored.real import score_real
    from generators.typed_json import to_json

    with counting("photographs") as on_progress:
        result = score_real(folder, restored, metrics, device, on_progress)
    if as_json:
        print_json(to_json(result))
    else:
        show(result)


def compare(
    a: Contender,
    b: Contender,
    dataset: ScoredDataset = None,
    split: ScoredSplit = None,
    fail_if_worse: Annotated[
        bool, typer.Option("--fail-if-worse", help="Exit code 1 if B is really worse than A.")
    ] = False,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Say whether B is really better than A: paired differences with intervals."""
    from dataclasses import asdict

    from dubench.report.comparison import show
    from dubench.scoring.compare import compare as run
    from dubench.scoring.compare import load_score

    comparison = run(load_score(a, dataset, split), load_score(b, dataset, split), seed)
    if as_json:
        print_json(asdict(comparison))
    else:
        show(comparison)
    raise typer.Exit(1 if fail_if_worse and comparison.worse else 0)


def report(
    scores: Annotated[list[Path], typer.Argument(help="score.json files of one dataset.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("report"),
    radar: Annotated[
        bool,
        typer.Option("--radar", help="Scores by type as the paper's radar, without intervals."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a paper's tables and figures, and one page with all of them."""
    from dubench.progress import counting
    from dubench.report.report import write_report

    with counting("figures") as on_progress:
        files = write_report(scores, out, on_progress, as_radar=radar)
    if as_json:
        print_json([str(path) for path in files])
        return
    print(f"{files[0]}\n{len(files) - 1} tables and figures beside it")
