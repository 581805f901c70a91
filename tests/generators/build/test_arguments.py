"""Every argument of `generate` is accounted for: it stands in recipe.json, and a run goes on only
with the same, or it decides no pixel."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dubench.cli import generating
from generators.build import blind as blind_module
from generators.build import generate as module
from generators.build.job import GenerateResult, Job
from generators.dataset.folder import write_or_match_recipe
from generators.dataset.info import DatasetInfo, Identity
from generators.depth.attach import DepthSpec
from generators.errors import InputError
from generators.sources import photographs
from generators.sources.pools import BUNDLED, SourceSpec

BASE: dict[str, Any] = {"n": 240, "sources": [SourceSpec("builtin")], "size": 64}
BLUR = """extends = "du110k"
name = "du110k"
[blur.sigma]
normal = [5.0, 1.0]
range = [1.0, 9.0]
"""
# Another value of each argument that decides pixels. A new one belongs here or in `NO_PIXELS`.
CHANGED: dict[str, Any] = {
    "n": 480,
    "sources": [SourceSpec("dead-leaves")],
    "preset": "du110k-wild",
    "size": 32,
    "seed": 1,
    "depth": "maps",
    "device": "cuda",
    "blind": True,
    "test_only": True,
}
NO_PIXELS = {
    "out",
    "workers",  # test_generate.py::test_bytes_do_not_depend_on_workers
    "engine",  # engines/test_on_ray.py::test_a_killed_worker_costs_its_shard_and_no_byte
    "progress",
}
# The command's own: the first takes the recipe over from a manifest, the second prints.
COMMAND_ALONE = {"manifest", "as_json"}


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that `generate` would have done, last first; nothing is rendered."""
    done: list[Job] = []

    def produce(out: Path, job: Job, workers: int, progress: object) -> GenerateResult:
        done.insert(0, job)
        out.mkdir(exist_ok=True)
        job.info.write(out)
        identity = dict.fromkeys(job.recipe.splits, Identity("", ""))
        return GenerateResult(out, job.recipe, 0, identity, {})

    def inspect_here(workers: int, on_progress: object, files: Sequence[Path]) -> Any:
        return [photographs.inspect(path) for path in files]

    for place in (module, blind_module):
        monkeypatch.setattr(place, "produce", produce)
    monkeypatch.setattr(blind_module, "_copy_without_answers", lambda *_: None)
    monkeypatch.setattr(module, "inspect_files", inspect_here)
    monkeypatch.setattr(module, "_check_device", lambda name: None)
    return done


def test_no_argument_is_forgotten() -> None:
    arguments = set(inspect.signature(module.generate).parameters)
    assert arguments == set(CHANGED) | NO_PIXELS
    flags = {"source": "sources"}
    command = {flags.get(a, a) for a in inspect.signature(generating.generate).parameters}
    assert command == arguments - {"progress"} | COMMAND_ALONE


def planned(jobs: list[Job], out: Path, **changed: Any) -> DatasetInfo:
    arguments: Mapping[str, Any] = BASE | changed
    module.generate(out=out, **arguments)
    return jobs[0].info


@pytest.mark.parametrize("name", CHANGED)
def test_what_decides_pixels_is_in_the_recipe(jobs: list[Job], tmp_path: Path, name: str) -> None:
    value = CHANGED[name]
    if value == "maps":
        (tmp_path / "maps").mkdir()
        for photo in sorted(BUNDLED.glob("*.jpg"))[:1]:
            with Image.open(photo) as image:
                image.convert("I;16").save(tmp_path / "maps" / f"{photo.stem}.png")
        value = DepthSpec("folder", str(tmp_path / "maps"))
    before = planned(jobs, tmp_path / "a")
    after = planned(jobs, tmp_path / "b", **{name: value})
    assert before.to_json() != after.to_json()
    before.write(tmp_path / "a")
    with pytest.raises(InputError, match="another"):
        write_or_match_recipe(tmp_path / "a", after)
    assert write_or_match_recipe(tmp_path / "a", before) == before


def test_a_preset_of_the_same_name_with_another_range_is_another(
    jobs: list[Job], tmp_path: Path
) -> None:
    (tmp_path / "du110k.toml").write_text(BLUR)
    before = planned(jobs, tmp_path / "a")
    after = planned(jobs, tmp_path / "b", preset=str(tmp_path / "du110k.toml"))
    with pytest.raises(InputError, match="another preset"):
        write_or_match_recipe(tmp_path / "a", after)
    assert before.recipe.preset.name == after.recipe.preset.name


@pytest.mark.parametrize("changed", [{"workers": 3}, {"progress": None}])
def test_the_rest_leaves_no_trace(jobs: list[Job], tmp_path: Path, changed: dict) -> None:
    before = planned(jobs, tmp_path / "a")
    assert planned(jobs, tmp_path / "b", **changed).to_json() == before.to_json()
