import io
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tifffile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from dubench.dataset import Split, open_split
from dubench.predictions.file import Predictions, read
from dubench.scoring.restored import files
from dubench.scoring.restored.measure import find, score_restored
from dubench.scoring.restored.metrics import choose
from generators.errors import InputError
from generators.images import decode_rgb, encode_rgb
from tests.dubench.scoring.restored.pictures import need_weights

Pixels = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def split(du110k: Path) -> Split:
    return open_split(str(du110k), "test")


@pytest.fixture(scope="module")
def clean(split: Split) -> Pixels:
    return dict(split.images("clean"))


@pytest.fixture
def folder(tmp_path: Path, clean: Pixels) -> Path:
    """Three perfect restorations, by name."""
    home = tmp_path / "restored"
    home.mkdir()
    for name in list(clean)[:3]:
        Image.fromarray(clean[name]).save(home / f"{name}.png")
    return home


def predicted(home: Path, split: Split, restored: dict[str, str]) -> Predictions:
    """preds.jsonl in `home`: a line per sample that names an image, and one that names none."""
    path = home / "preds.jsonl"
    lines = [{"id": name, "type": "blur", "restored": path} for name, path in restored.items()]
    lines.append({"id": split.ids[-1], "type": "blur"})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return read(path, frozenset(split.ids))


def quiet(done: int, of: int) -> None:
    pass


def test_what_is_not_restored_is_the_degraded_image(
    split: Split, folder: Path, clean: Pixels
) -> None:
    paths = find(split, predicted(folder.parent, split, {}), folder)
    progress: list[tuple[int, int]] = []
    result = score_restored(
        split, paths, choose("psnr,ssim", "cpu"), lambda done, total: progress.append((done, total))
    )
    restored = dict(split.images("degraded")) | {name: clean[name] for name in paths}
    same = {name for name in clean if np.array_equal(restored[name], clean[name])}
    wanted = [
        100 if name in same else peak_signal_noise_ratio(clean[name], restored[name])
        for name in split.ids
    ]
    assert len(paths) == 3 < len(wanted)
    assert result.values["psnr"] == pytest.approx(wanted, abs=1e-6)
    assert (result.values["ssim"] == 1).tolist() == [name in same for name in split.ids]
    assert result.notes == []
    assert progress[-1] == (split.n, split.n)
    assert [done for done, _ in progress] == sorted({done for done, _ in progress})


def test_paths_in_the_predictions_are_relative_to_them(
    split: Split, folder: Path, clean: Pixels, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = list(clean)[:3]
    predictions = predicted(folder.parent, split, {name: f"restored/{name}.png" for name in names})
    monkeypatch.chdir("/")
    assert find(split, predictions, None) == {name: folder / f"{name}.png" for name in names}
    only = predicted(folder.parent, split, {names[1]: f"./restored/../restored/{names[2]}.png"})
    assert list(find(split, only, None)) == [names[1]]


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".webp", ".bmp", ".tif"])
def test_lossless_files_of_any_format_are_exact(
    split: Split, clean: Pixels, tmp_path: Path, suffix: str
) -> None:
    name = split.ids[0]
    home = tmp_path / "restored"
    home.mkdir()
    Image.fromarray(clean[name]).save(home / f"{name}{suffix}", lossless=True)
    paths = find(split, predicted(tmp_path, split, {}), home)
    assert score_restored(split, paths, choose("psnr", "cpu"), quiet).values["psnr"][0] == 100


@settings(max_examples=150)
@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.sampled_from([".png", ".bmp", ".tif"]),
    st.sampled_from([np.uint8, np.uint16]),
    st.sampled_from(["none", "lzw", "planes"]),
    st.integers(0, 2**32 - 1),
)
@example((8, 720), ".bmp", np.uint8, "none", 0)  # 2,160 bytes a row
@example((16, 9), ".tif", np.uint8, "lzw", 0)
def test_only_what_has_16_bits_is_refused_for_them(
    size: tuple[int, int], suffix: str, depth: type, layout: str, seed: int
) -> None:
    """OpenCV and tifffile write, of random levels, so that offsets in a file have any digits."""
    top = np.iinfo(depth).max
    pixels = np.random.default_rng(seed).integers(0, top, (*size, 3), depth, endpoint=True)
    if suffix == ".bmp":
        pixels = pixels.astype(np.uint8)  # it holds no more
    data = io.BytesIO()
    if suffix == ".tif" and layout == "planes":
        planes = pixels.transpose(2, 0, 1)
        tifffile.imwrite(data, planes, photometric="rgb", planarconfig="separate")
    else:
        compression = [cv2.IMWRITE_TIFF_COMPRESSION, 5 if layout == "lzw" else 1]
        options = compression if suffix == ".tif" else []
        data.write(cv2.imencode(suffix, pixels[..., ::-1], options)[1])
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / f"image{suffix}"
        path.write_bytes(data.getvalue())
        if pixels.dtype == np.uint16:
            with pytest.raises(InputError, match=r"of 16 bits, not 8-bit RGB"):
                files.size(path)
        else:
            assert files.size(path) == size
            assert np.array_equal(files.load(path), pixels)


def test_opaque_alpha_is_dropped(split: Split, folder: Path, clean: Pixels) -> None:
    name = split.ids[0]
    Image.fromarray(clean[name]).convert("RGBA").save(folder / f"{name}.png")
    paths = find(split, predicted(folder.parent, split, {}), folder)
    assert score_restored(split, paths, choose("psnr", "cpu"), quiet).values["psnr"][0] == 100


Spoil = Callable[[Path, Image.Image], object]

AT_ONCE: dict[str, tuple[Spoil, str]] = {
    "two files for one": (
        lambda path, image: image.save(path.with_suffix(".jpg")),
        r"two files for du-\d+: du-\d+.jpg and du-\d+.png; keep one",
    ),
    "a stranger": (
        lambda path, image: [image.save(path.with_name(f"{n}.png")) for n in ("one", "two")],
        r"2 of 5 images are of no sample of this split, the first one.png",
    ),
    "a folder": (
        lambda path, image: (path.unlink(), path.mkdir()),
        r"du-\d+.png is a folder, not an image",
    ),
    "another size": (
        lambda path, image: image.resize((128, 96)).save(path),
        r"du-\d+.png is 128×96 pixels and its sample 64×64; restore at the size of the",
    ),
    "grey": (lambda path, image: image.convert("L").save(path), r"mode L, not 8-bit RGB; save"),
    "a palette": (lambda path, image: image.convert("P").save(path), r"mode P, not 8-bit RGB"),
    "16 bits of grey": (
        lambda path, image: Image.new("I;16", (64, 64)).save(path),
        r"of 16 bits, not 8-bit RGB",
    ),
    "16 bits of colour": (
        lambda path, image: cv2.imwrite(str(path), np.zeros((64, 64, 3), np.uint16)),
        r"of 16 bits, not 8-bit RGB",
    ),
    "text": (lambda path, image: path.write_text("sorry"), r"not a PNG, JPEG, WebP, BMP or TIFF"),
    "empty": (lambda path, image: path.write_bytes(b""), r"not a PNG, JPEG, WebP, BMP or TIFF"),
}


@pytest.mark.parametrize("what", AT_ONCE)
def test_a_wrong_file_is_found_before_anything_is_scored(
    split: Split, folder: Path, what: str
) -> None:
    spoil, message = AT_ONCE[what]
    path = sorted(folder.iterdir())[1]
    spoil(path, Image.open(path).copy())
    with pytest.raises(InputError, match=message) as error:
        find(split, predicted(folder.parent, split, {}), folder)
    assert "\n" not in str(error.value)
    assert str(folder) in str(error.value)


def transparent(path: Path, image: Image.Image) -> None:
    image.putalpha(254)
    image.save(path)


def transparent_colour(path: Path, image: Image.Image) -> None:
    image.save(path, transparency=image.getpixel((3, 3)))


def cut(path: Path, image: Image.Image) -> None:
    path.write_bytes(path.read_bytes()[:-2000])


LATER: dict[str, tuple[Spoil, str]] = {
    "cut short": (cut, r"cannot be decoded: .*; restore this image again"),
    "transparent": (transparent, r"some pixels are transparent"),
    "a transparent colour": (transparent_colour, r"some pixels are transparent"),
    "taken away": (lambda path, image: path.unlink(), r"is missing; restore this image again"),
    "turned": (
        lambda path, image: image.crop((0, 0, 64, 32)).save(path),
        r"is 64×32 pixels and its sample 64×64",
    ),
}


@pytest.mark.parametrize("what", LATER)
def test_a_wrong_file_is_found_when_it_is_read(split: Split, folder: Path, what: str) -> None:
    spoil, message = LATER[what]
    paths = find(split, predicted(folder.parent, split, {}), folder)
    path = sorted(folder.iterdir())[1]
    spoil(path, Image.open(path).copy())
    with pytest.raises(InputError, match=message) as error:
        score_restored(split, paths, choose("psnr", "cpu"), quiet)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", ["../secret.png", "/etc/secret.png", "link/secret.png"])
def test_a_path_that_leads_outside_is_refused(split: Split, tmp_path: Path, path: str) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    for place in (tmp_path, outside):
        Image.new("RGB", (64, 64)).save(place / "secret.png")
    (home / "link").symlink_to(outside)
    predictions = predicted(home, split, {split.ids[4]: "restored.png", split.ids[0]: path})
    Image.new("RGB", (64, 64)).save(home / "restored.png")
    with pytest.raises(
        InputError, match=r"preds.jsonl line 2: restored .* is outside .*--restored"
    ):
        find(split, predictions, None)


@pytest.mark.parametrize("path", ["none.png", "."])
def test_a_named_file_that_is_not_there_is_an_error(
    split: Split, tmp_path: Path, path: str
) -> None:
    predictions = predicted(tmp_path, split, {split.ids[0]: path})
    with pytest.raises(InputError, match=r"is missing|is not a file"):
        find(split, predictions, None)


def test_a_folder_without_images_is_an_error(split: Split, tmp_path: Path) -> None:
    predictions = predicted(tmp_path, split, {})
    with pytest.raises(InputError, match="no such folder"):
        find(split, predictions, tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"no images; name them ID.png"):
        find(split, predictions, tmp_path)
    assert find(split, predictions, None) == {}


def test_files_that_are_no_images_are_passed_over(split: Split, folder: Path) -> None:
    (folder / "README.md").write_text("how these were made")
    (folder / ".hidden.png").write_bytes(b"")
    assert len(find(split, predicted(folder.parent, split, {}), folder)) == 3


def test_what_could_not_be_measured_is_noted(
    split: Split, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    paths = find(split, predicted(folder.parent, split, {}), folder)
    result = score_restored(split, paths, choose("auto", "cpu"), quiet)
    assert list(result.values) == ["psnr", "ssim"]
    assert [note.split(":")[0] for note in result.notes] == [
        f"{name} was not computed" for name in ("lpips", "niqe", "brisque", "clipiqa")
    ]


def test_a_uniform_restoration_has_no_brisque(split: Split, folder: Path) -> None:
    need_weights("pyiqa/brisque_svm_weights.pth")
    name = sorted(folder.iterdir())[1]
    Image.new("RGB", (64, 64), "gray").save(name)
    paths = find(split, predicted(folder.parent, split, {}), folder)
    result = score_restored(split, paths, choose("brisque,psnr", "cpu"), quiet)
    gone = np.isnan(result.values["brisque"])
    assert [split.ids[row] for row in np.flatnonzero(gone)] == [name.stem]
    assert result.notes == ["brisque is averaged without 1 images that have no value"]
    assert not np.isnan(result.values["psnr"]).any()


def test_images_of_several_sizes(du110k: Path, tmp_path: Path) -> None:
    """One size for all is the generator's custom, not the format's."""
    (file,) = (du110k / "data").glob("test-*.parquet")
    table = pq.read_table(file)
    rows = table.to_pylist()
    for row in rows[5:9]:
        for column in ("degraded", "clean"):
            image = decode_rgb(row[column]["bytes"])
            assert image is not None
            row[column]["bytes"] = encode_rgb(image[:40, :50])
    path = tmp_path / "test-0.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    split = open_split(str(path), "test")
    home = tmp_path / "restored"
    home.mkdir()
    for name, clean in split.images("clean"):
        Image.fromarray(clean).save(home / f"{name}.png")
    predictions = predicted(tmp_path, split, {})
    paths = find(split, predictions, home)
    measured = score_restored(split, paths, choose("psnr,ssim", "cpu"), quiet).values
    assert measured["psnr"].tolist() == [100] * split.n
    Image.new("RGB", (64, 64)).save(home / f"{split.ids[6]}.png")
    Image.new("RGB", (60, 40)).save(home / f"{split.ids[7]}.png")
    with pytest.raises(InputError, match="is 60×40 pixels and its sample 50×40"):
        find(split, predictions, home)
    with pytest.raises(InputError, match="is 64×64 pixels and its sample 50×40"):
        score_restored(split, paths, choose("psnr,ssim", "cpu"), quiet)
