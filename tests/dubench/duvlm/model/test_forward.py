"""The fast forward and the processor are transformers' own, number by number."""

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from dubench.duvlm.model import nano
from dubench.duvlm.model.constrained import Grammar
from dubench.duvlm.model.files import Notes, load, save
from dubench.duvlm.model.forward import patches, read, see
from dubench.duvlm.tokens import NANO
from dubench.duvlm.views import for_nano
from dubench.predictions.grammar import decode
from generators.errors import InputError

RNG = np.random.default_rng(0)
IMAGES = [RNG.integers(0, 256, (256, 256, 3), np.uint8) for _ in range(2)]
TEXT = "Haze, severe. [T-haze][K-atmospheric_light][V-0.62][K-transmission][V-0.31]"


def asked(processor, answer=None):
    def messages(image):
        pictures = [{"type": "image", "image": Image.fromarray(x)} for x in for_nano(image)]
        said = [{"role": "assistant", "content": [{"type": "text", "text": answer}]}]
        return [{"role": "user", "content": pictures}, *(said if answer else [])]

    return processor.apply_chat_template(
        [messages(image) for image in IMAGES],
        add_generation_prompt=answer is None,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )


@torch.no_grad()
def test_it_is_transformers_forward(untrained) -> None:
    model, layout = untrained.model, untrained.layout
    inputs = asked(nano.processor(untrained.words), TEXT)
    theirs = model(**inputs).logits
    pictures = [np.stack(views) for views in zip(*map(for_nano, IMAGES), strict=True)]
    visual = [
        see(model, view, patches(torch.from_numpy(picture)))
        for view, picture in zip(layout.views, pictures, strict=True)
    ]
    ids = untrained.words(TEXT)["input_ids"]
    ours = read(model, layout, visual, torch.tensor([ids] * 2))
    begin = len(layout.prompt) - 1
    np.testing.assert_allclose(ours, theirs[:, begin : begin + 1 + len(ids)], atol=1e-4)
    assert theirs.abs().max() > 1


def test_a_folder_of_transformers_own(untrained, tmp_path) -> None:
    """Weights are halves on disk; the words that come out are of the grammar, trained or not."""
    save(tmp_path, untrained, Notes())
    assert (tmp_path / "model.safetensors").stat().st_size < 15e6
    model = AutoModelForImageTextToText.from_pretrained(tmp_path, dtype=torch.float32)
    processor = AutoProcessor.from_pretrained(tmp_path)
    inputs = asked(processor)
    grammar = Grammar(processor.tokenizer, NANO, inputs["input_ids"].shape[1], rationale=2)
    tokens = model.generate(
        **inputs, max_new_tokens=20, do_sample=True, temperature=3.0, logits_processor=[grammar]
    )
    answers = processor.batch_decode(
        tokens[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
    )
    for answer in answers:
        (degradation,) = decode(answer)
        assert set(degradation.values) == {
            key.name for key, _ in NANO.answer(degradation.type).entries
        }
    loaded, notes = load(tmp_path)
    assert notes == Notes()
    for name, weight in untrained.model.state_dict().items():
        np.testing.assert_array_equal(weight.half().float(), loaded.model.state_dict()[name])


def test_a_wrong_number_of_pictures_is_an_error(untrained) -> None:
    processor = nano.processor(untrained.words)
    picture = {"type": "image", "image": Image.fromarray(IMAGES[0])}
    for count in (1, 3):
        with pytest.raises(Exception, match="takes 2 pictures"):
            processor.apply_chat_template(
                [{"role": "user", "content": [picture] * count}], tokenize=True
            )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
        (lambda folder: (folder / "dubench.json").write_text('{"chart": "x"}'), "other views"),
        (lambda folder: (folder / "dubench.json").write_text('{"views": ["fft"]}'), "other views"),
        (lambda folder: (folder / "dubench.json").write_text('{"delta": 0.05}'), "other grammar"),
        (lambda folder: (folder / "dubench.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x"), "cannot be loaded"),
    ],
)
def test_a_folder_that_is_none(untrained, tmp_path, change, message) -> None:
    save(tmp_path, untrained, Notes())
    change(tmp_path)
    with pytest.raises(InputError, match=message):
        load(tmp_path)
