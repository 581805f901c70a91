"""Models by name."""

from pathlib import Path

import numpy as np
import pytest

from dubench.predictors import load_predictor
from dubench.predictors.vlm.asking import Reply
from generators import presets
from generators.errors import InputError


@pytest.mark.parametrize(
    "name",
    ["constant", "constant:jarvis", "classical", "statistics", "statistics:du110k-real", "nano"],
)
def test_what_is_shipped_loads(name: str) -> None:
    assert load_predictor(name).name == {"statistics": "statistics:du110k"}.get(name, name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("oracle", "use one of: constant, constant:PRESET"),
        ("", "no such model"),
        ("constant:5", "unknown preset '5'"),
        ("statistics:du111k", "du110k, du110k-real, du110k-wild, or a file"),
        ("statistics:.", "no such file"),
        ("replay", "replay:FILE"),
        ("replay:nowhere.jsonl", "nowhere.jsonl"),
    ],
)
def test_a_wrong_name_names_the_right_ones(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_predictor(name)


def test_a_file_of_ones_own_keeps_its_suffix(tmp_path: Path) -> None:
    from dubench.baseline.file import find

    copy = tmp_path / "mine.safetensors"
    copy.write_bytes(find("du110k").read_bytes())
    assert load_predictor(f"statistics:{copy}").name == "statistics:mine.safetensors"


def test_an_option_of_another_model_is_refused() -> None:
    with pytest.raises(InputError, match="--device is not for --model statistics"):
        load_predictor("statistics", device="cpu")
    assert load_predictor("statistics", device=None).name == "statistics:du110k"


def test_a_question_states_the_ranges_of_what_it_is_about(monkeypatch) -> None:
    class Remembering:
        name, about, batch = "hf:x", {}, 1

        def __init__(self, what: str) -> None:
            self.asked: list = []
            monkeypatch.setattr(Remembering, "last", self, raising=False)

        def ask(self, questions, anew=False):
            self.asked += questions
            return [Reply("{}")] * len(questions)

    monkeypatch.setattr("dubench.predictors.vlm.hf.Hf", Remembering)
    image = np.zeros((32, 32, 3), np.uint8)
    real = presets.load("du110k-real").keys
    for keys, stated in ((None, "0.05 to 0.1"), (real, "0.05 to 0.6")):
        load_predictor("hf:x", keys, anyway=True).predict([image])
        assert stated in Remembering.last.asked[0][1]
