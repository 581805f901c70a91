"""Datasets at a URL: what a folder would hold, on a real S3-compatible server."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from generators import engines
from generators.build.generate import generate
from generators.build.verify import verify
from generators.dataset.info import DatasetInfo
from generators.dataset.parquet import open_parquet
from generators.errors import InputError
from generators.files import place_of, whole, write_new
from generators.sources.pools import BUNDLED, SourceSpec
from tests.conftest import Dubench
from tests.object_storage import BUCKET, s3_server

pytest.importorskip("moto")
pytest.importorskip("s3fs")

FOLDER = [SourceSpec("folder", str(BUNDLED))]
HOME = f"s3://{BUCKET}/made/d"


def run_here(work: Any, tasks: Any, workers: int, on_report: Any, **engine: Any) -> Iterator[Any]:
    """In place of worker processes, which have tests of their own, and would take most of these."""
    return (work(task, on_report) for task in tasks)


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with s3_server(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "run", run_here)
        yield


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("here") / "d"
    generate(120, out, FOLDER, size=32, workers=1)
    return out


@pytest.fixture(scope="module")
def there() -> Any:
    place = place_of(HOME)
    generate(120, place, FOLDER, size=32, workers=1)
    return place


def content(folder: Any) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "data").iterdir()}


def test_the_bytes_are_those_of_a_folder(here: Path, there: Any) -> None:
    assert content(there) == content(here)
    assert DatasetInfo.read_finished(there) == DatasetInfo.read_finished(here)
    names = {"README.md", "croissant.json", "recipe.json", "data"}
    assert {file.name for file in there.iterdir()} == names  # nothing that was handed over stays


def test_verify_proves_them(there: Any) -> None:
    audit = verify(there, workers=1)
    assert audit.good
    assert audit.exact == 120


def test_a_lost_object_is_made_again_alone(here: Path, there: Any) -> None:
    lost = next((there / "data").glob("train-*"))
    rows = DatasetInfo.read(there).recipe.shards[0]
    lost.unlink()
    assert generate(120, there, FOLDER, size=32, workers=1).new == rows.stop - rows.start
    assert content(there) == content(here)


def test_another_dataset_does_not_go_there(there: Any) -> None:
    with pytest.raises(InputError, match="holds a dataset with another seed"):
        generate(120, there, FOLDER, size=32, seed=1, workers=1)


def test_of_two_that_begin_at_once_one_writes_the_recipe() -> None:
    place = place_of(f"s3://{BUCKET}/raced")
    assert write_new(place / "recipe.json", "first")
    assert not write_new(place / "recipe.json", "second")
    assert (place / "recipe.json").read_text() == "first"


def test_what_fails_leaves_no_object(tmp_path: Path) -> None:
    place = place_of(f"s3://{BUCKET}/cut/shard.parquet")

    def fail() -> None:
        with whole(place) as part:
            part.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not place.exists()
    assert not part_of(place).parent.exists()


def part_of(place: Any) -> Path:
    with whole(place) as part:
        part.write_bytes(b"whole")
    assert place.read_bytes() == b"whole"
    return part


def test_the_command_takes_urls_and_names_what_is_wrong(
    there: Any, dubench_here: Dubench, tmp_path: Path
) -> None:
    run = dubench_here("verify", HOME, "--workers", 1, cwd=tmp_path)
    assert (run.returncode, run.stdout.splitlines()[-1]) == (0, "all good")
    run = dubench_here("verify", f"s3://{BUCKET}/nothing", cwd=tmp_path)
    assert run.returncode == 2
    assert f"s3://{BUCKET}/nothing holds no dubench dataset" in run.stderr
    run = dubench_here("generate", "--n", 8, "--out", "s3://no-such-bucket/d", cwd=tmp_path)
    assert run.returncode == 2
    assert "bucket does not exist" in run.stderr
    run = dubench_here("generate", "--n", 8, "--blind", "--out", HOME, cwd=tmp_path)
    assert run.returncode == 2
    assert "--blind with --out" in run.stderr
    run = dubench_here("verify", "nowhere://x/y", cwd=tmp_path)
    assert run.returncode == 2
    assert "nowhere://x/y: Unsupported filesystem" in run.stderr
    assert place_of(f"file://{tmp_path}") == tmp_path


def test_a_web_server_that_sends_no_parts(here: Path) -> None:
    files = partial(SimpleHTTPRequestHandler, directory=str(here))
    with ThreadingHTTPServer(("127.0.0.1", 0), files) as web:
        Thread(target=web.serve_forever, daemon=True).start()
        shards = place_of(f"http://127.0.0.1:{web.server_port}/data").iterdir()
        shard = next(shard for shard in shards if shard.suffix == ".parquet")
        with pytest.raises(InputError, match="the server sends no part of a file"):
            open_parquet(shard)
        web.shutdown()
