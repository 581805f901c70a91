"""The same dataset in another laboratory, from a manifest and the photographs."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from generators.build.generate import generate, regenerate
from generators.build.verify import verify
from generators.dataset.manifest import write_manifest
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from tests.on_disk import hashes


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """A wild dataset of a folder and of scenes, and its manifest beside it."""
    root = tmp_path_factory.mktemp("theirs")
    sources = [SourceSpec("folder", str(photos)), SourceSpec("dead-leaves")]
    generate(220, root / "d", sources, "du110k-wild", size=64, seed=9)
    write_manifest(root / "d", root / "m.parquet")
    return root


def test_a_manifest_is_small_and_holds_no_pixels(theirs: Path) -> None:
    table = pq.read_table(theirs / "m.parquet")
    assert table.num_rows == 220
    assert not {"degraded", "clean", "depth"} & set(table.schema.names)
    pixels = sum(f.stat().st_size for f in (theirs / "d" / "data").iterdir())
    assert (theirs / "m.parquet").stat().st_size < pixels / 50


def test_the_same_bytes_from_photographs_under_other_names(
    theirs: Path, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    for number, photo in enumerate(sorted(photos.glob("*.jpg"))):
        shutil.copy(photo, tmp_path / "elsewhere" / "deep" / f"{number}.jpeg")
    Image.effect_noise((99, 99), 50).save(tmp_path / "elsewhere" / "more.png")
    source = [SourceSpec("folder", str(tmp_path / "elsewhere"))]
    result, different = regenerate(theirs / "m.parquet", tmp_path / "d", source, workers=1)
    assert not different
    assert result.new == 220
    assert verify(tmp_path / "d").good
    ours = pq.read_table(next((tmp_path / "d" / "data").glob("test-*")))
    original = pq.read_table(next((theirs / "d" / "data").glob("test-*")))
    assert ours["degraded"] == original["degraded"]
    assert ours["clean"] == original["clean"]


def test_the_same_files_from_the_same_folder(theirs: Path, photos: Path, tmp_path: Path) -> None:
    source = [SourceSpec("folder", str(photos))]
    regenerate(theirs / "m.parquet", tmp_path / "d", source)
    assert hashes(tmp_path / "d") == hashes(theirs / "d")


def test_missing_and_differing_photographs_are_counted_and_named(
    theirs: Path, photos: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    (folder / "wine-by-jakkub-mede.jpg").unlink()
    with Image.open(folder / "sunset-by-aitzol-berasategi.jpg") as image:
        image.save(folder / "sunset-by-aitzol-berasategi.jpg", quality=70)
    with pytest.raises(
        InputError,
        match=r"of 1[123] photographs .* 1 are missing \(wine.*\) and 1 are other files \(sunset",
    ):
        regenerate(theirs / "m.parquet", tmp_path / "d", [SourceSpec("folder", str(folder))])
    assert not (tmp_path / "d").exists()


def test_bundled_photographs_are_asked_for_too(du110k: Path, photos: Path, tmp_path: Path) -> None:
    write_manifest(du110k, tmp_path / "m.parquet")
    (tmp_path / "few").mkdir()
    shutil.copy(photos / "wine-by-jakkub-mede.jpg", tmp_path / "few")
    few = [SourceSpec("folder", str(tmp_path / "few"))]
    with pytest.raises(InputError, match=r"of 13 photographs .* 12 are missing .*: builtin$"):
        regenerate(tmp_path / "m.parquet", tmp_path / "d", few)
    assert not (tmp_path / "d").exists()


def test_what_is_no_manifest(theirs: Path, du110k: Path, tmp_path: Path) -> None:
    source = [SourceSpec("dead-leaves")]
    shard = next((du110k / "data").iterdir())
    (tmp_path / "text.parquet").write_text("hello")
    (tmp_path / "cut.parquet").write_bytes((theirs / "m.parquet").read_bytes()[:-100])
    later = pq.read_table(theirs / "m.parquet")
    metadata = {**later.schema.metadata, b"dubench_manifest": b"7"}
    pq.write_table(later.replace_schema_metadata(metadata), tmp_path / "later.parquet")
    thin = later.drop_columns(["crop_box"])
    pq.write_table(thin.replace_schema_metadata(later.schema.metadata), tmp_path / "thin.parquet")
    pq.write_table(later[:9], tmp_path / "some.parquet")
    twice = pa.concat_tables([later[:1], later[:-1]])
    pq.write_table(twice, tmp_path / "twice.parquet")
    for path, message in (
        (tmp_path / "nowhere.parquet", "no such file"),
        (tmp_path / "text.parquet", "not a Parquet file"),
        (tmp_path / "cut.parquet", "not a Parquet file, or is cut short"),
        (shard, "is no manifest"),
        (tmp_path / "later.parquet", "version 7"),
        (tmp_path / "thin.parquet", "lacks columns"),
        (tmp_path / "some.parquet", "its 9 rows are not one of each of the 220 samples"),
        (tmp_path / "twice.parquet", "its 220 rows are not one of each"),
    ):
        with pytest.raises(InputError, match=message):
            regenerate(path, tmp_path / "d", source)
    assert isinstance(later, pa.Table)


def test_a_manifest_of_an_unfinished_dataset(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        write_manifest(tmp_path / "nowhere", tmp_path / "m.parquet")


def test_a_manifest_of_a_damaged_dataset(copy: Path, tmp_path: Path) -> None:
    shard = sorted((copy / "data").iterdir())[0]
    whole = shard.read_bytes()
    # Cut short; and a readable footer over pages that are not.
    for damaged in (whole[:5000], b"PAR1" + bytes(len(whole) - 100_004) + whole[-100_000:]):
        shard.write_bytes(damaged)
        with pytest.raises(InputError, match=rf"{shard.name} cannot be read: .*dubench generate"):
            write_manifest(copy, tmp_path / "m.parquet")
    shard.unlink()
    with pytest.raises(InputError, match=rf"{shard.name} is missing; run the same dubench gene"):
        write_manifest(copy, tmp_path / "m.parquet")
    assert not (tmp_path / "m.parquet").exists()
