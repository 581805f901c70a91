"""A split read from object storage and over HTTP, without a copy of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dubench.dataset import TYPE_NAMES, open_split
from dubench.predictions.run import predict
from dubench.predictors import load_predictor
from generators.errors import InputError
from generators.files import place_of
from tests.conftest import Dubench
from tests.object_storage import BUCKET, s3_server

pytest.importorskip("moto")
pytest.importorskip("s3fs")

URL = f"s3://{BUCKET}/d"


@pytest.fixture(scope="module")
def server(du110k: Path) -> Iterator[str]:
    import s3fs

    with s3_server() as address:
        s3fs.S3FileSystem(s3_additional_kwargs={"ACL": "public-read"}).put(
            str(du110k), f"{BUCKET}/d", recursive=True
        )
        yield address


def test_the_split_is_that_of_the_folder(server: str, du110k: Path) -> None:
    here = open_split(str(du110k), "validation")
    for url in (URL, f"{server}/{BUCKET}/d", f"file://{du110k}"):
        there = open_split(url, "validation")
        assert there.ids == here.ids
        assert there.identity == here.identity
        pairs = zip(there.images("degraded"), here.images("degraded"), strict=True)
        assert all(a[0] == b[0] and (a[1] == b[1]).all() for a, b in pairs)


def test_predicted_and_scored_there_as_here(
    server: str, du110k: Path, tmp_path: Path, dubench_here: Dubench
) -> None:
    for name, where in (("here", str(du110k)), ("there", URL)):
        split = open_split(where, "validation")
        predict(split, load_predictor("constant"), tmp_path / f"{name}.jsonl")
        run = dubench_here(
            "score", f"{name}.jsonl", "--dataset", where, "--out", f"{name}.json", cwd=tmp_path
        )
        assert run.returncode == 0, run.stderr
    here, there = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("here", "there")
    )
    assert there["understanding"] == here["understanding"]
    assert there["content_id"] == here["content_id"]


def test_what_is_not_there_is_named(server: str) -> None:
    with pytest.raises(InputError, match=f"{URL}x: no test split in it"):
        open_split(URL + "x")


def test_a_row_group_is_in_memory_at_a_time(server: str, du110k: Path) -> None:
    files = sorted((du110k / "data").glob("train-*"))
    whole = pa.concat_tables(pq.read_table(file) for file in files)
    place = place_of(f"s3://{BUCKET}/large/data/train-00000-of-00001.parquet")
    with place.fs.open(place.path, "wb") as file:
        pq.write_table(whole, file, row_group_size=20, compression="NONE")
    before, most = pa.total_allocated_bytes(), 0
    n = 0
    for _ in open_split(f"s3://{BUCKET}/large", "train").images("degraded"):
        n += 1
        most = max(most, pa.total_allocated_bytes() - before)
    assert n == whole.num_rows
    assert most < whole["degraded"].nbytes / 5  # of twenty groups


def test_datasets_streams_it(server: str, du110k: Path) -> None:
    datasets = pytest.importorskip("datasets")
    files = {"test": f"{URL}/data/test-*.parquet"}
    rows = datasets.load_dataset("parquet", data_files=files, split="test", streaming=True)
    here = open_split(str(du110k), "test")
    assert rows.features["type"].names == list(TYPE_NAMES)
    for row, (name, image) in zip(rows.take(10), here.images("degraded"), strict=False):
        assert row["id"] == name
        assert (np.asarray(row["degraded"]) == image).all()
