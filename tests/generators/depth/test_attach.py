"""Depth that comes with the photographs reaches the rows, and the rows say so."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, Features, Image, Value
from PIL import Image as PillowImage
from scipy.stats import spearmanr
from skimage import data

from generators.build.generate import generate
from generators.build.verify import verify
from generators.depth.attach import DepthSpec
from generators.errors import InputError
from generators.images import decode_depth
from generators.sources.pools import SourceSpec


def ramp(photo: Path) -> np.ndarray:
    """Metres, growing to the right."""
    with PillowImage.open(photo) as image:
        width, height = image.size
    return np.tile(np.linspace(5, 80, width // 4, dtype=np.float32), (height // 4, 1))


def hazy_rows(folder: Path) -> list[dict]:
    rows = [r for f in sorted((folder / "data").iterdir()) for r in pq.read_table(f).to_pylist()]
    return [row for row in rows if row["depth"]]


@pytest.mark.parametrize("depth_source", ["folder", "disparity"])
def test_maps_beside_the_photographs(photos: Path, tmp_path: Path, depth_source: str) -> None:
    (tmp_path / "maps").mkdir()
    for photo in sorted(photos.glob("*.jpg"))[1:]:  # one has none
        depth = ramp(photo)
        np.save(
            tmp_path / "maps" / f"{photo.stem}.npy",
            depth if depth_source == "folder" else 1 / depth,
        )
    spec = DepthSpec.parse(f"{depth_source}={tmp_path / 'maps'}")
    source = [SourceSpec("folder", str(photos))]
    generate(120, tmp_path / "d", source, size=64, depth=spec)
    rows = hazy_rows(tmp_path / "d")
    assert {row["depth_source"] for row in rows} <= {depth_source, "procedural"}
    mine = [row for row in rows if row["depth_source"] == depth_source]
    assert len(mine) > 20
    for row in mine:
        depth = decode_depth(row["depth"]["bytes"]).astype(float)
        # A ramp stays one: across, linear from the nearest to the farthest; down, constant.
        assert depth.std(axis=0).max() < 0.01 * 65535
        wanted = np.linspace(0.05 * 65535, 65535, 64)
        assert np.abs(depth.mean(axis=0) - wanted).max() < 0.06 * 65535
    assert verify(tmp_path / "d").good


def test_exact_depth_of_scenes_stays(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    for photo in photos.glob("*.jpg"):
        np.save(tmp_path / "maps" / f"{photo.stem}.npy", ramp(photo))
    spec = DepthSpec("folder", str(tmp_path / "maps"))
    sources = [SourceSpec("folder", str(photos)), SourceSpec("dead-leaves")]
    generate(120, tmp_path / "d", sources, size=64, depth=spec)
    depth_sources = {(row["source"], row["depth_source"]) for row in hazy_rows(tmp_path / "d")}
    assert depth_sources == {("folder", "folder"), ("dead-leaves", "exact")}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda depth: depth[:, : depth.shape[1] // 2], "does not fit"),
        (np.zeros_like, "holds no depth"),
        (lambda depth: np.full_like(depth, np.nan), "holds no depth"),
    ],
)
def test_a_broken_map_is_named(photos: Path, tmp_path: Path, spoil, message: str) -> None:
    (tmp_path / "maps").mkdir()
    photo = photos / "wine-by-jakkub-mede.jpg"
    np.save(tmp_path / "maps" / f"{photo.stem}.npy", spoil(ramp(photo)))
    spec = DepthSpec("folder", str(tmp_path / "maps"))
    with pytest.raises(InputError, match=rf"wine-by-jakkub-mede.npy: .*{message}.*procedural"):
        generate(40, tmp_path / "d", [SourceSpec("folder", str(photos))], size=64, depth=spec)
    assert not (tmp_path / "d").exists()


def test_no_map_at_all(photos: Path, tmp_path: Path) -> None:
    source = [SourceSpec("folder", str(photos))]
    with pytest.raises(InputError, match="no such folder"):
        generate(40, tmp_path / "d", source, depth=DepthSpec("folder", str(tmp_path / "no")))
    (tmp_path / "maps").mkdir()
    cv2.imwrite(str(tmp_path / "maps" / "other.png"), np.ones((9, 9), np.uint16))
    with pytest.raises(InputError, match="no map there is named after a photograph"):
        generate(40, tmp_path / "d", source, depth=DepthSpec("folder", str(tmp_path / "maps")))


@pytest.mark.parametrize("text", ["", "lidar", "folder", "procedural=x", "model=", "column"])
def test_bad_specs(text: str) -> None:
    with pytest.raises(InputError, match="depth"):
        DepthSpec.parse(text)


def png(pixels: np.ndarray) -> dict:
    return {"bytes": cv2.imencode(".png", pixels)[1].tobytes(), "path": None}


def columns(root: Path, **cells: list) -> list[SourceSpec]:
    """A local dataset whose columns are images, but `label`."""
    features = {name: Value("int64") if name == "label" else Image() for name in cells}
    root.mkdir()
    rows = Dataset.from_dict(cells, features=Features(features))
    rows.to_parquet(root / "train-00000-of-00001.parquet")
    return [SourceSpec("hf", str(root))]


@pytest.fixture
def with_depth(photos: Path, tmp_path: Path) -> tuple[list[SourceSpec], int]:
    """Photographs with depth of 16 bits in two columns; in the first, one has none."""
    files = sorted(photos.glob("*.jpg"))
    depth = [png((ramp(file) * 800).astype(np.uint16)) for file in files]
    words = [{"bytes": file.read_bytes(), "path": None} for file in files]
    other = [png((ramp(file)[:, ::-1] * 800).astype(np.uint16)) for file in files]
    depth[4] = None
    label = list(range(len(files)))
    cells = {"photo": words, "depth": depth, "other": other, "label": label}
    return columns(tmp_path / "hub", **cells), 4


def test_a_column_of_depth(with_depth, tmp_path: Path) -> None:
    source, missing = with_depth
    generate(120, tmp_path / "d", source, size=64, depth=DepthSpec.parse("column=depth"))
    rows = hazy_rows(tmp_path / "d")
    assert len(rows) == 30
    for row in rows:
        has = row["source_id"] != f"{missing:09d}"
        assert row["depth_source"] == ("column" if has else "procedural")
        if has:
            across = decode_depth(row["depth"]["bytes"]).astype(float).mean(axis=0)
            assert np.abs(across - np.linspace(0.05 * 65535, 65535, 64)).max() < 0.06 * 65535
    assert {row["depth_source"] for row in rows} == {"column", "procedural"}
    assert verify(tmp_path / "d").good
    # Raw bytes, and another column takes their place.
    spooled = next((tmp_path / "d.spool").iterdir()) / "depth"
    assert len(list(spooled.iterdir())) == 12
    shutil.rmtree(tmp_path / "d")
    generate(120, tmp_path / "d", source, size=64, depth=DepthSpec("column", "other"))
    assert len(list(spooled.iterdir())) == 13
    for row in hazy_rows(tmp_path / "d"):
        across = decode_depth(row["depth"]["bytes"]).astype(float).mean(axis=0)
        assert across[0] > across[-1]


def test_measured_depth_in_a_column(tmp_path: Path) -> None:
    """Depth in millimetres of scikit-image's stereo pair, 0 where it was not measured."""
    left, _, disparity = data.stereo_motorcycle()
    measured = np.isfinite(disparity) & (disparity > 0)
    depth = np.where(measured, 994.978 * 193.001 / np.maximum(disparity + 31.086, 1), 0)
    source = columns(
        tmp_path / "hub",
        depth=[png(np.rint(np.roll(depth, i, axis=0)).astype(np.uint16)) for i in range(3)],
        image=[png(np.roll(left[..., ::-1], i, axis=0)) for i in range(3)],
    )
    generate(12, tmp_path / "d", source, size=256, depth=DepthSpec("column", "depth"))
    for row in hazy_rows(tmp_path / "d"):
        assert row["depth_source"] == "column"
        x, y, width, height = row["crop_box"]
        there = np.roll(depth, int(row["source_id"]), axis=0)[y : y + height, x : x + width]
        theirs = cv2.resize(there.astype(np.float32), (256, 256), interpolation=cv2.INTER_AREA)
        known = cv2.resize(np.float32(there > 0), (256, 256), interpolation=cv2.INTER_AREA) == 1
        ours = decode_depth(row["depth"]["bytes"])
        assert spearmanr(ours[known], theirs[known]).statistic > 0.98


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            "distance",
            r"hf=.*: that column is not in it; its image columns are: photo, depth, other",
        ),
        ("label", r"that column holds no images; its image columns are: photo, depth, other"),
    ],
)
def test_no_such_column(with_depth, tmp_path: Path, column: str, message: str) -> None:
    with pytest.raises(InputError, match=f"--depth column={column}: .*{message}"):
        generate(40, tmp_path / "d", with_depth[0], size=64, depth=DepthSpec("column", column))


def test_depth_alone_is_no_photograph(tmp_path: Path) -> None:
    source = columns(tmp_path / "hub", depth=[png(np.ones((64, 64), np.uint16))])
    with pytest.raises(InputError, match="it has no image column but depth"):
        generate(40, tmp_path / "d", source, size=64, depth=DepthSpec("column", "depth"))


def test_a_column_without_columns(photos: Path, tmp_path: Path) -> None:
    source = [SourceSpec("folder", str(photos))]
    with pytest.raises(InputError, match="only hf sources have columns; add --source hf=NAME"):
        generate(40, tmp_path / "d", source, depth=DepthSpec("column", "depth"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda cell: {"bytes": cell["bytes"][:200], "path": None}, "row 5: .*then remove .*spool"),
        (lambda cell: png(np.zeros((160, 284), np.uint16)), "row 5: holds no depth"),
        (lambda cell: png(np.ones((160, 100), np.uint16)), "row 5: .*does not fit"),
        (lambda cell: {"bytes": b"no image", "path": None}, "row 5 of hf=.*neither PNG nor TIFF"),
    ],
)
def test_a_broken_cell_is_named(photos: Path, tmp_path: Path, spoil, message: str) -> None:
    files = sorted(photos.glob("*.jpg"))
    depth = [png((ramp(file) * 800).astype(np.uint16)) for file in files]
    depth[5] = spoil(depth[5])
    words = [{"bytes": file.read_bytes(), "path": None} for file in files]
    source = columns(tmp_path / "hub", photo=words, depth=depth)
    with pytest.raises(InputError, match=f"--depth column.*{message}"):
        generate(40, tmp_path / "d", source, size=64, depth=DepthSpec("column", "depth"))
    assert not (tmp_path / "d").exists()


def test_an_empty_column(photos: Path, tmp_path: Path) -> None:
    words = [{"bytes": file.read_bytes(), "path": None} for file in photos.glob("*.jpg")]
    source = columns(tmp_path / "hub", photo=words, depth=[None] * len(words))
    with pytest.raises(InputError, match="it is empty in every row"):
        generate(40, tmp_path / "d", source, size=64, depth=DepthSpec("column", "depth"))


def test_the_recipe_column_is_json(du110k: Path) -> None:
    row = hazy_rows(du110k)[0]
    assert json.loads(row["recipe"])["derived"]["beta"] > 0
