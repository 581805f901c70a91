"""Take DU-VLM further by rewards: `dubench train grpo` and `dubench train online`.

Answers are rewarded by the pictures restored with them.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dubench.duvlm.reinforcement.course import Course
from dubench.duvlm.runs import (
    CHECKPOINTS,
    RUN,
    check_same_run,
    identity_text,
    is_first,
    open_device,
    quiet,
)
from dubench.packages import check_training
from dubench.progress import counting
from generators.errors import InputError
from generators.files import write_whole

if TYPE_CHECKING:
    from dubench.duvlm.fine_tuning.memory import DryRun
    from dubench.duvlm.reinforcement.policies import Policy
    from dubench.duvlm.reinforcement.restoring import Restorer

DIFFERENTIABLE = "differentiable"
HELD = 300
"""Pairs of the validation split that are scored, at most."""


@dataclass(frozen=True)
class Reinforced:
    """A model and how it does.

    Attributes:
        path: its folder.
        name: as `--model` takes it.
        history: scores, before the first step and after every few.
        notes: what else happened.
    """

    path: Path
    name: str
    history: list[dict[str, Any]]
    notes: tuple[str, ...] = ()


def train_grpo(
    model: str, dataset: str, out: Path, course: Course, restorer: str = "analytic"
) -> Reinforced:
    """Train a model by what its answers restore, show a bar on stderr, and write it to `out`.

    A run that was stopped goes on where its last checkpoint is.

    Args:
        model: `nano`, `nano:FOLDER` or `duvlm:FOLDER`; one that was trained by examples.
        dataset: whose train split is learnt from: folder, Parquet glob or Hub name.
        out: gets the model, history.json, curves.png and checkpoints.
        course: how; its `nano` is set here. `differentiable` is for nano alone.
        restorer: `analytic`, in batches, or another method of `dubench restore`.

    Raises:
        InputError: a package is missing; model, dataset or an argument is not what it should be;
            `out` is the model's folder or holds another run; the disk is full, or the loss is no
            longer a number.
    """
    check_training("torch", "torchvision", "transformers", "trl", "peft", "datasets")
    _check(course, restorer)
    from dubench.duvlm.reinforcement.held import evaluate
    from dubench.duvlm.reinforcement.pairs import Pairs
    from dubench.duvlm.reinforcement.policies import OfNano, folder_of, open_policy
    from dubench.training import check_apart

    check_apart(out, folder_of(model))
    open_device(course.device)
    quiet()
    policy = open_policy(model, course.device)
    course = replace(course, nano=isinstance(policy, OfNano))
    if course.reward == DIFFERENTIABLE and not course.nano:
        raise InputError(f"--reward {DIFFERENTIABLE} is for nano alone; choose another")
    pairs = Pairs(dataset)
    _check_ranges(policy, pairs.ranges, dataset)
    held = _held(dataset)
    behind = _restorer(restorer, course.device)

    def on_evaluate(current: Any) -> dict[str, Any]:
        if not held:
            return {}
        vocabulary = policy.notes.vocabulary
        return asdict(evaluate(lambda images: policy.believe(current, images), vocabulary, held))

    identity = {"model": model, "data": pairs.identity, "restorer": restorer, **asdict(course)}
    begin(out, identity)
    with counting("steps") as on_progress:
        if course.reward == DIFFERENTIABLE:
            assert isinstance(policy, OfNano)
            from dubench.duvlm.reinforcement import joint

            trained, history = joint.train(policy, pairs, course, out, on_progress, on_evaluate)
        else:
            from dubench.duvlm.reinforcement import grpo

            reward = grpo.RestoredReward(course, policy, behind)
            questions = grpo.of_pairs(policy, pairs)
            trained, history = grpo.train(
                course, policy, reward, questions, out / CHECKPOINTS, on_progress, on_evaluate
            )
    return finish(policy, trained, out, identity, history)


def reckon(model: str, course: Course) -> "DryRun":
    """What training a large model by rewards would take.

    Args:
        model: `duvlm:FOLDER`; or, before there is one, what it will be trained from, a folder or
            OWNER/NAME on the Hub.
        course: how many answers a step has.

    Raises:
        InputError: a package is missing, or the model is no Qwen3-VL.
    """
    check_training("torch", "torchvision", "transformers", "peft")
    _check_numbers(course)
    from dubench.duvlm.fine_tuning.memory import dry_run_of_rewards
    from dubench.duvlm.model.files import NOTES, Notes, read_notes
    from dubench.duvlm.views import PHOTOGRAPH, VIEWS

    if model.partition(":")[0] == "nano":
        raise InputError("--dry-run is for duvlm:FOLDER: nano takes less than 2 GB")
    quiet()
    where = model.removeprefix("duvlm:")
    trained = (Path(where).expanduser() / NOTES).is_file()
    notes = read_notes(Path(where).expanduser()) if trained else Notes(views=(PHOTOGRAPH, *VIEWS))
    answers = course.prompts * course.group
    return dry_run_of_rewards(where, notes.vocabulary, notes.views[1:], answers)


def train_online(
    model: str, photographs: Sequence[Path], out: Path, course: Course, restorer: str = "analytic"
) -> Reinforced:
    """Train a model on photographs without a truth, by how good the restored ones look.

    It stops when the running mean of the reward settles, after `course.steps`, or when the model
    begins to call undegraded photographs degraded; then it gets its last good weights back. A run
    that was killed goes on where its last checkpoint is.

    Args:
        model: as `train_grpo`.
        photographs: files and folders; the middle 256 × 256 pixels of each are shown.
        out: as `train_grpo`.
        course: how; its `reward` is the metric, `brisque` or `clipiqa`.
        restorer: as `train_grpo`.

    Raises:
        InputError: as `train_grpo`, or a photograph is damaged, or none has 256 pixels a side, or
            the metric's weights cannot be had.
    """
    check_training("torch", "torchvision", "transformers", "trl", "peft", "datasets")
    _check_numbers(course)
    from dubench.duvlm.reinforcement import grpo, online
    from dubench.duvlm.reinforcement.policies import OfNano, folder_of, open_policy
    from dubench.training import check_apart

    check_apart(out, folder_of(model))
    open_device(course.device)
    quiet()
    quality = online.open_quality(course.reward, course.device)
    policy = open_policy(model, course.device)
    course = replace(course, nano=isinstance(policy, OfNano))
    pictures = online.open_pictures(photographs)
    reward = online.QualityReward(policy, _restorer(restorer, course.device), quality)
    checkpoints = out / CHECKPOINTS
    guard = online.Guard(policy.believe, online.undegraded(), checkpoints / online.GOOD)
    photos = pictures.identity
    identity = {"model": model, "photographs": photos, "restorer": restorer, **asdict(course)}
    begin(out, identity)
    if last := grpo.last_checkpoint(checkpoints):
        guard.resume(grpo.history_of(last))
    questions = grpo.questions(
        policy, len(pictures), pictures.__getitem__, lambda n: {"picture": pictures[n]}
    )
    with counting("steps") as on_progress:
        trained, history = grpo.train(
            course, policy, reward, questions, checkpoints, on_progress, guard.check,
            lambda rewards: guard.tripped or online.settled(rewards),
        )  # fmt: skip
    notes: tuple[str, ...] = ()
    if guard.tripped:
        notes = (
            "stopped: it began to call undegraded photographs degraded; these are its last good "
            "weights",
        )
    elif history[-1]["step"] < course.steps:
        notes = (f"stopped: the reward settled after {history[-1]['step']} steps",)
    return finish(policy, trained, out, identity, history, notes)


def finish(
    policy: "Policy",
    trained: Any,
    out: Path,
    identity: dict[str, Any],
    history: list[dict[str, Any]],
    notes: tuple[str, ...] = (),
) -> Reinforced:
    """Write a trained model, how it came about, and its curves."""
    from dubench.duvlm.reinforcement.curves import draw
    from dubench.duvlm.reinforcement.policies import OfNano
    from dubench.training import HISTORY, writing

    before = dict(policy.notes.training)
    about = replace(policy.notes, training={**before, "reinforced": identity})
    if is_first():
        with writing(out):
            policy.save(trained, out, about)
            write_whole(out / HISTORY, json.dumps(history, indent=1) + "\n")
            write_whole(out / "curves.png", draw(history))
    family = "nano" if isinstance(policy, OfNano) else "duvlm"
    return Reinforced(out, f"{family}:{out}", history, notes)


def begin(out: Path, identity: dict[str, Any]) -> None:
    """Write down in the folder `out` what a run is, or check that it goes on with the same.

    Raises:
        InputError: the folder holds another run.
    """
    out.mkdir(parents=True, exist_ok=True)
    if (out / RUN).exists():
        check_same_run(out, identity)
    elif is_first():
        write_whole(out / RUN, identity_text(identity))


def _check(course: Course, restorer: str) -> None:
    from dubench.duvlm.reinforcement.rewards import REWARDS

    known = (*REWARDS, DIFFERENTIABLE)
    if course.reward not in known:
        raise InputError(f"--reward {course.reward}: use one of {', '.join(known)}")
    _check_numbers(course)
    if course.reward == DIFFERENTIABLE and (restorer != "analytic" or course.value_weight):
        raise InputError(
            f"--reward {DIFFERENTIABLE} learns through the analytic inverse alone; leave out "
            "--restorer and --value-weight"
        )


def _check_numbers(course: Course) -> None:
    least = {"steps": 1, "group": 2, "prompts": 1, "value_weight": 0}
    for name, low in least.items():
        if not getattr(course, name) >= low:
            flag = name.replace("_", "-")
            raise InputError(f"--{flag} {getattr(course, name)}: choose at least {low}")


def _check_ranges(policy: "Policy", ranges: Any, dataset: str) -> None:
    if dict(policy.notes.ranges) != dict(ranges):
        raise InputError(
            f"--dataset {dataset}: its preset has other ranges of values than the model was "
            "trained on; choose another dataset, or train a model on this one first"
        )


def _restorer(name: str, device: str) -> "Restorer":
    from dubench.ddnm.methods import Settings, open_method
    from dubench.duvlm.reinforcement.restoring import Analytic, Method

    if name == "analytic":
        return Analytic(device)
    return Method(open_method(name, Settings(device=device)))


def _held(dataset: str) -> list[Any]:
    from dubench.duvlm.reinforcement.pairs import Pairs

    try:
        pairs = Pairs(dataset, "validation")
    except InputError:
        return []
    return [pairs[row] for row in range(min(HELD, len(pairs)))]
