"""The JPEG self-check: another library's build of the same codec passes, one odd pixel does not."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from generators import codec
from generators.build.generate import generate
from generators.build.verify import verify
from generators.dataset.info import DatasetInfo
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from tests.conftest import Dubench

PICTURE = Path(codec.__file__).parent / "data" / "codec.jpg"
OTHER = "another, #01234567"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    codec.jpeg_codec.cache_clear()
    yield
    codec.jpeg_codec.cache_clear()


def test_the_wheels_codec_is_the_usual_one() -> None:
    assert codec.jpeg_codec() == codec.USUAL


@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
def test_pillows_own_libjpeg_turbo_decodes_the_picture_alike(reduction: int) -> None:
    flags = {
        1: cv2.IMREAD_COLOR,
        2: cv2.IMREAD_REDUCED_COLOR_2,
        4: cv2.IMREAD_REDUCED_COLOR_4,
        8: cv2.IMREAD_REDUCED_COLOR_8,
    }
    ours = cv2.imread(str(PICTURE), flags[reduction])[..., ::-1]
    with Image.open(PICTURE) as image:
        image.draft("RGB", (image.width // reduction, image.height // reduction))
        theirs = np.asarray(image)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("call", range(5))
def test_one_odd_pixel_anywhere_is_another_codec(
    monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """At any of the sizes, and after encoding: a decoder that is one level off once."""
    decode: Callable[..., np.ndarray] = cv2.imdecode
    calls = iter(range(5))

    def odd(*arguments: object) -> np.ndarray:
        image = decode(*arguments)
        if next(calls) == call:
            image[-1, -1, 0] ^= 1
        return image

    monkeypatch.setattr(cv2, "imdecode", odd)
    assert codec.jpeg_codec().startswith("another, #")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("codec", "dataset.info", "build.verify"):
        monkeypatch.setattr(f"generators.{module}.jpeg_codec", lambda: OTHER)


@pytest.mark.usefixtures("elsewhere")
def test_another_codec_is_in_the_recipe_and_warned_of(
    tmp_path: Path, dubench_here: Dubench
) -> None:
    """And workers whose codec is the usual one, as here, refuse to make other pixels."""
    small = ("--n", 8, "--size", 32, "--workers", 1)
    run = dubench_here("generate", *small, "--out", "d", cwd=tmp_path)
    assert run.returncode == 2
    assert f"note: the JPEG codec of OpenCV here is {OTHER}" in run.stderr
    assert f"{codec.USUAL}, and the run began with {OTHER}: install the same" in run.stderr
    assert DatasetInfo.read(tmp_path / "d").versions["jpeg"] == OTHER


@pytest.mark.usefixtures("elsewhere")
def test_verify_names_the_codec_of_the_dataset(copy: Path, dubench_here: Dubench) -> None:
    audit = verify(copy)
    assert audit.good
    assert audit.codec == codec.USUAL
    run = dubench_here("verify", copy, cwd=copy.parent)
    assert f"its JPEG codec was {codec.USUAL}, the one here is {OTHER}" in run.stdout


def test_a_run_does_not_go_on_with_another_codec(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = json.loads((copy / "recipe.json").read_text())
    del recipe["made"]
    (copy / "recipe.json").write_text(json.dumps(recipe))
    monkeypatch.setattr("generators.dataset.info.jpeg_codec", lambda: OTHER)
    with pytest.raises(InputError, match=rf"another jpeg \({codec.USUAL} there, {OTHER} here\)"):
        generate(440, copy, [SourceSpec("builtin")], size=64)
