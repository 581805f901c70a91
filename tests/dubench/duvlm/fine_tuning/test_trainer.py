"""TRL's step is nano's lean step: one loss, two loops."""

import numpy as np
import pytest
import torch
from torch.utils.data import SequentialSampler
from transformers import TrainerCallback

from dubench.baseline.features import statistics
from dubench.duvlm.fine_tuning.data import Data
from dubench.duvlm.fine_tuning.settings import Course
from dubench.duvlm.model import nano
from dubench.duvlm.model.answering import Answering
from dubench.duvlm.model.qwen import Qwen
from dubench.duvlm.runs import quiet
from dubench.duvlm.tokens import NANO
from dubench.duvlm.train.loss import loss_of
from dubench.duvlm.train.samples import TRUTH
from dubench.duvlm.train.targets import Targeting
from dubench.duvlm.views import for_nano, reduced
from tests.dubench.duvlm.train.test_training import made_up

RNG = np.random.default_rng(0)
COUNT = 4


def test_a_step_is_of_32_photographs_or_a_few_more(tmp_path) -> None:
    from dubench.duvlm.fine_tuning.trainer import configuration

    for batch in (1, 3, 4, 5, 6, 12, 20, 32, 40):
        arguments = configuration(Course(images=100, batch=batch), tmp_path)
        together = batch * arguments.gradient_accumulation_steps
        assert 32 <= together < 32 + batch
        assert (arguments.max_steps - 1) * together < 100 <= arguments.max_steps * together


def test_a_step_is_nanos_lean_step(tmp_path, monkeypatch) -> None:
    """The same loss and the same gradient of every weight, of the same photographs."""
    from datasets import Dataset

    from dubench.duvlm.fine_tuning.trainer import Trainer, configuration

    quiet()
    monkeypatch.setattr(nano, "WIDTH", 48)
    images = list(RNG.integers(0, 256, (COUNT, 64, 64, 3), np.uint8))
    samples = made_up(1, COUNT)
    for sample, image in zip(samples, images, strict=True):
        sample["photo"], sample["statistics"] = reduced(image), statistics(image)
    truth = samples[[name for name, *_ in TRUTH]].astype(TRUTH)

    words = nano.tokenizer()
    lean = Answering(nano.new(words, 0), words, NANO)
    targets = Targeting(words, NANO)(samples, 0.04, 0.0, np.random.default_rng([7, 0, 0, 0]))
    loss = loss_of(lean.read(lean.see(samples), torch.from_numpy(targets.fed)), targets)
    loss.backward()

    qwen = Qwen(nano.new(words, 0), nano.processor(words), NANO, for_nano)
    items = {"image": lambda row: images[row], "truth": lambda row: truth[row]}
    train = Dataset.from_dict({"row": range(COUNT)}).with_transform(
        lambda batch: {name: [get(row) for row in batch["row"]] for name, get in items.items()}
    )
    course = Course(images=COUNT, batch=COUNT, full=True, seed=7)
    arguments = configuration(course, tmp_path)
    arguments.gradient_accumulation_steps, arguments.max_grad_norm = 1, 0
    trainer = Trainer(qwen, Data(train, {}), arguments, lambda done, total: None)
    monkeypatch.setattr(trainer, "_get_train_sampler", SequentialSampler)
    grown = {}

    class Watching(TrainerCallback):
        def on_pre_optimizer_step(self, *_, model, **__):
            grown.update({name: x.grad.clone() for name, x in model.named_parameters()})

    trainer.add_callback(Watching())
    assert trainer.train().training_loss == pytest.approx(float(loss), rel=1e-5)
    for name, weight in lean.model.named_parameters():
        tolerance = 1e-5 * float(weight.grad.abs().max()) + 1e-7
        np.testing.assert_allclose(grown[name], weight.grad, atol=tolerance, err_msg=name)
