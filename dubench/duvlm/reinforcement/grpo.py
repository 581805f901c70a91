"""Group-relative policy optimisation (Shao et al., arXiv 2402.03300) with TRL.

This file imports torch and trl when it is imported.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainerCallback
from trl.trainer.grpo_config import GRPOConfig
from trl.trainer.grpo_trainer import GRPOTrainer

from dubench.duvlm.fine_tuning.adapters import LONGEST, adapters
from dubench.duvlm.reinforcement.course import Course
from dubench.duvlm.reinforcement.pairs import Image, Pair, Pairs
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
from dubench.duvlm.reinforcement.seeing import see_once
from dubench.duvlm.runs import Discreet, checkpoint_number, is_first, within_memory
from dubench.training import HISTORY
from generators.files import write_whole
from generators.taxonomy import Degradation

LORA_RATE, NANO_RATE = 1e-5, 2e-5
KEEP = 0.02  # β, of the divergence from the model at the start
NANO_LONGEST = 20  # tokens of an answer
SAVE_EVERY = 25  # steps
LOGGED = (
    "reward", "valid", "right_type", "mse", "value_error", "left_alone", "kl", "step_time",
    "restoring_seconds",
)  # fmt: skip
"""Metrics of steps that the history keeps, as means."""

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
        return [reward_of(one, self._course.value_weight) for one in judged]

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


def questions(
    policy: Policy,
    count: int,
    picture: Callable[[int], Image],
    columns: Callable[[int], dict[str, Any]],
) -> Any:
    """A `datasets.Dataset` of questions about pictures, made when they are asked for.

    Args:
        count: of the pictures.
        picture: by number.
        columns: what else the reward is given of each, by number.
    """
    from datasets import Dataset
    from PIL import Image as Pillow

    def made(batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        rows: dict[str, list[Any]] = {"prompt": [], "images": []}
        # A group's answers are to the same question.
        asked = {number: policy.ask(picture(number)) for number in set(batch["number"])}
        for number in batch["number"]:
            prompt, pictures = asked[number]
            rows["prompt"].append(prompt)
            rows["images"].append([Pillow.fromarray(one) for one in pictures])
            for name, value in columns(number).items():
                rows.setdefault(name, []).append(value)
        return rows

    return Dataset.from_dict({"number": list(range(count))}).with_transform(made)


def of_pairs(policy: Policy, pairs: Pairs) -> Any:
    """Questions about pairs, with the `pair` itself for the reward."""
    return questions(policy, len(pairs), lambda n: pairs[n].degraded, lambda n: {"pair": pairs[n]})


def configuration(course: Course, policy: Policy, out: Path) -> GRPOConfig:
    """TRL's arguments for a course."""
    cuda = course.device != "cpu"
    return GRPOConfig(
        output_dir=str(out),
        per_device_train_batch_size=course.prompts * course.group,
        num_generations=course.group,
        max_completion_length=NANO_LONGEST if course.nano else LONGEST,
        generation_kwargs={"suppress_tokens": image_tokens(policy)},
        model_init_kwargs={"dtype": "float32"} if course.nano else None,
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


class Trainer(Discreet, GRPOTrainer):
    """TRL's trainer with a bar, scores on pairs held out, and checkpoints that a full disk spares.

    Args:
        course, policy: what is trained, and how.
        reward: a function of completions.
        dataset: of questions.
        out: for checkpoints.
        on_progress: called with steps done, and of all.
        on_evaluate: called with the model every `course.every` steps; what it returns joins the
            history, beside means of the rewards since.
        should_stop: asked after each step, with the mean rewards of the steps before it.
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
        should_stop: Callable[[Sequence[float]], bool],
    ) -> None:
        self.history: list[dict[str, Any]] = []
        self._on_evaluate, self._on_progress, self._course = on_evaluate, on_progress, course
        self._should_stop = should_stop
        super().__init__(
            model=policy.learner,
            reward_funcs=reward,
            args=configuration(course, policy, out),
            train_dataset=dataset,
            processing_class=policy.processor,
            peft_config=None if course.nano else adapters(),
            callbacks=[_Callback(self)],
        )
        self.remove_callback(PrinterCallback)
        for one in (self.model, self.ref_model):
            if one is not None:
                see_once(one)

    def evaluate_held(self) -> None:
        """Score the model on pairs held out, and note it with the step's rewards."""
        model = self.accelerator.unwrap_model(self.model)
        model.eval()
        entry = {"step": self.state.global_step, **self._on_evaluate(model), **self._means()}
        model.train()
        self.history.append(entry)

    def _means(self) -> dict[str, float]:
        """Of the steps' metrics since the last evaluation."""
        since = self.history[-1]["step"] if self.history else 0
        logs = [log for log in self.state.log_history if log["step"] > since]
        columns = {name: [log[name] for log in logs if name in log] for name in LOGGED}
        return {name: sum(v) / len(v) for name, v in columns.items() if v}

    def after_step(self) -> bool:
        """Report and, now and then, evaluate; whether to stop."""
        step = self.state.global_step
        if is_first():
            self._on_progress(step, self.state.max_steps)
        # Of all processes together, so that they stop together.
        rewards = [log["reward"] for log in self.state.log_history if "reward" in log]
        stop = self._should_stop(rewards)
        if stop or step % self._course.every == 0 or step == self.state.max_steps:
            self.evaluate_held()
        return stop or self._should_stop(rewards)

    def beside_checkpoint(self, out: Path) -> None:
        """See Discreet."""
        folder = out / f"checkpoint-{self.state.global_step}"
        write_whole(folder / HISTORY, json.dumps(self.history) + "\n")


def train(
    course: Course,
    policy: Policy,
    reward: Any,
    dataset: Any,
    out: Path,
    on_progress: OnProgress,
    on_evaluate: Callable[[Any], dict[str, Any]],
    should_stop: Callable[[Sequence[float]], bool] = lambda rewards: False,
) -> tuple[Any, list[dict[str, Any]]]:
    """Train from the last checkpoint in `out`, if there is one; the model, and its history.

    Raises:
        InputError: the loss is no longer a number, memory does not suffice, or the disk is full.
    """
    trainer = Trainer(course, policy, reward, dataset, out, on_progress, on_evaluate, should_stop)
    checkpoint = last_checkpoint(out)
    if checkpoint is None:
        trainer.evaluate_held()
    else:
        trainer.history += history_of(checkpoint)
    with within_memory(course.device, "give fewer --prompts or a smaller --group"):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return trainer.accelerator.unwrap_model(trainer.model), trainer.history


def last_checkpoint(out: Path) -> Path | None:
    """The last whole checkpoint in a folder."""
    whole = [path.parent for path in out.glob("checkpoint-*/" + HISTORY)]
    return max(whole, key=checkpoint_number, default=None)


def history_of(checkpoint: Path) -> list[dict[str, Any]]:
    """What was scored until a checkpoint."""
    history: list[dict[str, Any]] = json.loads((checkpoint / HISTORY).read_text("utf-8"))
    return history


class _Callback(TrainerCallback):
    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """See TrainerCallback."""
        if self._trainer.after_step():
            control.should_training_stop = True
        return control
