"""Map errors: computed from the haze equation by hand."""

import json
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dubench.dataset import Split, open_split
from dubench.predictions import file as predictions
from dubench.scoring.restored.maps import map_errors
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
    return map_errors(split, predictions.read(home / "preds.jsonl"))["transmission"]


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
    (tmp_path / "text.png").write_text("no picture")
    assert np.isnan(errors(split, tmp_path, other, "text.png")).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.png", r"line 1: maps.transmission 'nowhere.png' is missing; make it again"),
        ("text.png", "line 1: .*not a grey image of 8 or 16 bits"),
        ("empty.png", "not a grey image of 8 or 16 bits"),
        ("small.png", "line 1: the map of transmission is 8×8 pixels, the image 64×64"),
        ("colour.png", "not a grey image"),
        ("beyond.npy", "leaves"),
        ("nan.npy", "leaves"),
        ("cut.npy", "cannot be read"),
        ("nothing.npy", "the map of transmission cannot be read: No data left in file; save it"),
        ("broken_zip.npy", "the map of transmission cannot be read: File is not a zip file"),
        ("complex.npy", "holds complex128, not real numbers; save it as floats"),
        ("named.npy", "holds .*'t'.*, not real numbers"),
        ("dates.npy", r"holds datetime64\[s\], not real numbers"),
        ("vast.npy", "cannot be read"),
        ("flat.npy", "has shape"),
        ("several.npy", "holds several arrays"),
        (".", "is not a file"),
        ("fifo", "is not a file"),
        ("/dev/zero", "is outside .*; keep it beside the predictions"),
        ("../elsewhere.npy", "is outside"),
        ("link.npy", "is outside"),
        ("circle", "is outside|is missing"),
        ("a\x00b", "is outside|not a path"),
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
    np.save(tmp_path / "flat.npy", t.ravel())
    np.save(tmp_path / "whole.npy", t)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:-8])
    (tmp_path / "nothing.npy").touch()
    (tmp_path / "broken_zip.npy").write_bytes(b"PK\x03\x04" + bytes(64))
    np.save(tmp_path / "complex.npy", t + 0j)
    np.save(tmp_path / "named.npy", t.astype([("t", "<f8")]))
    np.save(tmp_path / "dates.npy", np.zeros(t.shape, "datetime64[s]"))
    # A header that claims 648 TB over a file of a few bytes.
    vast = {"descr": "<f8", "fortran_order": False, "shape": (9_000_000, 9_000_000)}
    with (tmp_path / "vast.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, vast)
        file.write(bytes(64))
    with (tmp_path / "several.npy").open("wb") as file:
        np.savez(file, t)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link.npy").symlink_to("/dev/zero")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(InputError, match=message) as caught:
        errors(split, tmp_path, place, name)
    assert str(caught.value).count("line 1") == 1


def test_a_path_elsewhere_says_the_same_whether_something_is_there(hazy, tmp_path: Path) -> None:
    split, place, t = hazy
    (tmp_path / "home").mkdir()
    np.save(tmp_path / "there.npy", t)
    said = []
    for name in ("../there.npy", "../gone_.npy"):
        with pytest.raises(InputError) as caught:
            errors(split, tmp_path / "home", place, name)
        said.append(str(caught.value).replace(name, "NAME"))
    assert said[0] == said[1]
