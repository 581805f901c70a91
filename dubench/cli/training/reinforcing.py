"""Take a trained DU-VLM further: `dubench train grpo` and `dubench train online`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dubench.cli.options import Device, Json, Seed, errors_naming, print_json, resumable
from dubench.cli.training.learning import print_dry_run
from dubench.duvlm.runs import hold_run, is_first

Model = Annotated[
    str, typer.Option(help="nano, nano:FOLDER or duvlm:FOLDER: one that train sft wrote.")
]
Restorer = Annotated[
    str,
    typer.Option(
        help="What restores with an answer: analytic, in batches, or another method of dubench "
        "restore."
    ),
]
Steps = Annotated[int, typer.Option(help="Of the optimizer.")]
Group = Annotated[int, typer.Option(help="Answers to each question, compared with each other.")]
Prompts = Annotated[int, typer.Option(help="Questions in a step.")]


def grpo(
    dataset: Annotated[
        str, typer.Option(help="Folder, Parquet glob or Hub name; its train split is learnt from.")
    ],
    model: Model = "nano",
    out: Annotated[Path, typer.Option(help="Folder for the model and its checkpoints.")] = Path(
        "nano-grpo"
    ),
    reward: Annotated[
        str,
        typer.Option(
            help="structured: −1 unless type and keys are right, else −MSE of the restored "
            "picture; naive: −MSE whatever the type; differentiable: nano learns through the "
            "restorer itself."
        ),
    ] = "structured",
    restorer: Restorer = "analytic",
    value_weight: Annotated[
        float, typer.Option(help="Of the values' mean error, which is taken off the reward.")
    ] = 0.0,
    steps: Steps = 400,
    group: Group = 8,
    prompts: Prompts = 4,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="duvlm: say in how much memory it would be trained.")
    ] = False,
    seed: Seed = 0,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Train on by rewards: answers are judged by the pictures restored with them; resumable."""
    from dubench.duvlm.reinforcement import reckon, train_grpo
    from dubench.duvlm.reinforcement.course import Course

    course = Course(reward, steps, value_weight, group, prompts, seed=seed, device=device)
    if dry_run:
        print_dry_run(model, reckon(model, course), "answers", as_json)
        return
    safe = f"the last checkpoint in {out} is safe"
    with resumable(safe), hold_run(out), errors_naming("--restorer", "--method"):
        trained = train_grpo(model, dataset, out, course, restorer)
    _print(trained, as_json)


def online(
    photographs: Annotated[
        list[Path], typer.Argument(metavar="PHOTO…", help="Files and folders, degraded or not.")
    ],
    model: Model = "nano",
    out: Annotated[Path, typer.Option(help="Folder for the model and its checkpoints.")] = Path(
        "nano-online"
    ),
    metric: Annotated[
        str, typer.Option(help="No-reference quality of the restored picture: brisque or clipiqa.")
    ] = "brisque",
    restorer: Restorer = "analytic",
    steps: Steps = 400,
    group: Group = 8,
    prompts: Prompts = 4,
    seed: Seed = 0,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Train on with photographs nobody knows the truth of, until the reward settles; resumable."""
    from dubench.duvlm.reinforcement import train_online
    from dubench.duvlm.reinforcement.course import Course

    course = Course(metric, steps, 0.0, group, prompts, seed=seed, device=device)
    safe = f"the last checkpoint in {out} is safe"
    with resumable(safe), hold_run(out), errors_naming("--restorer", "--method"):
        trained = train_online(model, photographs, out, course, restorer)
    _print(trained, as_json)


def _print(trained: Any, as_json: bool) -> None:
    if not is_first():
        return
    if as_json:
        print_json({"model": trained.name, "history": trained.history})
        return
    print(f"{trained.path}: use it with --model {trained.name}")
    for note in trained.notes:
        print(f"  {note}")
    if len(trained.history) > 1:
        first, last = trained.history[0], trained.history[-1]
        names = [name for name in SHOWN if name in first and first[name] is not None]
        for name in names:
            print(f"  {SHOWN[name]}, held out: {first[name]:.4g} before, {last[name]:.4g} after")
        if "restoring_seconds" in last:
            share = last["restoring_seconds"] / last["step_time"]
            print(f"  a step took {last['step_time']:.1f} s, {share:.0%} of it restoring")


SHOWN = {
    "t_acc": "T-Acc",
    "p_rel": "mean P-Rel",
    "psnr": "PSNR of what is restored",
    "false_alarms": "false alarms",
}
