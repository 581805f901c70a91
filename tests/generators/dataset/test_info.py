"""recipe.json as it is read and written."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from generators.dataset.info import BlindSplit, DatasetInfo, Finished
from generators.dataset.review_figures import ReviewSummary
from generators.errors import InputError


def read(du110k: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((du110k / "recipe.json").read_text())
    return data


def test_what_was_written_is_written_again(du110k: Path, tmp_path: Path) -> None:
    DatasetInfo.read(du110k).write(tmp_path)
    assert (tmp_path / "recipe.json").read_bytes() == (du110k / "recipe.json").read_bytes()


def test_every_part_survives_json(du110k: Path) -> None:
    info = DatasetInfo.read(du110k)
    full = DatasetInfo(
        info.recipe,
        {"python": "3.11.0"},
        ReviewSummary(0.1, 44, 40, 4, 2, ()),
        Finished(info.identity, {"folder": {"too small": ("a.jpg", "b.jpg")}}),
        BlindSplit(12, "c0ffee"),
        "cuda",
    )
    assert DatasetInfo.from_json(json.loads(json.dumps(full.to_json())), "recipe.json") == full


def test_an_unfinished_dataset_has_no_identity(du110k: Path, tmp_path: Path) -> None:
    data = read(du110k)
    del data["made"]
    (tmp_path / "recipe.json").write_text(json.dumps(data))
    info = DatasetInfo.read(tmp_path)
    assert info.finished is None
    assert not info.identity
    with pytest.raises(InputError, match="not finished; run the same dubench generate again"):
        DatasetInfo.read_finished(tmp_path)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("seed", "zero", "json.seed is 'zero', not a whole number"),
        ("size", True, "json.size is True, not a whole number"),
        ("first", None, "json: first is missing"),
        ("splits.test", None, "not all of the splits train, validation, test"),
        ("splits.more", 3, "not all of the splits train, validation, test"),
        ("sources", {}, "json.sources is {}, not a list"),
        ("sources.1.digest", None, r"json.sources\[1\]: digest is missing"),
        ("sources.0.samples.train", 1.5, r"json.sources\[0\].samples.train is 1.5, not a whole"),
        ("preset", None, "json: preset is missing"),
        ("preset.draws", None, "json.preset: draws is missing"),
        ("preset.draws.blur", None, r"json.preset: the section \[blur\] is missing"),
        ("versions", None, "json: versions is missing"),
        ("versions.numpy", 2, "json.versions.numpy is 2, not a text"),
        ("made.identity.train.content_id", None, "made.identity.train: content_id is missing"),
        ("made.identity", 0, "json.made.identity is 0, not an object"),
        ("made.left_out", {"folder": {"too small": "a.jpg"}}, "too small is 'a.jpg', not a list"),
        ("blind", {"test": 12}, "json.blind: commitment is missing"),
        ("review", {"fraction": "all"}, "json.review.fraction is 'all', not a number"),
        ("colour", "red", "json: unknown field 'colour'"),
    ],
)
def test_what_is_wrong_is_named(
    du110k: Path, tmp_path: Path, path: str, value: Any, message: str
) -> None:
    """`value` None takes the field away."""
    data = inner = read(du110k)
    *outer, name = path.split(".")
    for step in outer:
        inner = inner[int(step) if isinstance(inner, list) else step]
    if value is None:
        del inner[name]
    else:
        inner[name] = value
    (tmp_path / "recipe.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match=message) as caught:
        DatasetInfo.read(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "recipe.json"))


def test_no_dataset(du110k: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        DatasetInfo.read(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no dubench dataset"):
        DatasetInfo.read(Path(shutil.copytree(du110k / "data", tmp_path / "d")))
