"""A dataset whose depth a model gave, made again where there is no model: from its manifest."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generators.build.generate import generate, regenerate
from generators.build.verify import verify
from generators.dataset.info import DatasetInfo
from generators.dataset.manifest import write_manifest
from generators.depth import models
from generators.depth.attach import DepthSpec
from generators.depth.prepared import read_prepared, write_prepared
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from tests.conftest import Dubench
from tests.generators.depth.test_models import save
from tests.on_disk import hashes

N = 60


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> DepthSpec:
    return DepthSpec("model", str(save("depth-anything", tmp_path_factory.mktemp("m") / "tiny")))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory, photos: Path, model: DepthSpec) -> Path:
    """A dataset with a model's depth, and its manifests with and without that."""
    root = tmp_path_factory.mktemp("theirs")
    sources = [SourceSpec("folder", str(photos)), SourceSpec("dead-leaves")]
    generate(N, root / "d", sources, size=64, workers=2, depth=model)
    write_manifest(root / "d", root / "with.parquet", with_depth=True)
    write_manifest(root / "d", root / "without.parquet")
    return root


@pytest.fixture
def ours(photos: Path, tmp_path: Path) -> list[SourceSpec]:
    """The same photographs under other names."""
    (tmp_path / "photos").mkdir()
    for number, photo in enumerate(sorted(photos.glob("*.jpg"))):
        shutil.copy(photo, tmp_path / "photos" / f"{number}.jpeg")
    return [SourceSpec("folder", str(tmp_path / "photos"))]


def column(folder: Path, name: str) -> list[object]:
    files = sorted((folder / "data").iterdir())
    return [value for file in files for value in pq.read_table(file)[name].to_pylist()]


def test_another_laboratory_needs_no_model(
    theirs: Path, ours: list[SourceSpec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "estimate", None)
    _, different = regenerate(theirs / "with.parquet", tmp_path / "d", ours, workers=2)
    assert not different
    for name in ("degraded", "clean", "depth", "depth_source", "recipe"):
        assert column(tmp_path / "d", name) == column(theirs / "d", name)
    revision = DatasetInfo.read(theirs / "d").recipe.depth_sources.partition("@")[2]
    assert f"model:tiny@{revision}" in set(column(tmp_path / "d", "depth_source"))
    assert verify(tmp_path / "d").good
    # What was carried can be carried on.
    write_manifest(tmp_path / "d", tmp_path / "on.parquet", with_depth=True)
    assert (
        pq.read_table(tmp_path / "on.parquet")["depth_map"]
        == pq.read_table(theirs / "with.parquet")["depth_map"]
    )


def test_each_map_is_carried_once_and_only_if_asked(theirs: Path) -> None:
    carried = pq.read_table(theirs / "with.parquet").to_pylist()
    maps = [row for row in carried if row["depth_map"]]
    assert len({row["source_id"] for row in maps}) == len(maps) > 3
    hazy = {r["source_id"] for r in carried if r["depth_source"] not in (None, "exact")}
    assert {row["source_id"] for row in maps} == hazy
    assert "depth_map" not in pq.read_schema(theirs / "without.parquet").names


def test_other_depth_is_named_before_anything_is_made(
    theirs: Path, ours: list[SourceSpec], tmp_path: Path
) -> None:
    other = save("dpt", tmp_path / "other")
    for spec in (None, DepthSpec("model", str(other))):
        with pytest.raises(
            InputError, match=r"photographs whose depth .* have another here \(\d+\."
        ):
            regenerate(theirs / "without.parquet", tmp_path / "d", ours, depth=spec)
        assert not (tmp_path / "d").exists()


def test_the_same_model_will_do_too(
    theirs: Path, ours: list[SourceSpec], model: DepthSpec, tmp_path: Path
) -> None:
    _, different = regenerate(theirs / "without.parquet", tmp_path / "d", ours, depth=model)
    assert not different


def test_a_run_goes_on_only_with_the_same_maps(
    theirs: Path, photos: Path, model: DepthSpec, tmp_path: Path
) -> None:
    for name in ("d", "d.depth"):
        shutil.copytree(theirs / name, tmp_path / name)
    before = hashes(tmp_path / "d")
    for path in (tmp_path / "d.depth").iterdir():
        write_prepared(path, read_prepared(path) // 2)
    sources = [SourceSpec("folder", str(photos)), SourceSpec("dead-leaves")]
    with pytest.raises(InputError, match=r"another depth \(13 model:tiny@\w+ #\w+ there"):
        generate(N, tmp_path / "d", sources, size=64, depth=model)
    assert hashes(tmp_path / "d") == before
    with pytest.raises(InputError, match="is not the depth map that the dataset was made with"):
        write_manifest(tmp_path / "d", tmp_path / "m.parquet", with_depth=True)
    shutil.rmtree(tmp_path / "d.depth")
    with pytest.raises(InputError, match=r"d\.depth.* cannot be read .*run again, prepares"):
        write_manifest(tmp_path / "d", tmp_path / "m.parquet", with_depth=True)
    assert not (tmp_path / "m.parquet").exists()


@pytest.mark.parametrize("damage", ["another map", "no image", "a path"])
def test_a_damaged_map_is_an_error(
    theirs: Path, ours: list[SourceSpec], tmp_path: Path, damage: str
) -> None:
    table = pq.read_table(theirs / "with.parquet")
    rows = table.to_pylist()
    row = next(row for row in rows if row["depth_map"])
    if damage == "another map":
        row["depth_map"] = next(r["depth_map"] for r in rows if r["depth_map"] and r is not row)
    elif damage == "no image":
        row["depth_map"] = b"text"
    else:
        row["depth_source"] = "model:x@../../../x"
    spoilt = pa.Table.from_pylist(rows, table.schema)
    pq.write_table(spoilt, tmp_path / "m.parquet")
    with pytest.raises(InputError, match=r"m\.parquet is damaged; export it again"):
        regenerate(tmp_path / "m.parquet", tmp_path / "d", ours)
    assert not (tmp_path / "d").exists()


def test_from_the_command_line(
    theirs: Path, ours: list[SourceSpec], tmp_path: Path, dubench_here: Dubench
) -> None:
    done = dubench_here("manifest", theirs / "d", "--with-depth", "--out", "m", cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "m").stat().st_size > (theirs / "without.parquet").stat().st_size
    again = ["generate", "--manifest", "m", "--source", ours[0], "--out", "d"]
    refused = dubench_here(*again, "--depth", f"folder={tmp_path}", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--depth folder with --manifest: m carries the depth" in refused.stderr
    assert dubench_here(*again, cwd=tmp_path).returncode == 0
    assert np.array_equal(column(tmp_path / "d", "id"), column(theirs / "d", "id"))
