"""Every kind of file that a folder of photographs holds."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from generators.errors import UnreadableError
from generators.sources import photographs


@pytest.fixture(scope="module")
def scene(photos: Path) -> Image.Image:
    return Image.open(photos / "wine-by-jakkub-mede.jpg").convert("RGB").resize((240, 320))


def difference(path: Path, wanted: Image.Image) -> float:
    pixels, _ = photographs.load(path)
    assert pixels.shape == (wanted.height, wanted.width, 3)
    return float(np.abs(pixels.astype(int) - np.asarray(wanted.convert("RGB"))).mean())


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp"])
def test_lossless_formats(scene: Image.Image, tmp_path: Path, suffix: str) -> None:
    scene.save(tmp_path / f"a.{suffix}", lossless=True)
    assert difference(tmp_path / f"a.{suffix}", scene) == 0


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(scene: Image.Image, tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    scene.save(tmp_path / "a.jpg", quality=95, exif=exif)
    scene.save(tmp_path / "a.png", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(tmp_path / "a.png"))
    for name, tolerance in (("a.jpg", 3), ("a.png", 0)):
        assert difference(tmp_path / name, upright) <= tolerance
        inspection = photographs.inspect(tmp_path / name)
        assert (inspection.width, inspection.height) == upright.size


@pytest.mark.parametrize("mode", ["L", "CMYK", "YCbCr"])
def test_jpeg_modes(scene: Image.Image, tmp_path: Path, mode: str) -> None:
    scene.convert(mode).save(tmp_path / "a.jpg", quality=95)
    assert difference(tmp_path / "a.jpg", scene.convert(mode)) < 3


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA"])
def test_png_modes(scene: Image.Image, tmp_path: Path, mode: str) -> None:
    scene.convert(mode).save(tmp_path / "a.png")
    assert difference(tmp_path / "a.png", scene.convert(mode)) == 0


def test_sixteen_bits(scene: Image.Image, tmp_path: Path) -> None:
    grey = np.asarray(scene.convert("L"))
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "a.png")
    assert difference(tmp_path / "a.png", scene.convert("L")) == 0


def test_transparency_is_laid_over_white(tmp_path: Path) -> None:
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert difference(tmp_path / "a.png", Image.new("RGB", (64, 64), "white")) == 0


def test_reduction_by_whole_factors(scene: Image.Image, tmp_path: Path) -> None:
    scene.save(tmp_path / "a.jpg", quality=95)
    scene.save(tmp_path / "a.png")
    for factor in (2, 4, 8):
        wanted = np.asarray(scene.reduce(factor)).astype(int)
        for name in ("a.jpg", "a.png"):
            pixels, _ = photographs.load(tmp_path / name, factor)
            assert pixels.shape == wanted.shape
            assert np.abs(pixels - wanted).mean() < 3


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp"])
def test_a_file_cut_short_is_unreadable(
    scene: Image.Image, tmp_path: Path, suffix: str, share: float
) -> None:
    buffer = io.BytesIO()
    scene.save(buffer, {"jpg": "jpeg"}.get(suffix, suffix))
    data = buffer.getvalue()
    (tmp_path / f"a.{suffix}").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableError):
        photographs.inspect(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff\xd9", b"not an image", bytes(5000)])
def test_what_is_no_image_is_unreadable(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(UnreadableError):
        photographs.load(tmp_path / "a.jpg")


def test_a_missing_file_says_nothing_of_the_photograph(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        photographs.load(tmp_path / "a.jpg")
