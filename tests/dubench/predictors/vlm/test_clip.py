"""Types by text prompts, with models of pictures and texts made here."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dubench.dataset import open_split
from dubench.predictions import file
from dubench.predictors import load_predictor
from dubench.predictors.vlm.clip import Clip, phrases
from dubench.scoring.score import score
from generators.errors import InputError
from generators.taxonomy import TYPES
from tests.conftest import Dubench
from tests.dubench.predictors import tiny_models

RNG = np.random.default_rng(0)
IMAGES = [RNG.integers(0, 256, (64, 64, 3), np.uint8) for _ in range(3)]


@pytest.fixture(scope="module", params=[tiny_models.clip, tiny_models.siglip])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    make: Callable[[Path], Path] = request.param
    return make(tmp_path_factory.mktemp(make.__name__))


def test_every_name_of_a_type_is_asked_about() -> None:
    asked = phrases()
    assert list(asked) == list(TYPES)
    assert asked["low_resolution"][:2] == ["a photograph, low resolution", "a photograph, low-res"]
    assert len(asked["haze"]) == 1 + len(TYPES["haze"].aliases)


def test_a_types_score_is_the_mean_over_its_names_as_transformers_computes_them(
    folder: Path,
) -> None:
    from PIL import Image
    from transformers import pipeline

    pipe = pipeline("zero-shot-image-classification", model=str(folder), device="cpu")
    labels = [phrase for names in phrases().values() for phrase in names]
    records = Clip(str(folder)).predict(IMAGES)
    for image, record in zip(IMAGES, records, strict=True):
        found = pipe(
            Image.fromarray(image), candidate_labels=labels, hypothesis_template="{}",
            tokenizer_kwargs={"padding": "max_length"},
        )  # fmt: skip
        shares = {one["label"]: one["score"] for one in found}
        if "siglip" in str(folder):  # whose pipeline takes the sigmoid of each logit
            logits = {label: np.log(share / (1 - share)) for label, share in shares.items()}
        else:
            logits = {label: np.log(share) for label, share in shares.items()}
        means = np.array([np.mean([logits[one] for one in names]) for names in phrases().values()])
        expected = np.exp(means - means.max())
        expected /= expected.sum()
        assert list(record["type_probabilities"]) == list(TYPES)
        given = list(record["type_probabilities"].values())
        np.testing.assert_allclose(given, expected, rtol=1e-3, atol=1e-6)
        assert record["type"] == list(TYPES)[int(expected.argmax())]


def test_a_split_gets_types_alone(
    folder: Path, du110k: Path, tmp_path: Path, dubench_here: Dubench
) -> None:
    run = dubench_here(
        "predict", "--model", f"clip:{folder}", "--dataset", du110k, "--batch", 5, cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    out = tmp_path / "preds.jsonl"
    assert len(file.read(out, open_split(str(du110k), "test").ids).by_id) == 12
    meta = json.loads(out.read_text().splitlines()[0])["meta"]
    assert len(meta["weights"]) == len(meta["prompt_sha256"]) == 64
    result = score(out).result
    assert result.understanding.j_acc == 0
    assert result.understanding.p_rel["avg"] == 1


def test_other_models_and_options_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a model that takes pictures"):
        Clip(str(tiny_models.llava(tmp_path)))
    with pytest.raises(InputError, match="--prompt is not for --model clip; it goes with hf, open"):
        load_predictor(f"clip:{folder}", prompt=Path("x"))
    with pytest.raises(InputError, match="--views is not for --model constant"):
        load_predictor("constant", views=["fft"])
    with pytest.raises(InputError, match="--views x: the views are fft, edges"):
        load_predictor("hf:nowhere", views=["x"])
