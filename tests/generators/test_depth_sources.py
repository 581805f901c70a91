"""Depth that comes with the photographs reaches the rows, and the rows say so."""

import json
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from generators.audit import verify
from generators.depth_sources import DepthSpec
from generators.errors import InputError
from generators.generate import generate
from generators.pictures import decode_depth
from generators.sources import SourceSpec


def ramp(photo: Path) -> np.ndarray:
    """Metres, growing to the right."""
    with Image.open(photo) as image:
        width, height = image.size
    return np.tile(np.linspace(5, 80, width // 4, dtype=np.float32), (height // 4, 1))


def hazy_rows(folder: Path) -> list[dict]:
    rows = [r for f in sorted((folder / "data").iterdir()) for r in pq.read_table(f).to_pylist()]
    return [row for row in rows if row["depth"]]


@pytest.mark.parametrize("kind", ["folder", "disparity"])
def test_maps_beside_the_photographs(photos: Path, tmp_path: Path, kind: str) -> None:
    (tmp_path / "maps").mkdir()
    for photo in sorted(photos.glob("*.jpg"))[1:]:  # one has none
        depth = ramp(photo)
        np.save(tmp_path / "maps" / f"{photo.stem}.npy", depth if kind == "folder" else 1 / depth)
    spec = DepthSpec.parse(f"{kind}={tmp_path / 'maps'}")
    source = [SourceSpec("folder", str(photos))]
    generate(120, tmp_path / "d", source, size=64, depth=spec)
    rows = hazy_rows(tmp_path / "d")
    assert {row["depth_source"] for row in rows} <= {kind, "procedural"}
    mine = [row for row in rows if row["depth_source"] == kind]
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
    told = {(row["source"], row["depth_source"]) for row in hazy_rows(tmp_path / "d")}
    assert told == {("folder", "folder"), ("dead-leaves", "exact")}


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


@pytest.mark.parametrize("text", ["", "lidar", "folder", "procedural=x", "model="])
def test_bad_specs(text: str) -> None:
    with pytest.raises(InputError, match="depth"):
        DepthSpec.parse(text)


def test_the_recipe_column_is_json(made: Path) -> None:
    row = hazy_rows(made)[0]
    assert json.loads(row["recipe"])["derived"]["beta"] > 0
