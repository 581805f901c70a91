"""Reading a dataset, against what pyarrow and `datasets` read from the same files."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dubench.dataset import TYPE_NAMES, open_split
from generators.build.generate import generate
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from generators.taxonomy import KEYS


def test_the_answers_are_the_tuples(du110k: Path) -> None:
    split = open_split(str(du110k), "train")
    true = split.ground_truth()
    rows = [row for file in split.files for row in pq.read_table(file).to_pylist()]
    assert true.ids == split.ids == [row["id"] for row in rows]
    for place, row in enumerate(rows):
        assert TYPE_NAMES[true.types[place]] == row["tuples"][0]["type"]
        assert true.clusters[place] == f"{row['source']}/{row['source_id']}"
        tuples = {t["key"]: [float(f"{x:.5g}") for x in t["value"]] for t in row["tuples"]}
        for name in KEYS:
            value = np.atleast_1d(true.values[name][place])
            if name in tuples:
                assert value.tolist() == tuples[name]  # the five digits, not float32's neighbours
            else:
                assert np.isnan(value).all()


def test_images_are_those_datasets_decodes(du110k: Path) -> None:
    import datasets

    split = open_split(str(du110k), "test")
    wanted = datasets.load_dataset(str(du110k), split="test")
    for row, (name, degraded, clean) in zip(wanted, split.images("degraded", "clean"), strict=True):
        assert name == row["id"]
        np.testing.assert_array_equal(degraded, np.asarray(row["degraded"]))
        np.testing.assert_array_equal(clean, np.asarray(row["clean"]))
    some = split.ids[2:4]
    assert [name for name, _ in split.images("clean", only=set(some))] == some


def test_the_identity_is_the_recipes(du110k: Path) -> None:
    identity = json.loads((du110k / "recipe.json").read_text())["made"]["identity"]
    for name in ("train", "validation", "test"):
        assert open_split(str(du110k), name).identity == identity[name]


def test_a_glob_reads_the_same(du110k: Path, copy: Path) -> None:
    (copy / "recipe.json").unlink()
    split = open_split(f"{copy}/data/*.parquet", "test")
    assert split.ids == open_split(str(du110k), "test").ids
    assert split.title == "copy"
    # The preset is bundled, so the rows' own word for it is enough.
    assert split.identity == open_split(str(du110k), "test").identity
    assert open_split(str(copy), "train").n == open_split(str(du110k), "train").n


def test_a_blind_split_shows_no_answers(tmp_path: Path) -> None:
    out = tmp_path / "board"
    generate(220, out, [SourceSpec("dead-leaves")], size=32, workers=1, blind=True)
    split = open_split(str(out), "test")
    answers = open_split(f"{out}.answers", "test")
    assert split.blind
    assert not answers.blind
    assert sorted(split.ids) == sorted(answers.ground_truth().ids)
    assert split.identity["content_id"] == answers.identity["content_id"]
    for (_, image), (_, same) in zip(
        split.images("degraded"), answers.images("degraded"), strict=True
    ):
        np.testing.assert_array_equal(image, same)
    with pytest.raises(InputError, match="kept by its host"):
        split.ground_truth()
    for name in ("train", "validation", "test"):
        mine = open_split(f"{out}/data/*.parquet", name)
        assert sorted(mine.files) == sorted(open_split(str(out), name).files)
        assert mine.blind == (name == "test")


@pytest.mark.parametrize(
    ("where", "split", "message"),
    [
        ("nowhere", "test", "no such folder"),
        ("nowhere/*.parquet", "test", "no file of the test split"),
        ("{copy}", "tset", "the splits are train, validation, test"),
        ("{empty}", "test", "no test split in it"),
        ("{unfinished}", "test", "not finished"),
    ],
)
def test_what_is_no_dataset(
    copy: Path, tmp_path: Path, where: str, split: str, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    unfinished = Path(shutil.copytree(copy, tmp_path / "unfinished"))
    info = json.loads((unfinished / "recipe.json").read_text())
    del info["made"]
    (unfinished / "recipe.json").write_text(json.dumps(info))
    here = {"copy": copy, "empty": tmp_path / "empty", "unfinished": unfinished}
    with pytest.raises(InputError, match=message):
        open_split(where.format(**here), split)


def test_a_missing_split_names_those_that_are_there(copy: Path) -> None:
    for file in (copy / "data").glob("test-*"):
        file.unlink()
    with pytest.raises(InputError, match="it has train, validation: give --split train"):
        open_split(str(copy), "test")


def test_other_peoples_parquet(tmp_path: Path) -> None:
    file = tmp_path / "test-0.parquet"
    pq.write_table(pa.table({"id": ["a"], "type": ["blur"]}), file)
    with pytest.raises(InputError, match="no column severity"):
        open_split(str(file), "test").ground_truth()
    file.write_bytes(b"PAR1 but not really")
    with pytest.raises(InputError, match="cannot be read"):
        _ = open_split(str(file), "test").ids


def replace_column(file: Path, name: str, values: list) -> None:
    table = pq.read_table(file)
    field = table.schema.field(name)
    column = pa.array(values, field.type)
    pq.write_table(table.set_column(table.column_names.index(name), field, column), file)


def test_several_degradations_have_no_columns(copy: Path) -> None:
    file = next((copy / "data").glob("test-*"))
    types = pq.read_table(file)["type"].to_pylist()
    replace_column(file, "type", [*types[:3], None, *types[4:]])
    split = open_split(str(copy), "test")
    with pytest.raises(InputError, match=f"{split.ids[3]} has several degradations"):
        split.ground_truth()


def test_a_broken_image_is_named(copy: Path) -> None:
    file = next((copy / "data").glob("test-*"))
    table = pq.read_table(file)
    pictures = table["degraded"].to_pylist()
    pictures[3]["bytes"] = b"not a picture"
    replace_column(file, "degraded", pictures)
    split = open_split(str(copy), "test")
    with pytest.raises(InputError, match=f"degraded of {split.ids[3]} is not an image"):
        list(split.images("degraded"))
