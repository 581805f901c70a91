"""Map errors: computed from the haze equation by hand."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dubench.dataset import Split, open_split
from dubench.predictions import file as predictions
from dubench.scoring.maps import map_errors
from generators.errors import InputError
from generators.images import decode_depth


@pytest.fixture
def hazy(du110k: Path) -> tuple[Split, int, np.ndarray]:
    """The test split, the row of a hazy sample, and its transmission by its own equation."""
    split = open_split(str(du110k), "test")
    rows = [row for file in split.files for row in pq.read_table(file).to_pylist()]
    place = next(i for i, row in enumerate(rows) if row["beta"] is not None)
    depth = decode_depth(rows[place]["depth"]["bytes"])
    assert depth is not None
    return split, place, np.exp(-rows[place]["beta"] * (depth / 65535.0))


def errors(split: Split, home: Path, place: int, name: str) -> np.ndarray:
    line = {"id": split.ids[place], "type": "haze", "maps": {"transmission": name}}
    (home / "preds.jsonl").write_text(json.dumps(line) + "\n")
    return map_errors(split, predictions.read(home / "preds.jsonl").by_id, home)["transmission"]


def test_the_error_is_the_mean_distance(hazy, tmp_path: Path) -> None:
    split, place, t = hazy
    np.save(tmp_path / "exact.npy", t)
    np.save(tmp_path / "half.npy", t / 2)
    Image.fromarray(np.round(t * 65535).astype(np.uint16)).save(tmp_path / "exact.png")
    Image.fromarray(np.round(t * 255).astype(np.uint8)).save(tmp_path / "coarse.png")
    error = errors(split, tmp_path, place, "exact.npy")
    assert error[place] == pytest.approx(0, abs=1e-6)
    assert np.isnan(np.delete(error, place)).all()
    assert errors(split, tmp_path, place, "half.npy")[place] == pytest.approx(
        t.mean() / 2, abs=1e-6
    )
    assert errors(split, tmp_path, place, "exact.png")[place] < 1e-5
    assert 0 < errors(split, tmp_path, place, "coarse.png")[place] < 0.5 / 255


def test_a_map_on_a_sample_without_haze_is_left_out(hazy, tmp_path: Path) -> None:
    split, place, _ = hazy
    true = split.ground_truth()
    other = int(np.flatnonzero(true.types != true.types[place])[0])
    assert np.isnan(errors(split, tmp_path, other, "nowhere.png")).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.png", "cannot be read: No such file"),
        ("text.png", "not an image of 8 or 16 bits"),
        ("empty.png", "not an image of 8 or 16 bits"),
        ("small.png", "is 8×8 pixels, the image 64×64"),
        ("colour.png", "one number per pixel"),
        ("beyond.npy", "leaves"),
        ("nan.npy", "leaves"),
        (".", "cannot be read"),
    ],
)
def test_maps_that_are_none(hazy, tmp_path: Path, name: str, message: str) -> None:
    split, place, t = hazy
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    Image.new("L", (8, 8)).save(tmp_path / "small.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "colour.png")
    np.save(tmp_path / "beyond.npy", t + 1)
    np.save(tmp_path / "nan.npy", np.where(t > t.mean(), np.nan, t))
    with pytest.raises(InputError, match=message):
        errors(split, tmp_path, place, name)
