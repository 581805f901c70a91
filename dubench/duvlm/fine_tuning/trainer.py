"""TRL's trainer with DU-VLM's loss: the same function of logits and truth that trains nano.

This file imports torch and trl when it is imported.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PrinterCallback, TrainerCallback
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from dubench.duvlm.fine_tuning.data import Data, Held
from dubench.duvlm.fine_tuning.settings import (
    EVERY,
    FULL_RATE,
    LORA_RATE,
    NARROWED,
    OPTIMIZERS,
    TOGETHER,
    WARM_UP,
    WATCHED,
    Course,
)
from dubench.duvlm.model.believing import joined
from dubench.duvlm.model.qwen import Qwen, read
from dubench.duvlm.runs import Discreet, is_first
from dubench.duvlm.train.calibrate import calibrate
from dubench.duvlm.train.loss import loss_of
from dubench.duvlm.train.targets import Targeting, width_of
from dubench.duvlm.train.validate import validate
from generators.errors import InputError
from generators.typed_json import to_json

OnProgress = Callable[[int, int], None]


def configuration(course: Course, out: Path) -> SFTConfig:
    """TRL's arguments for a course."""
    cuda = course.device != "cpu"
    arguments = SFTConfig(
        output_dir=str(out),
        per_device_train_batch_size=course.batch,
        learning_rate=FULL_RATE if course.full else LORA_RATE,
        lr_scheduler_type="cosine",
        optim=OPTIMIZERS[course.optimizer],
        bf16=cuda,
        use_cpu=not cuda,
        gradient_checkpointing=cuda,
        dataloader_num_workers=course.workers,
        seed=course.seed,
        save_steps=EVERY,
        save_total_limit=1,
        logging_steps=EVERY,
        max_length=None,
        remove_unused_columns=False,
        average_tokens_across_devices=False,
        disable_tqdm=True,
        report_to="none",
    )
    per_pass = course.batch * arguments.world_size
    arguments.gradient_accumulation_steps = math.ceil(TOGETHER / per_pass)
    per_step = per_pass * arguments.gradient_accumulation_steps
    arguments.max_steps = math.ceil(course.images / per_step)
    arguments.warmup_steps = math.ceil(WARM_UP * arguments.max_steps)
    return arguments


class Trainer(Discreet, SFTTrainer):
    """Learns what `Targeting` wants; validates with the benchmark's own scores.

    Args:
        qwen: the model, with adapters or without.
        data: what it learns from.
        arguments: see `configuration`.
        on_progress: called with photographs seen, and of all.
    """

    # The loss is the mean over a pass, so that passes of one step are averaged.
    loss_is_scaled_for_ga: Any = False

    def __init__(
        self, qwen: Qwen, data: Data, arguments: SFTConfig, on_progress: OnProgress
    ) -> None:
        self.qwen, self._held = qwen, data.held
        self._targeting = Targeting(qwen.processor.tokenizer, qwen.vocabulary)
        self._passes = (-1, 0)
        super().__init__(
            model=qwen.model,
            args=arguments,
            train_dataset=data.train,
            processing_class=qwen.processor,
            data_collator=self._collate,
            callbacks=[_Callback(self, on_progress)],
        )
        self.remove_callback(PrinterCallback)

    @property
    def per_step(self) -> int:
        """Photographs of one step."""
        each = self.args.per_device_train_batch_size * self.args.world_size
        return each * self.args.gradient_accumulation_steps

    def _collate(self, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        inputs = self.qwen.encode([item["image"] for item in items])
        return inputs | {"truth": np.array([item["truth"] for item in items])}

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """DU-VLM's loss of a pass.

        Raises:
            InputError: it is no longer a number.
        """
        truth = inputs.pop("truth")
        step = self.state.global_step
        self._passes = (step, self._passes[1] + 1 if self._passes[0] == step else 0)
        rng = np.random.default_rng([self.args.seed, *self._passes, self.args.process_index])
        targets = self._targeting(truth, width_of(step / self.args.max_steps / NARROWED), 0.0, rng)
        loss = loss_of(read(model, inputs, torch.from_numpy(targets.fed)), targets)
        if not math.isfinite(float(loss.detach())):
            raise InputError(
                f"the loss is no longer a number at step {step:,}; run the same command to go on "
                "from the last checkpoint, or choose another --seed"
            )
        return (loss, {}) if return_outputs else loss

    def validate(self) -> None:
        """Score photographs held out, at the end all; the entry joins `state.log_history`."""
        if not self._held:
            return
        at_the_end = self.state.global_step == self.state.max_steps
        sets = [held if at_the_end else held.first(WATCHED) for held in self._held.values()]
        network: Any = self.model
        network.eval()
        with self.compute_loss_context_manager():
            believed = [(self._believe(held), held.truth) for held in sets]
        network.train()
        vocabulary = self.qwen.vocabulary
        scores = {
            name: asdict(validate(vocabulary, *pair))
            for name, pair in zip(self._held, believed, strict=True)
        }
        entry = {
            "step": self.state.global_step,
            "images": self.state.global_step * self.per_step,
            "photograph": True,
            "scores": scores,
            "calibration": to_json(calibrate(vocabulary, believed)),
        }
        self.state.log_history.append(entry)

    def _believe(self, held: Held) -> Any:
        batch = 2 * self.args.per_device_train_batch_size
        starts = range(0, len(held.images), batch)
        qwen = replace(self.qwen, model=self.model)
        return joined([qwen.believe(held.images[n : n + batch]) for n in starts])

    @property
    def validations(self) -> list[dict[str, Any]]:
        """All so far."""
        return [entry for entry in self.state.log_history if "scores" in entry]


@dataclass
class _Callback(TrainerCallback):
    trainer: Trainer
    on_progress: OnProgress

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._report(state)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._report(state)
        if state.global_step % EVERY == 0 or state.global_step == state.max_steps:
            self.trainer.validate()

    def _report(self, state: Any) -> None:
        per_step = self.trainer.per_step
        if is_first():
            self.on_progress(state.global_step * per_step, state.max_steps * per_step)
