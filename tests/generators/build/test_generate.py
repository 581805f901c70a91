"""Making a dataset: the same bytes whatever happens, and nothing lost."""

import json
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageOps

from generators.build.generate import generate
from generators.build.verify import verify
from generators.dataset.info import DatasetInfo
from generators.dataset.schema import schema
from generators.depth.attach import DepthSpec
from generators.errors import InputError
from generators.sources.pools import BUNDLED, SourceSpec
from tests.on_disk import hashes
from tests.stopping import stopped

BUILTIN = [SourceSpec("builtin")]


@pytest.mark.parametrize("workers", [1, 4])
def test_bytes_do_not_depend_on_workers(du110k: Path, tmp_path: Path, workers: int) -> None:
    generate(440, tmp_path, BUILTIN, size=64, workers=workers)
    assert hashes(tmp_path) == hashes(du110k)


def test_another_seed_makes_another_dataset(du110k: Path, tmp_path: Path) -> None:
    generate(440, tmp_path, BUILTIN, size=64, seed=1)
    assert not set(hashes(tmp_path).values()) & set(hashes(du110k).values())


def test_any_missing_shards_are_made_again(du110k: Path, copy: Path) -> None:
    data = json.loads((copy / "recipe.json").read_text())
    del data["made"]
    (copy / "recipe.json").write_text(json.dumps(data))
    for file in sorted((copy / "data").iterdir())[::2]:
        file.unlink()
    generate(440, copy, BUILTIN, size=64)
    assert hashes(copy) == hashes(du110k)
    assert json.loads((copy / "recipe.json").read_text()) == json.loads(
        (du110k / "recipe.json").read_text()
    )


def test_shards_lost_from_a_finished_dataset_are_made_again(du110k: Path, copy: Path) -> None:
    gone, cut, foreign = sorted((copy / "data").iterdir())[:3]
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:-100])
    shutil.copy(sorted((copy / "data").glob("validation-*"))[0], foreign)
    assert generate(440, copy, BUILTIN, size=64).new == 212
    assert hashes(copy) == hashes(du110k)
    assert generate(440, copy, BUILTIN, size=64).new == 0
    assert not list(copy.glob(".*"))


def test_a_lost_shard_that_comes_out_otherwise_is_an_error(copy: Path) -> None:
    data = json.loads((copy / "recipe.json").read_text())
    data["made"]["identity"]["train"]["content_id"] = "0" * 64  # as of other libraries' pixels
    (copy / "recipe.json").write_text(json.dumps(data))
    lost = sorted((copy / "data").glob("train-*"))[1]
    lost.unlink()
    for _ in range(2):  # it does not pass for whole the second time
        with pytest.raises(InputError, match=f"{lost.name} was lost, and made again"):
            generate(440, copy, BUILTIN, size=64)


def test_killed_at_any_moment_it_goes_on(du110k: Path, tmp_path: Path) -> None:
    arguments = ("generate", "--n", 440, "--size", 64, "--workers", 2, "--out", tmp_path / "d")
    for shards in (0, 1, 3):
        # It returns once all have let go of its pipes: workers do not outlive their parent.
        run = stopped(signal.SIGKILL, shards, "*.parquet", *arguments)
        assert run.returncode == -signal.SIGKILL
        files = list((tmp_path / "d" / "data").glob("*.parquet"))
        assert shards <= len(files) <= shards + 1  # the other worker's may be at it as well
        for file in files:  # what has its final name is whole
            pq.ParquetFile(file)
    generate(440, tmp_path / "d", BUILTIN, size=64)
    assert hashes(tmp_path / "d") == hashes(du110k)


def test_interrupted_it_says_how_to_go_on(du110k: Path, tmp_path: Path) -> None:
    arguments = ("generate", "--n", 440, "--size", 64, "--workers", 1, "--out", tmp_path / "d")
    run = stopped(signal.SIGINT, 1, "*.parquet", *arguments)
    assert run.returncode == 130
    assert "run the same command to go on" in run.stderr
    assert "Traceback" not in run.stderr
    assert len(list((tmp_path / "d" / "data").iterdir())) == 1  # and no part of another
    generate(440, tmp_path / "d", BUILTIN, size=64)
    assert hashes(tmp_path / "d") == hashes(du110k)


def test_a_full_disk_loses_nothing(du110k: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: writes fail in the same place."""
    command = [sys.executable, "-m", "dubench.cli", "generate", "--n", "440", "--size", "64"]
    command += ["--out", str(tmp_path / "d")]

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        least = min(f.stat().st_size for f in (du110k / "data").iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (least + 100_000, least + 100_000))

    run = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True)
    assert run.returncode == 2
    assert "no space left" in run.stderr
    assert "Traceback" not in run.stderr
    assert not [f.name for f in (tmp_path / "d" / "data").iterdir() if f.suffix == ".part"]
    generate(440, tmp_path / "d", BUILTIN, size=64)
    assert hashes(tmp_path / "d") == hashes(du110k)


def test_two_runs_in_one_folder_do_not_meet(tmp_path: Path) -> None:
    import fcntl

    tmp_path.joinpath("d").mkdir()
    with (tmp_path / "d" / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another dubench is at work"):
            generate(8, tmp_path / "d", BUILTIN, size=64)


def test_parquet_is_as_the_hub_likes_it(du110k: Path) -> None:
    for file in (du110k / "data").iterdir():
        parquet = pq.ParquetFile(file)
        assert parquet.schema_arrow.names == schema().names
        assert parquet.schema_arrow.metadata == schema().metadata
        for i in range(parquet.num_row_groups):
            group = parquet.metadata.row_group(i)
            assert group.num_rows <= 100
            columns = [group.column(j) for j in range(group.num_columns)]
            assert all((c.has_offset_index and c.has_column_index) or "bytes" in c.path_in_schema
                       for c in columns)  # fmt: skip
            by_name = {c.path_in_schema: c.compression for c in columns}
            assert by_name["degraded.bytes"] == by_name["clean.bytes"] == "UNCOMPRESSED"
            assert by_name["recipe"] == by_name["id"] == "ZSTD"


def test_unreadable_photographs_are_left_out_and_named(photos: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    (folder / "broken.jpg").write_bytes((folder / "wine-by-jakkub-mede.jpg").read_bytes()[:9000])
    shutil.copy(folder / "wine-by-jakkub-mede.jpg", folder / "twin.jpg")
    Image.new("RGB", (20, 20)).save(folder / "tiny.png")
    result = generate(40, tmp_path / "d", [SourceSpec("folder", str(folder))], size=64)
    assert result.left_out["folder"] == {
        "unreadable": ("broken.jpg: cut short",),
        "the same file as another": ("wine-by-jakkub-mede.jpg",),
        "too small": ("tiny.png: 20×20",),
    }
    assert "broken.jpg" in (tmp_path / "d" / "recipe.json").read_text()


def test_a_copy_of_the_bundled_photographs_reaches_no_other_split(
    photos: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    both = [SourceSpec("folder", str(folder)), *BUILTIN]
    for photo in sorted(folder.glob("*.jpg")):
        with Image.open(photo) as image:
            ImageOps.mirror(image).save(folder / f"{photo.stem}.png")
    result = generate(440, tmp_path / "d", both, size=32)
    assert verify(tmp_path / "d").good
    assert len(result.left_out["folder"]["the same file as another"]) == 13
    for own in folder.glob("*.png"):
        own.unlink()
    with pytest.raises(InputError, match=r"can be used: 13 the same file as another$"):
        generate(440, tmp_path / "none", both, size=32)


def test_half_the_photographs_corrupt_is_an_error(photos: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    for file in sorted(folder.glob("*.jpg"))[::2]:
        file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(InputError, match="7 of 13 files cannot be read"):
        generate(40, tmp_path / "d", [SourceSpec("folder", str(folder))], size=64)
    assert not (tmp_path / "d").exists()


def test_a_photograph_that_changes_meanwhile_is_an_error(photos: Path, tmp_path: Path) -> None:
    from generators.crops import open_photograph
    from generators.sources.pools import Photograph

    path = tmp_path / "a.jpg"
    shutil.copy(photos / "wine-by-jakkub-mede.jpg", path)
    with pytest.raises(InputError, match="has changed since the run began"):
        open_photograph(Photograph("a.jpg", path, "0" * 64, 640, 959), 64)


def test_nothing_but_flat_photographs_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    for i in range(4):
        Image.new("RGB", (300, 300), (90 + i, 80, 70)).save(tmp_path / "p" / f"{i}.png")
    with pytest.raises(InputError, match="give photographs with more detail"):
        generate(8, tmp_path / "d", [SourceSpec("folder", str(tmp_path / "p"))], size=64)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "at least one"),
        ({"n": -4}, "at least one"),
        ({"size": 8}, "--size 8"),
        ({"seed": -1}, "--seed"),
        ({"workers": 0}, "--workers"),
        ({"preset": "nope"}, "unknown preset 'nope'.*du110k"),
        ({"n": 10**12}, "GB are free"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        generate(**{"n": 8, "out": tmp_path / "d", "sources": BUILTIN, **arguments})
    assert not (tmp_path / "d").exists()


def test_too_few_photographs_for_three_splits(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    shutil.copy(photos / "wine-by-jakkub-mede.jpg", tmp_path / "p")
    with pytest.raises(InputError, match="1 photographs cannot fill the splits train, validation"):
        generate(440, tmp_path / "d", [SourceSpec("folder", str(tmp_path / "p"))], size=64)


def test_an_output_folder_that_is_taken(du110k: Path, copy: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"another seed \(0 there, 5 asked\); choose"):
        generate(440, copy, BUILTIN, size=64, seed=5)
    with pytest.raises(InputError, match=r"another n \(440 there, 460 asked\), preset \(du110k th"):
        generate(460, copy, BUILTIN, "du110k-wild", size=64)
    with pytest.raises(InputError, match="a dataset that is not blind; choose"):
        generate(440, copy, BUILTIN, size=64, blind=True)
    with pytest.raises(InputError, match="another sources; choose"):
        generate(440, copy, [SourceSpec("dead-leaves")], size=64)
    assert hashes(copy) == hashes(du110k)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="is not empty"):
        generate(8, tmp_path / "mine", BUILTIN, size=64)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        generate(8, tmp_path / "file", BUILTIN, size=64)


def test_depth_is_part_of_the_recipe(copy: Path, tmp_path: Path) -> None:
    def depth_of(bend: int) -> DepthSpec:
        folder = tmp_path / f"maps {bend}"
        folder.mkdir()
        rows = np.arange(1, 65, dtype=np.uint16)[:, None]
        for photo in sorted(BUNDLED.glob("*.jpg"))[:2]:
            with Image.open(photo) as image:
                width = round(64 * image.width / image.height)
            Image.fromarray(np.tile(rows**2 + bend * rows, width)).save(
                folder / f"{photo.stem}.png"
            )
        return DepthSpec("folder", str(folder))

    before = DatasetInfo.read(copy).recipe
    assert [pool.depth for pool in before.pools] == [{"procedural": 13}, {}]
    assert [pool.depth_digest for pool in before.pools] == ["", ""]
    # A finished dataset, and one of which half was made: neither goes on with other depth.
    there, maps = "13 procedural there", "2 folder, 11 procedural #"
    with pytest.raises(InputError, match=rf"another depth \({there}, {maps}\w+ asked\); choose"):
        generate(440, copy, BUILTIN, size=64, depth=depth_of(1))
    out = tmp_path / "out"
    generate(440, out, BUILTIN, size=64, workers=2, depth=depth_of(2))
    (first,) = (pool for pool in DatasetInfo.read(out).recipe.pools if pool.source == "builtin")
    assert first.depth == {"folder": 2, "procedural": 11}
    assert "2 folder, 11 procedural" in (out / "README.md").read_text("utf-8")
    info = DatasetInfo.read(out)
    replace(info, finished=None).write(out)  # as a run that was stopped leaves it
    next((out / "data").iterdir()).unlink()
    with pytest.raises(InputError, match="another depth"):
        generate(440, out, BUILTIN, size=64, depth=depth_of(3))


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("builtin", SourceSpec("builtin")),
        ("dead-leaves@0.5", SourceSpec("dead-leaves", "", 0.5)),
        ("folder=a@b/c@3", SourceSpec("folder", "a@b/c", 3)),
        ("folder=a@b", SourceSpec("folder", "a@b")),
    ],
)
def test_source_specs(text: str, spec: SourceSpec) -> None:
    assert SourceSpec.parse(text) == spec


@pytest.mark.parametrize("text", ["", "nope", "folder", "folder=", "builtin=x", "dead-leaves@0"])
def test_bad_source_specs(text: str) -> None:
    with pytest.raises(InputError):
        SourceSpec.parse(text)


def test_what_two_folders_left_out_is_all_listed(photos: Path, tmp_path: Path) -> None:
    sources = [SourceSpec("folder", str(photos))]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for photo in sorted(photos.glob("*.jpg"))[:4]:
            with Image.open(photo) as image:  # other bytes than the first folder's
                image.save(tmp_path / name / photo.name, quality=80 if name == "one" else 90)
        Image.new("RGB", (20, 20)).save(tmp_path / name / f"tiny-{name}.png")
        sources.append(SourceSpec("folder", str(tmp_path / name)))
    result = generate(40, tmp_path / "d", sources, size=64)
    assert result.left_out == {
        "folder": {"too small": ("tiny-one.png: 20×20", "tiny-two.png: 20×20")}
    }
