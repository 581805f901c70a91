"""The same dataset, but for what was rejected."""

import json
import shutil
from collections.abc import Collection
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from generators.build.generate import generate, regenerate
from generators.build.job import GenerateResult
from generators.build.replace import replace
from generators.build.verify import verify
from generators.dataset.ids import parse
from generators.dataset.info import DatasetInfo
from generators.dataset.manifest import write_manifest
from generators.dataset.review_figures import ReviewSummary
from generators.dataset.schema import schema
from generators.depth.attach import DepthSpec
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from tests.on_disk import hashes, rows

BUILTIN = [SourceSpec("builtin")]
REJECTED = ("du-00000003", "du-00000120", "du-00000300", "du-00000430", "du-00000433")
ACCEPTED = ("du-00000004", "du-00000429")


def review(accepted: int = len(ACCEPTED), replaced: int = len(REJECTED)) -> ReviewSummary:
    return ReviewSummary(0.1, 44, accepted, replaced, waiting=replaced, rounds=())


def replaced(
    folder: Path, out: Path, rejected: Collection[str] = REJECTED, **options: Any
) -> GenerateResult:
    return replace(folder, out, ACCEPTED, rejected, review(), **{"sources": BUILTIN, **options})


@pytest.fixture(scope="module")
def second(du110k: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of 440 pairs with five of them replaced: do not write to it."""
    out = tmp_path_factory.mktemp("second") / "d"
    assert replaced(du110k, out, workers=2).recipe.replaced
    return out


def test_the_others_are_the_same_to_the_byte(du110k: Path, second: Path) -> None:
    before, after = rows(du110k), rows(second)
    assert list(after) == [f"{name}-r1" if name in REJECTED else name for name in before]
    for name in set(before) - set(REJECTED):
        assert after[name] == before[name] | {"review": after[name]["review"]}
    looked_at = {name for name, row in after.items() if row["review"] != "unreviewed"}
    assert looked_at == set(ACCEPTED)
    touched = {hashes(du110k)[name] == there for name, there in hashes(second).items()}
    assert touched == {True, False}  # files with nothing new in them are the same files


def test_a_replacement_is_another_sample_of_the_same_kind(du110k: Path, second: Path) -> None:
    before, after = rows(du110k), rows(second)
    first, recipe = (DatasetInfo.read(folder).recipe for folder in (du110k, second))
    for name in REJECTED:
        old, new = before[name], after[f"{name}-r1"]
        drawn = json.loads(new["recipe"])
        assert (new["type"], new["source"]) == (old["type"], old["source"])
        assert new["review"] == "unreviewed"
        assert new["degraded_sha256"] != old["degraded_sha256"]
        assert new["clean"] != old["clean"]
        assert drawn["index"] == json.loads(old["recipe"])["index"] == parse(name)[0]
        assert drawn["attempt"] > json.loads(old["recipe"])["attempt"]
        assert recipe.split_of(drawn["index"]) == first.split_of(drawn["index"])
        values = [(old[key], new[key]) for key in ("gamma", "sigma", "transmission")]
        assert all(one is None or one != other for one, other in values)


def test_it_proves_sound(second: Path) -> None:
    audit = verify(second)
    assert not audit.problems
    assert audit.exact == 440


def test_identity_tells_them_apart(du110k: Path, second: Path) -> None:
    one, other = (json.loads((f / "recipe.json").read_text())["made"] for f in (du110k, second))
    assert one["left_out"] == other["left_out"]
    for split in ("train", "test"):
        for name in ("recipe_id", "content_id"):
            assert one["identity"][split][name] != other["identity"][split][name]
    assert one["identity"]["validation"] == other["identity"]["validation"]


def test_workers_do_not_matter(du110k: Path, second: Path, tmp_path: Path) -> None:
    replaced(du110k, tmp_path / "d", workers=1)
    assert hashes(tmp_path / "d") == hashes(second)
    assert (tmp_path / "d/recipe.json").read_bytes() == (second / "recipe.json").read_bytes()


def test_the_dataset_is_never_written_to(du110k: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(du110k, tmp_path / "copy"))
    for path in (*copy.rglob("*"), copy):
        path.chmod(0o555 if path.is_dir() else 0o444)
    there = {path: path.stat().st_mtime_ns for path in (*copy.rglob("*"), copy)}
    replaced(copy, tmp_path / "d")
    assert there == {path: path.stat().st_mtime_ns for path in (*copy.rglob("*"), copy)}
    for path in (*copy.rglob("*"), copy):
        path.chmod(0o755)


def test_what_was_replaced_can_be_replaced_again(
    du110k: Path, second: Path, tmp_path: Path
) -> None:
    again = ["du-00000003-r1", "du-00000005"]
    third = replaced(second, tmp_path / "d", again)
    assert set(third.recipe.replaced) == {
        "du-00000003-r2", "du-00000005-r1", *(f"{name}-r1" for name in REJECTED[1:])
    }  # fmt: skip
    after = rows(tmp_path / "d")
    attempts = [
        json.loads(of["recipe"])["attempt"]
        for of in (
            rows(du110k)["du-00000003"],
            rows(second)["du-00000003-r1"],
            after["du-00000003-r2"],
        )
    ]
    assert attempts == sorted(set(attempts))
    assert verify(tmp_path / "d").good
    assert after["du-00000300-r1"] == rows(second)["du-00000300-r1"]


def test_its_manifest_makes_it_again(second: Path, tmp_path: Path) -> None:
    write_manifest(second, tmp_path / "m.parquet")
    result, different = regenerate(tmp_path / "m.parquet", tmp_path / "d", BUILTIN)
    assert not different
    assert hashes(tmp_path / "d") == hashes(second)
    assert result.recipe.replaced == DatasetInfo.read(second).recipe.replaced
    assert verify(tmp_path / "d").good
    recipe, card = (tmp_path / "d" / name for name in ("recipe.json", "README.md"))
    assert json.loads(recipe.read_text())["review"] == review().to_json()
    assert "People accepted 2 rows" in card.read_text()


def test_photographs_are_not_needed_where_nothing_is_replaced(du110k: Path, tmp_path: Path) -> None:
    gone = [SourceSpec("folder", str(tmp_path / "gone"))]
    replaced(du110k, tmp_path / "d", (), sources=gone)
    assert list(rows(tmp_path / "d")) == list(rows(du110k))
    with pytest.raises(InputError, match="no such folder"):
        replaced(du110k, tmp_path / "e", sources=gone)
    assert not (tmp_path / "e").exists()


def test_half_made_it_goes_on(du110k: Path, second: Path, tmp_path: Path) -> None:
    """What a kill leaves; test_finalize kills a real run."""
    out = Path(shutil.copytree(second, tmp_path / "d"))
    unfinish(out)
    for file in sorted((out / "data").iterdir())[::2]:
        file.unlink()
    with pytest.raises(InputError, match="not finished"):
        verify(out)
    # The half that is there is not generate's to go on with.
    with pytest.raises(InputError, match="another replaced, review"):
        generate(440, out, BUILTIN, size=64)
    assert 0 < replaced(du110k, out).new < 440
    assert hashes(out) == hashes(second)
    assert (out / "recipe.json").read_bytes() == (second / "recipe.json").read_bytes()
    assert replaced(du110k, out).new == 0


def unfinish(folder: Path) -> None:
    replace_fields(DatasetInfo.read(folder), finished=None).write(folder)


def edit(path: Path, name: str, **changes: Any) -> None:
    before = pq.read_table(path).to_pylist()
    after = [row | changes if row["id"] == name else row for row in before]
    pq.write_table(pa.Table.from_pylist(after, schema()), path)


def test_verify_knows_which_ids_the_recipe_gives(second: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(second, tmp_path / "copy"))
    data = json.loads((copy / "recipe.json").read_text())
    replaced = data["replaced"]
    changed = {**replaced, "du-00000120-r1": replaced["du-00000120-r1"] + 9}
    del changed["du-00000003-r1"]
    (copy / "recipe.json").write_text(json.dumps({**data, "replaced": changed}))
    problems = verify(copy).problems
    assert len(problems) == 2
    assert "(du-00000003-r1): its id does not belong to index 3" in problems[0]
    assert "(du-00000120-r1): attempt" in problems[1]
    (copy / "recipe.json").write_text(json.dumps({**data, "replaced": {"du-3-r1": 1}}))
    with pytest.raises(InputError, match="'du-3-r1' is no id"):
        verify(copy)


def test_verify_knows_what_was_accepted(second: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(second, tmp_path / "copy"))
    file = copy / "data" / "test-00000-of-00001.parquet"
    edit(file, "du-00000428", review="accepted")
    edit(file, "du-00000431", review="splendid")
    problems = verify(copy).problems
    assert any("review is 'splendid'" in problem for problem in problems)
    assert "3 rows are accepted, not 2" in problems


@pytest.fixture(scope="module")
def of_folder(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50 wild pairs of a folder of photographs with depth of their own, which are beside it."""
    root = tmp_path_factory.mktemp("of_folder")
    shutil.copytree(photos, root / "photos")
    (root / "depth").mkdir()
    for photo in (root / "photos").glob("*.jpg"):
        with Image.open(photo) as image:
            far = np.linspace(40000, 200, image.height).astype(np.uint16)
            words = np.repeat(far[:, None], image.width, 1)
        Image.fromarray(words).save(root / "depth" / f"{photo.stem}.png")
    sources = [SourceSpec("folder", str(root / "photos"))]
    depth = DepthSpec("folder", str(root / "depth"))
    generate(50, root / "d", sources, "du110k-wild", size=64, depth=depth, workers=2)
    return root


def hazy(folder: Path) -> str:
    return next(name for name, row in rows(folder / "d").items() if row["transmission"])


def test_photographs_with_depth_of_their_own(of_folder: Path, tmp_path: Path) -> None:
    sources = [SourceSpec("folder", str(of_folder / "photos"))]
    depth = DepthSpec("folder", str(of_folder / "depth"))
    name = hazy(of_folder)
    none = next(name for name, row in rows(of_folder / "d").items() if not row["tuples"])
    summary = review(0, 2)
    replace(of_folder / "d", tmp_path / "d", (), [name, none], summary, sources, depth=depth)
    assert verify(tmp_path / "d").good
    assert rows(tmp_path / "d")[f"{name}-r1"]["depth_source"] == "folder"
    assert rows(tmp_path / "d")[f"{none}-r1"]["tuples"] == []
    with pytest.raises(InputError, match=r"has folder depth, and --depth gives procedural depth"):
        replace(of_folder / "d", tmp_path / "e", (), [name], summary, sources)
    assert not (tmp_path / "e").exists()


def test_photographs_that_are_not_the_same(of_folder: Path, photos: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(of_folder / "photos", tmp_path / "photos"))
    sources = [SourceSpec("folder", str(folder))]
    name = hazy(of_folder)

    def refused(message: str, sources: list[SourceSpec] = sources) -> None:
        with pytest.raises(InputError, match=message):
            replace(of_folder / "d", tmp_path / "d", (), [name], review(0, 1), sources)
        assert not (tmp_path / "d").exists()

    refused(r"was made from folder, and --source gives builtin; give the same --source", BUILTIN)
    refused("--source gives folder, dead-leaves", [*sources, SourceSpec("dead-leaves")])
    with Image.open(folder / "wine-by-jakkub-mede.jpg") as image:
        image.save(folder / "wine-by-jakkub-mede.jpg", quality=70)
    refused(f"--source folder={folder}: its 13 photographs are not the 13 that")
    (folder / "wine-by-jakkub-mede.jpg").unlink()
    refused("its 12 photographs are not the 13 that")


def test_bad_arguments(du110k: Path, second: Path, copy: Path, tmp_path: Path) -> None:
    before = hashes(second)
    with pytest.raises(InputError, match="is the dataset itself"):
        replaced(du110k, du110k)
    with pytest.raises(InputError, match="with another replaced, review; choose another --out"):
        replaced(du110k, copy)
    with pytest.raises(InputError, match="with another replaced; choose another --out"):
        replaced(du110k, second, REJECTED[1:])
    assert hashes(second) == before
    with pytest.raises(InputError, match="has no sample du-00000440"):
        replaced(du110k, tmp_path / "d", ["du-00000440"])
    with pytest.raises(InputError, match="has no sample du-00000003"):
        replaced(second, tmp_path / "d")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="is not empty"):
        replaced(du110k, tmp_path / "mine")
    assert not (tmp_path / "d").exists()


def test_a_damaged_dataset(copy: Path, tmp_path: Path) -> None:
    file = copy / "data" / "train-00001-of-00005.parquet"
    sound = file.read_bytes()
    edit(file, "du-00000120", id="du-00000121")
    with pytest.raises(InputError, match=r"does not hold the samples that recipe\.json puts there"):
        replaced(copy, tmp_path / "d", REJECTED[:1])
    file.write_bytes(sound[:-1000])
    with pytest.raises(InputError, match=r"train-00001.* cannot be read: .*run dubench verify"):
        replaced(copy, tmp_path / "e")


def test_an_unfinished_or_blind_dataset(du110k: Path, copy: Path, tmp_path: Path) -> None:
    unfinish(copy)
    with pytest.raises(InputError, match="not finished"):
        replaced(copy, tmp_path / "d")
    generate(220, tmp_path / "blind", BUILTIN, size=64, blind=True)
    for folder in (tmp_path / "blind", tmp_path / "blind.answers"):
        with pytest.raises(InputError, match="blind test split"):
            replaced(folder, tmp_path / "d")
