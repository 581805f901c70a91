"""Fine-tune any Qwen3-VL as DU-VLM: `dubench train sft --model`."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dubench.duvlm.fine_tuning.settings import BATCH, OPTIMIZERS, Course
from dubench.duvlm.runs import (
    CHECKPOINTS,
    RUN,
    check_same_run,
    checkpoint_number,
    identity_text,
    is_first,
    open_device,
    quiet,
    share_of,
    within_memory,
)
from dubench.duvlm.train import TrainedSft
from dubench.duvlm.views import PHOTOGRAPH, VIEWS, check_views
from dubench.packages import check_training
from dubench.predictions.grammar import DELTA, GrammarError, Grid, steps
from dubench.progress import counting
from generators.errors import InputError
from generators.files import from_home, write_whole
from generators.typed_json import from_json

if TYPE_CHECKING:
    from dubench.duvlm.fine_tuning.data import Data
    from dubench.duvlm.fine_tuning.memory import DryRun
    from dubench.duvlm.fine_tuning.trainer import Trainer
    from dubench.duvlm.model.qwen import Qwen

EPOCHS = 10
"""How often a dataset is seen unless --images says otherwise, as in the paper."""
FRESH = 1_000_000
"""Crops of photographs seen unless --images says otherwise."""


def fine_tune(
    model: str,
    out: Path,
    dataset: str | None = None,
    sources: Sequence[str] = (),
    views: Sequence[str] = tuple(VIEWS),
    images: int | None = None,
    delta: float = DELTA,
    batch: int = BATCH,
    full: bool = False,
    optimizer: str = "adamw",
    seed: int = 0,
    workers: int | None = None,
    device: str = "cpu",
) -> TrainedSft:
    """Fine-tune a Qwen3-VL, show bars on stderr, and write the whole model to `out` at the end.

    A run that was stopped goes on where its last checkpoint is.

    Args:
        model: a folder, or OWNER/NAME on the Hub.
        out: gets the model, history.json, curves.png and checkpoints/.
        dataset: whose train split is learnt from: folder, Parquet glob or Hub name.
        sources: of clean photographs to be degraded, instead of a dataset.
        views: shown beside the photograph, in order.
        images: photographs to see in all.
        delta: step of the values' grid.
        batch, full, optimizer, seed, device: see `settings.Course`.
        workers: processes that read or make photographs; all cores unless given, of which each
            process of a launch takes its share.

    Raises:
        InputError: a package is missing; model, data or an argument is not what it should be;
            `out` is the model's folder or holds another run; FSDP would leave no whole model; the
            disk is full, memory does not suffice, or the loss is no longer a number.
    """
    check_training("torch", "torchvision", "transformers", "trl", "peft", "datasets")
    shown = check_views(views)
    _check(dataset, sources, images, delta, batch, optimizer)
    from dubench.training import check_apart

    check_apart(out, from_home(model))
    workers = share_of(workers)
    open_device(device)
    _check_shards(full)
    quiet()
    data = _data(dataset, sources, images or FRESH, out, seed, workers)
    count = images or (EPOCHS * len(data.train) if dataset else FRESH)
    from dubench.duvlm.fine_tuning.trainer import configuration
    from dubench.duvlm.tokens import Vocabulary

    course = Course(count, batch, full, optimizer, seed, workers - 1, device)
    vocabulary = Vocabulary(Grid(delta, data.ranges))
    identity = {
        "model": model, "data": data.identity, "views": shown, "delta": delta,
        "images": count, "batch": batch, "full": full, "optimizer": optimizer, "seed": seed,
    }  # fmt: skip
    checkpoint = _last(out, identity)
    qwen = open_base(model, vocabulary, shown, course)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}") from None
    if is_first():
        write_whole(out / RUN, identity_text(identity))
    arguments = configuration(course, out / CHECKPOINTS)
    with counting("images") as on_progress:
        trainer = _trained(qwen, data, arguments, on_progress, checkpoint)
    _write(out, trainer, shown, identity)
    last = trainer.validations[-1:]
    return TrainedSft(out, trainer.state.global_step * trainer.per_step,
                     last[0]["scores"] if last else {})  # fmt: skip


def reckon(
    model: str, views: Sequence[str] | None, delta: float | None, batch: int | None
) -> "DryRun":
    """What fine-tuning a model would take; None stands for `fine_tune`'s own.

    Raises:
        InputError: as `fine_tune`.
    """
    check_training("torch", "torchvision", "transformers", "peft")
    shown = check_views(tuple(VIEWS) if views is None else views)
    grid = Grid(_checked(DELTA if delta is None else delta))
    _check_number("--batch", batch)
    quiet()
    from dubench.duvlm.fine_tuning.memory import dry_run
    from dubench.duvlm.tokens import Vocabulary

    return dry_run(model, Vocabulary(grid), shown, BATCH if batch is None else batch)


def _check(
    dataset: str | None,
    sources: Sequence[str],
    images: int | None,
    delta: float,
    batch: int,
    optimizer: str,
) -> None:
    if bool(dataset) == bool(sources):
        raise InputError(
            "train sft --model learns from either: give --dataset, a folder that dubench generate "
            "made, or --source, clean photographs to be degraded on the way"
        )
    _check_number("--images", images)
    _check_number("--batch", batch)
    _checked(delta)
    if optimizer not in OPTIMIZERS:
        raise InputError(f"--optimizer {optimizer}: use one of {', '.join(OPTIMIZERS)}")
    if optimizer == "adamw-8bit":
        check_training("bitsandbytes")


def _check_number(flag: str, number: int | None) -> None:
    if number is not None and number < 1:
        raise InputError(f"{flag} {number}: choose at least one")


def _check_shards(full: bool) -> None:
    """Raise InputError where a launch shares the weights out by FSDP, and no whole model could be
    written of them."""
    if os.environ.get("ACCELERATE_USE_FSDP", "false").lower() != "true":
        return
    if not full:
        raise InputError(
            "FSDP shares out all weights, and adapters could not be merged with them: give --full, "
            "or launch with --multi_gpu instead of --use_fsdp"
        )
    from accelerate import FullyShardedDataParallelPlugin  # type: ignore[import-untyped]

    if "FULL_STATE_DICT" not in str(FullyShardedDataParallelPlugin().state_dict_type):
        raise InputError(
            "FSDP would write shards, which are no model: launch with --fsdp_state_dict_type "
            "FULL_STATE_DICT"
        )


def _checked(delta: float) -> float:
    try:
        steps(delta)
    except GrammarError as error:
        raise InputError(f"--delta: {error}") from None
    return delta


def _data(
    dataset: str | None, sources: Sequence[str], images: int, out: Path, seed: int, workers: int
) -> "Data":
    from dubench.duvlm.fine_tuning import data
    from dubench.duvlm.train import samples

    if dataset:
        return data.of_dataset(dataset)
    with counting("photographs") as on_progress:
        plan = samples.plan(sources, out / "spools", seed, workers, on_progress, images=images)
    return data.of_photographs(plan, images)


def open_base(model: str, vocabulary: Any, views: tuple[str, ...], course: Course) -> "Qwen":
    """The model that learns: loaded, with its new tokens and adapters.

    Raises:
        InputError: it is not there, no Qwen3-VL, or was trained on another grammar or other views.
    """
    from transformers import set_seed

    from dubench.duvlm.fine_tuning.adapters import prepare
    from dubench.duvlm.model.qwen import Asking, Qwen, check_base
    from dubench.predictors.vlm import pretrained

    check_base(model, vocabulary, (PHOTOGRAPH, *views))
    # Steps of full training are lost in the rounding of bfloat16: its weights are kept whole.
    dtype = "bfloat16" if course.device != "cpu" and not course.full else "float32"
    loaded = pretrained.load(
        model, model, "Qwen3VLForConditionalGeneration", "cpu", dtype, trust_remote_code=False
    )
    set_seed(course.seed)  # adapters begin at random
    network = prepare(loaded.model, loaded.processor.tokenizer, vocabulary, course.full)
    return Qwen(network.train(), loaded.processor, vocabulary, Asking(views))


def _last(out: Path, identity: dict[str, Any]) -> Path | None:
    """The last whole checkpoint of this run; what a stop left of others is removed."""
    checkpoints = sorted((out / CHECKPOINTS).glob("checkpoint-*"), key=checkpoint_number)
    whole = [path for path in checkpoints if (path / "trainer_state.json").is_file()]
    if whole:
        check_same_run(out, identity)
    if is_first():
        for path in set(checkpoints) - set(whole[-1:]):
            shutil.rmtree(path)
    return whole[-1] if whole else None


def _trained(
    qwen: "Qwen", data: "Data", arguments: Any, on_progress: Any, checkpoint: Path | None
) -> "Trainer":
    from dubench.duvlm.fine_tuning.trainer import Trainer

    trainer = Trainer(qwen, data, arguments, on_progress)
    with within_memory(arguments.device, "give a smaller --batch, or see what --dry-run says"):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return trainer


def _write(out: Path, trainer: "Trainer", views: tuple[str, ...], identity: dict[str, Any]) -> None:
    """Write the whole model, and how it did."""
    from dubench.baseline.certainty import Calibration
    from dubench.duvlm.fine_tuning.adapters import merged
    from dubench.duvlm.model.files import NOTES, Notes
    from dubench.duvlm.prompts import TRAINED
    from dubench.duvlm.train.curves import draw
    from dubench.training import HISTORY, writing
    from generators.typed_json import to_json

    history = trainer.validations
    calibration = Calibration()
    if history:
        calibration = from_json(Calibration, history[-1]["calibration"], "history")
    vocabulary = trainer.qwen.vocabulary
    notes = Notes(
        vocabulary.grid.delta, (PHOTOGRAPH, *views), calibration=calibration,
        training=identity, ranges=vocabulary.grid.ranges,
    )  # fmt: skip
    with writing(out):
        if trainer.is_fsdp_enabled:
            trainer.save_model(str(out))
        elif trainer.is_world_process_zero():
            merged(trainer.accelerator.unwrap_model(trainer.model)).save_pretrained(out)
        if not trainer.is_world_process_zero():
            return
        trainer.qwen.processor.save_pretrained(out)
        write_whole(out / "prompt.txt", TRAINED + "\n")
        write_whole(out / HISTORY, json.dumps(history, indent=1) + "\n")
        if history:
            write_whole(out / "curves.png", draw(history))
        write_whole(out / NOTES, json.dumps(to_json(notes), indent=1) + "\n")
