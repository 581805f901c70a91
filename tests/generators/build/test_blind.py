"""A blind test split shows nothing but pictures."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from generators.build.generate import generate
from generators.build.verify import verify
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from tests.conftest import Dubench

BUILTIN = [SourceSpec("builtin")]


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("blind") / "d"
    generate(440, out, BUILTIN, size=64, blind=True)
    return out


def rows(folder: Path, pattern: str) -> list[dict]:
    files = sorted((folder / "data").glob(pattern))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def test_ids_and_degraded_images_alone(blind: Path) -> None:
    shown = rows(blind, "blind-*")
    kept = rows(blind.with_name("d.answers"), "test-*")
    assert len(shown) == len(kept) == 12
    for one, answer in zip(shown, kept, strict=True):
        assert set(one) == {"id", "degraded"}
        assert one["id"] == answer["id"]
        assert one["degraded"] == answer["degraded"]
    assert not list((blind / "data").glob("test-*"))


def test_the_secret_seed_is_nowhere_in_the_public_folder(blind: Path) -> None:
    secret = json.loads((blind.with_name("d.answers") / "recipe.json").read_text())["seed"]
    assert secret != 0
    for file in blind.rglob("*"):
        if file.is_file():
            assert str(secret).encode() not in file.read_bytes()


def test_the_open_splits_are_those_of_the_dataset_with_answers(blind: Path, du110k: Path) -> None:
    for pattern in ("train-*", "validation-*"):
        ids = [row["degraded_sha256"] for row in rows(blind, pattern)]
        assert ids == [row["degraded_sha256"] for row in rows(du110k, pattern)]


def test_no_photograph_and_no_id_on_two_sides(blind: Path) -> None:
    kept = rows(blind.with_name("d.answers"), "test-*")
    seen = rows(blind, "train-*") + rows(blind, "validation-*")
    assert not {row["id"] for row in kept} & {row["id"] for row in seen}
    hidden, shown = (
        {json.loads(row["recipe"])["photograph"] for row in side} for side in (kept, seen)
    )
    assert hidden
    assert not hidden & shown


def test_both_parts_verify_and_load(blind: Path, tmp_path: Path) -> None:
    assert verify(blind).good
    assert verify(blind.with_name("d.answers")).good
    cache = str(tmp_path)
    loaded = load_dataset(str(blind), "blind", cache_dir=cache)["test"]
    assert loaded.column_names == ["id", "degraded"]
    assert loaded[0]["degraded"].size == (64, 64)
    assert set(load_dataset(str(blind), cache_dir=cache)) == {"train", "validation"}


def test_run_again_it_changes_nothing(blind: Path) -> None:
    before = {f: f.stat().st_mtime_ns for f in blind.with_name("d.answers").rglob("*.parquet")}
    generate(440, blind, BUILTIN, size=64, blind=True)
    assert before == {f: f.stat().st_mtime_ns for f in before}
    assert verify(blind).good


def test_a_shard_that_shows_too_much_is_found(tmp_path: Path) -> None:
    generate(440, tmp_path / "d", BUILTIN, size=64, blind=True)
    answers = next((tmp_path / "d.answers" / "data").iterdir())
    shown = next((tmp_path / "d" / "data").glob("blind-*"))
    shown.write_bytes(answers.read_bytes())
    assert any("not id and degraded alone" in p for p in verify(tmp_path / "d").problems)
    shown.unlink()
    assert any("holds 0 samples, not 12" in p for p in verify(tmp_path / "d").problems)


def test_too_few_samples_for_a_test_split(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leave no test split"):
        generate(8, tmp_path / "d", BUILTIN, size=64, blind=True)


def test_without_its_answers_no_others_are_made(blind: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(blind, tmp_path / "d"))
    answers = Path(shutil.copytree(blind.with_name("d.answers"), tmp_path / "kept"))
    with pytest.raises(InputError, match=r"d\.answers is missing.*put it back"):
        generate(440, out, BUILTIN, size=64, blind=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d", "kept"]
    answers.rename(tmp_path / "d.answers")
    assert generate(440, out, BUILTIN, size=64, blind=True).new == 0
    generate(440, tmp_path / "other", BUILTIN, size=64, blind=True)
    shutil.rmtree(tmp_path / "d.answers")
    (tmp_path / "other.answers").rename(tmp_path / "d.answers")
    with pytest.raises(InputError, match="another blind test split than"):
        generate(440, out, BUILTIN, size=64, blind=True)


def test_an_open_dataset_does_not_become_blind(du110k: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(du110k, tmp_path / "d"))
    with pytest.raises(InputError, match="is not blind"):
        generate(440, out, BUILTIN, size=64, blind=True)
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_the_cache_does_not_take_one_secret_for_another(blind: Path, tmp_path: Path) -> None:
    generate(440, tmp_path / "d", BUILTIN, size=64, blind=True)
    shown = [
        load_dataset(str(folder), "blind", split="test", cache_dir=str(tmp_path / "cache"))
        for folder in (blind, tmp_path / "d")
    ]
    theirs, ours = ([row["degraded"].tobytes() for row in split] for split in shown)
    assert not set(theirs) & set(ours)


def test_the_blind_split_is_counted_and_not_claimed_to_be_verified(
    blind: Path, dubench: Dubench
) -> None:
    again = dubench("generate", "--n", 440, "--size", 64, "--blind", "--out", blind)
    assert "440 pairs (412 train, 16 validation, 12 blind test), 0 of them new" in again.stdout
    verified = dubench("verify", blind).stdout
    assert "428 rows" in verified
    assert "not rendered again: the 12 blind test images" in verified
