"""Group-relative policy optimisation with TRL (Shao et al., arXiv 2402.03300), on restored pictures.

This file imports torch and trl when it is imported.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from dubench.duvlm.reinforcement.course import Course
from dubench.duvlm.reinforcement.pairs import Pair, Pairs
from dubench.duvlm.reinforcement.policies import Policy, image_tokens
from dubench.duvlm.reinforcement.restoring import Errors, Restorer
from dubench.duvlm.reinforcement.rewards import (
    Judged,
    components,
    needs_restoring,
    reward_of,
    understand,
    value_error,
)
from dubench.training import HISTORY, writing
from generators.errors import InputError
from generators.files import write_whole
from generators.taxonomy import Degradation

LORA_RATE, NANO_RATE = 1e-5, 2e-5
KEEP = 0.02  # β, of the divergence from the model at the start
LONGEST = 64  # tokens of an answer
SAVE_EVERY = 25  # steps

OnProgress = Callable[[int, int], None]


class RestoredReward:
    """Rewards answers by what they restore, for TRL.

    Args:
        course: which reward. policy: whose grid the answers stand on. restorer: behind it.
    """

    __name__ = "restored"

    def __init__(self, course: Course, policy: Policy, restorer: Restorer) -> None:
        self._course = course
        self._grid = policy.notes.vocabulary.grid
        self.errors = Errors(restorer)

    def __call__(
        self, completions: Sequence[Any], pair: Sequence[Pair], log_metric: Any, **others: Any
    ) -> list[float]:
        """The reward of each completion, a conversation of one message, about its pair."""
        answers = [understand(words_of(completion), self._grid) for completion in completions]
        before = self.errors.seconds
        judged = self._judge(pair, answers)
        for name, value in components(judged).items():
            log_metric(name, value)
        log_metric("restoring_seconds", self.errors.seconds - before)
        course = self._course
        return [reward_of(course.reward, one, course.value_weight) for one in judged]

    def _judge(self, pairs: Sequence[Pair], answers: Sequence[Degradation | None]) -> list[Judged]:
        both = list(zip(pairs, answers, strict=True))
        tried = [
            (place, (pair, answer))
            for place, (pair, answer) in enumerate(both)
            if answer and needs_restoring(self._course.reward, answer, pair.truth)
        ]
        errors = self.errors([attempt for _, attempt in tried])
        error_of = dict(zip((place for place, _ in tried), errors, strict=True))
        judged = []
        for place, (pair, answer) in enumerate(both):
            right = answer is not None and answer.type == pair.truth.type
            distance = value_error(answer, pair.truth, self._grid) if answer and right else None
            judged.append(Judged(answer, right, error_of.get(place), distance))
        return judged


def words_of(completion: Any) -> str:
    """The text of a completion in TRL's conversational form."""
    return str(completion[0]["content"])


def questions(policy: Policy, items: Any, columns: Callable[[int], dict[str, Any]]) -> Any:
    """A `datasets.Dataset` of questions about pictures, made when they are asked for.

    Args:
        items: (n,) pictures by number. columns: what else a reward is given of each.
    """
    from datasets import Dataset
    from PIL import Image as Pillow

    def made(batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        rows: dict[str, list[Any]] = {"prompt": [], "images": []}
        for number in batch["number"]:
            prompt, pictures = policy.ask(items(number))
            rows["prompt"].append(prompt)
            rows["images"].append([Pillow.fromarray(picture) for picture in pictures])
            for name, value in columns(number).items():
                rows.setdefault(name, []).append(value)
        return rows

    return lambda count: Dataset.from_dict({"number": list(range(count))}).with_transform(made)


def of_pairs(policy: Policy, pairs: Pairs) -> Any:
    """Questions about pairs, with the `pair` itself for the reward."""
    make = questions(policy, lambda number: pairs[number].degraded, lambda n: {"pair": pairs[n]})
    return make(len(pairs))


def configuration(course: Course, policy: Policy, out: Path) -> GRPOConfig:
    """TRL's arguments for a course."""
    cuda = course.device != "cpu"
    return GRPOConfig(
        output_dir=str(out),
        per_device_train_batch_size=course.prompts * course.group,
        num_generations=course.group,
        max_completion_length=LONGEST,
        generation_kwargs={"suppress_tokens": image_tokens(policy)},
        model_init_kwargs={"dtype": "bfloat16" if cuda else "float32"},
        learning_rate=NANO_RATE if course.nano else LORA_RATE,
        lr_scheduler_type="linear",
        beta=KEEP,
        max_steps=course.steps,
        bf16=cuda,
        use_cpu=not cuda,
        gradient_checkpointing=cuda,
        seed=course.seed,
        save_steps=SAVE_EVERY,
        save_total_limit=1,
        logging_steps=1,
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to="none",
    )


class Trainer(GRPOTrainer):
    """TRL's trainer with a bar, scores on pairs held out, and checkpoints that a full disk spares.

    Args:
        course, policy: what is trained, and how.
        reward: a function of completions.
        dataset: of questions.
        out: for checkpoints.
        on_progress: called with steps done, and of all.
        on_evaluate: called with the model every `course.every` steps; what it returns joins the
            history.
    """

    def __init__(
        self,
        course: Course,
        policy: Policy,
        reward: Any,
        dataset: Any,
        out: Path,
        on_progress: OnProgress,
        on_evaluate: Callable[[Any], dict[str, Any]],
    ) -> None:
        self.history: list[dict[str, Any]] = []
        self._on_evaluate, self._on_progress, self._course = on_evaluate, on_progress, course
        super().__init__(
            model=str(policy.folder),
            reward_funcs=reward,
            args=configuration(course, policy, out),
            train_dataset=dataset,
            processing_class=policy.processor,
            peft_config=None if course.nano else _adapters(),
            callbacks=[_Callback(self)],
        )

    def evaluate_held(self) -> None:
        """Score the model on pairs held out, and note it with the step's rewards."""
        model = self.accelerator.unwrap_model(self.model)
        model.eval()
        entry = {"step": self.state.global_step, **self._on_evaluate(model)}
        model.train()
        self.history.append(entry)

    def after_step(self) -> None:
        """Report and, now and then, evaluate."""
        step = self.state.global_step
        self._on_progress(step, self.state.max_steps)
        if step % self._course.every == 0 or step == self.state.max_steps:
            self.evaluate_held()

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        with writing(Path(self.args.output_dir or "")):
            super()._save_checkpoint(model, trial)
            folder = Path(self.args.output_dir or "") / f"checkpoint-{self.state.global_step}"
            write_whole(folder / HISTORY, json.dumps(self.history) + "\n")


def train(
    course: Course,
    policy: Policy,
    reward: Any,
    dataset: Any,
    out: Path,
    on_progress: OnProgress,
    on_evaluate: Callable[[Any], dict[str, Any]],
) -> tuple[Any, list[dict[str, Any]]]:
    """Train from the last checkpoint in `out`, if there is one; the model, and its history.

    Raises:
        InputError: the loss is no longer a number, memory does not suffice, or the disk is full.
    """
    trainer = Trainer(course, policy, reward, dataset, out, on_progress, on_evaluate)
    checkpoint = last_checkpoint(out)
    if checkpoint is None:
        trainer.evaluate_held()
    else:
        trainer.history += json.loads((checkpoint / HISTORY).read_text("utf-8"))
    try:
        trainer.train(resume_from_checkpoint=checkpoint and str(checkpoint))
    except torch.OutOfMemoryError:
        raise InputError(
            f"the memory of {course.device} does not suffice; give fewer --prompts or a smaller "
            "--group"
        ) from None
    return trainer.accelerator.unwrap_model(trainer.model), trainer.history


def last_checkpoint(out: Path) -> Path | None:
    """The last whole checkpoint in a folder."""
    whole = [path.parent for path in out.glob("checkpoint-*/" + HISTORY)]
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


class _Callback(TrainerCallback):
    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """See TrainerCallback."""
        self._trainer.after_step()


def _adapters() -> Any:
    from peft import LoraConfig

    from dubench.duvlm.fine_tuning.adapters import RANK, TARGETS

    return LoraConfig(r=RANK, lora_alpha=RANK, target_modules=TARGETS)
