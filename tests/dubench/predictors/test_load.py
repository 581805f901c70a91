"""Models by name."""

from pathlib import Path

import pytest

from dubench.predictors import load_predictor
from generators.errors import InputError


@pytest.mark.parametrize(
    "name", ["constant", "constant:jarvis", "statistics", "statistics:du110k-wild"]
)
def test_what_is_shipped_loads(name: str) -> None:
    assert load_predictor(name).name == {"statistics": "statistics:du110k"}.get(name, name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("oracle", "use one of: constant, constant:PRESET"),
        ("", "no such model"),
        ("constant:5", "unknown preset '5'"),
        ("statistics:du111k", "du110k, du110k-wild, or a file"),
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
