"""Depth maps in files written by other libraries."""

import unicodedata
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from generators.depth.map_files import find_map, list_maps, read_map, zero_is_farthest
from generators.errors import UnreadableError


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 65536, (30, 40)).astype(np.uint16)


@pytest.mark.parametrize("suffix", ["png", "tif", "tiff"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("writer", ["pillow", "opencv"])
def test_grey_images(
    noise: np.ndarray, tmp_path: Path, suffix: str, bits: int, writer: str
) -> None:
    values = noise if bits == 16 else (noise >> 8).astype(np.uint8)
    path = tmp_path / f"a.{suffix}"
    if writer == "pillow":
        Image.fromarray(values).save(path)
    else:
        cv2.imwrite(str(path), values)
    numbers = read_map(path)
    assert numbers.dtype == np.float32
    np.testing.assert_array_equal(numbers, values)


def test_float_tiff_and_pfm_from_opencv(tmp_path: Path) -> None:
    values = np.random.default_rng(1).gamma(2, 3, (30, 40)).astype(np.float32)
    values[3, 4] = np.inf
    for name in ("a.tiff", "a.pfm", "a.PFM"):
        cv2.imwrite(str(tmp_path / name), values)
        np.testing.assert_array_equal(read_map(tmp_path / name), values)


def test_pfm_by_its_definition(tmp_path: Path) -> None:
    """Rows from the bottom up; a positive scale means big-endian."""
    rows = np.array([[4, 5, 6], [1, 2, 3]], ">f4")
    (tmp_path / "a.pfm").write_bytes(b"Pf\n3 2\n1.0\n" + rows.tobytes())
    np.testing.assert_array_equal(read_map(tmp_path / "a.pfm"), [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "i8", "f2", "f4", ">f8"])
def test_arrays(tmp_path: Path, dtype: str) -> None:
    values = np.arange(120).reshape(10, 12).astype(dtype)
    np.save(tmp_path / "a.npy", values)
    np.save(tmp_path / "b.npy", values[None])
    np.savez(tmp_path / "c.npz", depth=values, confidence=np.ones_like(values))
    np.savez_compressed(tmp_path / "d.npz", values[..., None])
    for name in ("a.npy", "b.npy", "c.npz", "d.npz"):
        numbers = read_map(tmp_path / name)
        assert numbers.dtype == np.float32
        np.testing.assert_array_equal(numbers, values)


def test_numbers_too_large_are_infinite(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[1e300, 2.0]]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(read_map(tmp_path / "a.npy"), [[np.inf, 2]])


def test_grey_in_colour_is_grey_and_colour_is_refused(noise: np.ndarray, tmp_path: Path) -> None:
    grey = (noise >> 8).astype(np.uint8)
    Image.fromarray(grey).convert("RGB").save(tmp_path / "grey.png")
    Image.fromarray(grey).convert("P").save(tmp_path / "palette.png")
    cv2.imwrite(str(tmp_path / "colour.png"), cv2.applyColorMap(grey, cv2.COLORMAP_JET))
    for name in ("grey.png", "palette.png"):
        np.testing.assert_array_equal(read_map(tmp_path / name), grey)
    with pytest.raises(UnreadableError, match=r"30×40×3 is not two-dimensional.* one channel"):
        read_map(tmp_path / "colour.png")


def test_files_that_hold_no_map(tmp_path: Path) -> None:
    whole = np.arange(2000.0).reshape(40, 50)
    np.save(tmp_path / "whole.npy", whole)
    np.savez(tmp_path / "whole.npz", whole)
    Image.fromarray(whole.astype(np.uint16)).save(tmp_path / "whole.png")
    cv2.imwrite(str(tmp_path / "whole.pfm"), whole.astype(np.float32))
    for path in list(tmp_path.iterdir()):
        data = path.read_bytes()
        path.with_stem("cut").write_bytes(data[: len(data) // 2])
        path.with_stem("text").write_text("no depth here")
        path.with_stem("empty").write_bytes(b"")
    np.savez(tmp_path / "none.npz")
    np.save(tmp_path / "line.npy", np.ones(9))
    np.save(tmp_path / "stack.npy", np.ones((2, 3, 4)))
    np.save(tmp_path / "void.npy", np.ones((0, 4)))
    np.save(tmp_path / "complex.npy", np.ones((3, 4), complex))
    np.save(tmp_path / "objects.npy", np.array([[None]]), allow_pickle=True)
    refused = {}
    for path in sorted({*tmp_path.iterdir(), tmp_path / "gone.png"} - set(tmp_path.glob("whole*"))):
        with pytest.raises(UnreadableError) as caught:
            read_map(path)
        refused[path.name] = str(caught.value)
    assert len(refused) == 4 * 3 + 7
    assert all(reason and "\n" not in reason for reason in refused.values())
    assert refused["gone.png"] == "no such file"
    assert refused["none.npz"] == "holds no array"
    assert "9 is not two-dimensional" in refused["line.npy"]
    assert "2×3×4 is not two-dimensional" in refused["stack.npy"]
    assert refused["complex.npy"] == "holds complex128, not real numbers"
    assert refused["text.png"] == "not an image that can be decoded"


def test_maps_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("sub/a.png", "sub/a.npy", "a.png", "b.PFM", "c.txt", "d.jpg", "x.y.tif"):
        (tmp_path / name).touch()
    matches = {
        photo: path and path.relative_to(tmp_path).as_posix()
        for photo in ("sub/a.jpg", "a.jpg", "other/b.jpeg", "c.jpg", "d.png", "x.y.jpg")
        for path in [find_map(list_maps(tmp_path), photo)]
    }
    assert matches == {
        "sub/a.jpg": "sub/a.npy",
        "a.jpg": "a.png",
        "other/b.jpeg": "b.PFM",
        "c.jpg": None,
        "d.png": None,
        "x.y.jpg": "x.y.tif",
    }


def test_maps_are_found_whichever_way_accents_are_written(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        folder = tmp_path / form / unicodedata.normalize(form, "été")
        folder.mkdir(parents=True)
        np.save(folder / unicodedata.normalize(form, "café.npy"), np.ones((2, 2)))
    for there, asked in (("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")):
        maps = list_maps(tmp_path / there)
        for name in ("été/café.jpg", "été/café.v2.jpg", "café.jpg"):
            photo = unicodedata.normalize(asked, name)
            assert bool(find_map(maps, photo)) == (name == "été/café.jpg")


@pytest.mark.parametrize("most", [255, 65535])
def test_zero_is_the_farthest_in_a_map_that_was_stretched(most: int) -> None:
    """As Depth Anything's run.py writes: (d - min) / (max - min) * 255 as uint8."""
    raw = np.random.default_rng(0).gamma(2, 3, (60, 80)).astype(np.float32)
    stretched = np.floor((raw - raw.min()) / (raw.max() - raw.min()) * most).astype(np.float32)
    known = zero_is_farthest(stretched)
    assert known.min() > 0
    np.testing.assert_array_equal(np.maximum(stretched, 0.5), known)
    holes = np.where(stretched < most / 16, 0, stretched)
    with pytest.raises(UnreadableError, match="with a gap above 0"):
        zero_is_farthest(holes)
    for other in (raw, stretched + 1, np.minimum(holes, most - 1)):
        np.testing.assert_array_equal(zero_is_farthest(other), other)
