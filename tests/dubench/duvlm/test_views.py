"""Computed views against scipy, on numpy and torch alike."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import fft as scipy_fft
from scipy import ndimage

from dubench.duvlm.views import VIEWS, as_pictures, check_views
from generators import degrade
from generators.errors import InputError
from generators.sources.photographs import load
from generators.sources.pools import BUNDLED

PHOTO = load(BUNDLED / "bridge-by-sander-klootwijk.jpg")[0][:200, :256]


def batch(*images: np.ndarray) -> np.ndarray:
    return np.stack([image.transpose(2, 0, 1) / 255 for image in images])


def luma(image: np.ndarray) -> np.ndarray:
    return image / 255 @ np.array([0.299, 0.587, 0.114])


def test_the_spectrum_is_scipys() -> None:
    (view,) = VIEWS["fft"](batch(PHOTO))[:, 0]
    amplitude = np.abs(scipy_fft.fftshift(scipy_fft.fft2(255 * luma(PHOTO))))
    np.testing.assert_allclose(view, np.log1p(amplitude) / np.log1p(255 * luma(PHOTO).size))
    # The mean stands in the middle, and a white picture's is all there is.
    assert view.argmax() == 100 * 256 + 128
    white = VIEWS["fft"](np.ones((1, 3, 8, 12)))[0, 0]
    assert white[4, 6] == pytest.approx(1)
    assert np.delete(white, 4 * 12 + 6) == pytest.approx(0)


def test_the_edges_are_scipys() -> None:
    (view,) = VIEWS["edges"](batch(PHOTO))[:, 0]
    down, across = (ndimage.sobel(luma(PHOTO), axis, mode="nearest") for axis in (0, 1))
    np.testing.assert_allclose(view, np.sqrt(np.hypot(down, across) / 4).clip(0, 1), atol=1e-7)
    step = np.zeros((1, 3, 9, 9))
    step[..., 4:] = 1
    assert VIEWS["edges"](step)[0, 0, :, 3:5] == pytest.approx(1)
    assert VIEWS["edges"](step)[0, 0, :, :3] == pytest.approx(0)


@pytest.mark.parametrize("name", list(VIEWS))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch_and_numpy_agree_and_batches_do_not_mix(name: str, dtype: torch.dtype) -> None:
    images = batch(PHOTO, PHOTO[::-1], PHOTO[:, ::-1])
    ours = VIEWS[name](images)
    theirs = VIEWS[name](torch.from_numpy(images).to(dtype))
    assert theirs.dtype == dtype
    assert theirs.shape == ours.shape == (3, *((3, 32, 32) if name == "chart" else (1, 200, 256)))
    assert np.abs(theirs.numpy() - ours).max() < 0.5 / 255
    for image, view in zip(images, ours, strict=True):
        np.testing.assert_array_equal(VIEWS[name](image[None])[0], view)
    assert ours.min() >= 0
    assert ours.max() <= 1


def test_pictures_of_one_photograph(tmp_path) -> None:
    spectrum, strength = as_pictures(PHOTO, ("fft", "edges"))
    for picture in (spectrum, strength):
        assert picture.shape == PHOTO.shape
        assert picture.dtype == np.uint8
        assert (picture == picture[..., :1]).all()
        Image.fromarray(picture)
    assert as_pictures(PHOTO, ()) == []
    (alone,) = as_pictures(PHOTO, ("edges",))
    np.testing.assert_array_equal(alone, strength)


def test_a_blur_dims_both() -> None:
    """What the views are for: fixed scales keep how much is left of details."""
    means = [
        [picture.mean() for picture in as_pictures(image, ("fft", "edges"))]
        for image in (PHOTO, *(degrade(PHOTO, "blur", {"sigma": s}).degraded for s in (2.0, 6.0)))
    ]
    assert (np.diff(means, axis=0) < 0).all()


@pytest.mark.parametrize("names", [["fft", "noise"], ["Edges"], [""]])
def test_an_unknown_view_is_one_line(names: list[str]) -> None:
    with pytest.raises(InputError, match="the views are fft, edges"):
        check_views(names)


def test_a_view_twice_is_one_line() -> None:
    with pytest.raises(InputError, match="name each view once"):
        check_views(["fft", "fft"])
