"""Seeing equal pictures once changes neither what a model says nor what it learns."""

import copy

import pytest
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from dubench.duvlm.reinforcement.seeing import see_once
from tests.dubench.predictors import tiny_models


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tiny_models.qwen3_vl(tmp_path_factory.mktemp("tiny"))
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float64)
    return model, AutoProcessor.from_pretrained(folder)


def test_answers_and_gradients_stay_the_same(tiny) -> None:
    """Two questions of two pictures, one asked three times; they share a picture."""
    model, processor = tiny
    pictures = [Image.new("RGB", (64, 64 + 32 * i), (40 * i, 200 - 30 * i, 90)) for i in range(3)]
    asked = [pictures[:2], pictures[:2], pictures[:2], pictures[1:]]
    questions = [
        [{"role": "user", "content": [{"type": "image", "image": one} for one in each]}]
        for each in asked
    ]
    inputs = processor.apply_chat_template(
        questions, tokenize=True, return_dict=True, return_tensors="pt",
        processor_kwargs={"padding": True},
    )  # fmt: skip
    other = copy.deepcopy(model)
    see_once(other)
    sizes = []
    other.model.visual.register_forward_pre_hook(
        lambda _, __, given: sizes.append(len(given["grid_thw"])), with_kwargs=True
    )
    logits = []
    for one in (model, other):
        logits.append(one(**inputs).logits)
        logits[-1].square().mean().backward()
    assert sizes == [3]
    torch.testing.assert_close(*logits)
    for weight, same in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(weight.grad, same.grad)
