"""What JPEG makes of a level before it passes as close; what was changed afterwards does not."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generators.batched.render import render_batch
from generators.build.generate import generate
from generators.build.jpeg_tolerance import within_one_level_of_jpeg
from generators.build.verify import verify
from generators.dataset.identity import dataset_identity
from generators.dataset.info import DatasetInfo, Finished
from generators.dataset.schema import degradations_of, provenance_of, schema
from generators.images import decode_depth, decode_rgb, encode_rgb, pixel_hash
from generators.postprocess import through_jpeg
from generators.sources.photographs import load
from generators.sources.pools import SourceSpec

N = 80


def furthest(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other).max())


def again_in_batches(row: dict) -> np.ndarray:
    """The degraded image of a row by the tensor path."""
    provenance = provenance_of(row)
    depth = [decode_depth(row["depth"]["bytes"])] if row["depth"] else None
    clean = decode_rgb(row["clean"]["bytes"])
    degradations, after = [degradations_of(row, provenance)], [provenance.postprocess]
    return render_batch([clean], degradations, after, depth, [provenance.key], "cpu")[0]


def quality_of(row: dict) -> float:
    return provenance_of(row).postprocess["jpeg_quality"]


def replace_pictures(folder: Path, picture: Callable[[dict], np.ndarray]) -> None:
    """Another degraded picture in every row, and all hashes made good."""
    for path in (folder / "data").iterdir():
        rows = pq.read_table(path).to_pylist()
        for row in rows:
            degraded = picture(row)
            row["degraded"]["bytes"] = encode_rgb(degraded)
            row["degraded_sha256"] = pixel_hash(degraded)
        pq.write_table(pa.Table.from_pylist(rows, schema()), path)
    info = DatasetInfo.read(folder)
    finished = Finished(dataset_identity(folder, info.recipe), info.left_out)
    replace(info, finished=finished).write(folder)


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wild") / "d"
    generate(N, out, [SourceSpec("builtin")], "du110k-wild", size=256, seed=3)
    return out


def test_a_dataset_made_in_batches_verifies(wild: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(wild, tmp_path / "d"))
    off = []

    def picture(row: dict) -> np.ndarray:
        one_by_one = decode_rgb(row["degraded"]["bytes"])
        again = again_in_batches(row) if quality_of(row) else one_by_one
        off.append(furthest(again, one_by_one))
        return again

    replace_pictures(folder, picture)
    audit = verify(folder)
    assert audit.exact == sum(far == 0 for far in off)
    assert audit.close + len(audit.problems) == N - audit.exact
    # A witness that is there may not be found: see docs/physics.md for how often.
    assert len(audit.problems) <= 0.15 * sum(far > 1 for far in off), audit.problems
    if max(off) <= 1:
        pytest.skip("on this machine no coefficient flipped")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda image, quality: np.clip(image.astype(int) + 4, 0, 255).astype(np.uint8),
        lambda image, quality: through_jpeg(image, quality - 5),
        lambda image, quality: image[:, ::-1],
    ],
    ids=["brighter", "recompressed", "mirrored"],
)
def test_a_spoilt_row_does_not(wild: Path, tmp_path: Path, spoil) -> None:
    folder = Path(shutil.copytree(wild, tmp_path / "d"))
    spoilt = []

    def picture(row: dict) -> np.ndarray:
        image, quality = (
            decode_rgb(row["degraded"]["bytes"]),
            quality_of(row),
        )
        if not quality:
            return image
        spoilt.append(row["id"])
        return np.ascontiguousarray(spoil(image, round(quality)))

    replace_pictures(folder, picture)
    audit = verify(folder)
    assert len(spoilt) > N / 3
    assert len(audit.problems) == len(spoilt)
    for name in spoilt:
        assert any(name in p and "pixels differ by up to" in p for p in audit.problems)


@pytest.mark.parametrize("side", [64, 129])
def test_single_levels_before_are_found(photos: Path, side: int) -> None:
    rng = np.random.default_rng(side)
    within = []
    for path in sorted(photos.glob("*.jpg")) * 12:
        before = np.ascontiguousarray(load(path, 8)[0][-side:, -side:])
        other, quality = before.copy(), int(rng.integers(60, 99))
        for _ in range(3):
            place = tuple(rng.integers(before.shape))
            other[place] = min(255, int(before[place]) + 1)
        stored = through_jpeg(other, quality)
        if furthest(stored, through_jpeg(before, quality)) > 1:
            within.append(within_one_level_of_jpeg(stored, before, quality))
    assert len(within) > 15
    assert np.mean(within) > 0.9


@pytest.mark.parametrize("quality", [60, 90])
def test_what_was_changed_afterwards_has_none(photos: Path, quality: int) -> None:
    for path in sorted(photos.glob("*.jpg"))[:5]:
        before = np.ascontiguousarray(load(path, 4)[0][:128, :128])
        stored = through_jpeg(before, quality)
        assert within_one_level_of_jpeg(stored, before, quality)
        dot = stored.copy()
        dot[50, 50] ^= 32
        assert not within_one_level_of_jpeg(dot, before, quality)
        assert not within_one_level_of_jpeg(through_jpeg(before, quality - 2), before, quality)
        assert not within_one_level_of_jpeg(np.clip(stored, 3, 252) + np.uint8(3), before, quality)
