"""Models of one's own, found by module and class or by entry point."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from dubench.predictors import load_predictor
from generators.errors import InputError
from tests.conftest import Dubench

IMAGES = [np.full((32, 32, 3), level, np.uint8) for level in (10, 200)]

CODE = """
class Means:
    name = "means"
    about = {"unit": "levels"}
    batch = 3

    def predict(self, images):
        return [{"type": "blur", "parameters": {"sigma": image.mean()}} for image in images]


class Plain:
    def predict(self, images):
        return [{"type": "none"} for _ in images]


class Few(Means):
    asked = 0

    def predict(self, images):
        self.asked += 1
        return super().predict(images)[self.asked > 2 :]


class Breaks(Means):
    def predict(self, images):
        return [1 / 0]


class Unmakeable:
    def __init__(self):
        raise RuntimeError("the weights are not there\\nat all")


class Nothing(Means):
    def predict(self, images):
        pass


class Words(Means):
    def predict(self, images):
        return ["blur"] * len(images)


class Named(Means):
    def predict(self, images):
        return [{"id": "du-00000001", "type": "none"} for _ in images]


class Wrong(Means):
    def predict(self, images):
        return [{"type": "blur", "parameters": {"sigma": "much"}} for _ in images]


class Usurper(Means):
    about = {"split": "train"}


class Mute:
    pass


class NoBatch(Means):
    batch = 0


class Outer:
    Inner = Means
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a module in it, whose name no other test uses."""
    name = f"models_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(CODE)
    (tmp_path / f"{name}_broken.py").write_text("import no_such_package_of_ours")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / name


def test_a_class_in_the_working_folder(here: Path) -> None:
    model = load_predictor(f"plugin:{here.name}:Means")
    assert (model.name, dict(model.about), model.batch) == ("means", {"unit": "levels"}, 3)
    records = model.predict(IMAGES)
    assert [record["parameters"]["sigma"] for record in records] == [10, 200]
    plain = load_predictor(f"plugin:{here.name}:Plain")
    assert plain.name == f"plugin:{here.name}:Plain"
    assert plain.predict(IMAGES) == [{"type": "none"}] * 2
    assert load_predictor(f"plugin:{here.name}:Outer.Inner").name == "means"


def test_an_entry_point_of_an_installed_package(here: Path) -> None:
    about = here.parent / "theirs-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        f"[dubench.predictors]\nmeans-of-theirs = {here.name}:Means\n"
    )
    assert load_predictor("plugin:means-of-theirs").predict(IMAGES)[1]["type"] == "blur"
    with pytest.raises(InputError, match=r"no installed package offers it.*means-of-theirs"):
        load_predictor("plugin:other")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("", r"plugin:package\.module:Class"),
        ("no_such_module_of_ours:Model", "no module no_such_module_of_ours"),
        ("{}:Absent", "has no Absent"),
        ("{}:Mute", r"has no predict\(images\)"),
        ("{}:NoBatch", "batch is 0"),
        ("{}:Unmakeable", r"RuntimeError: the weights are not there \(models_.*\.py, line \d\d\)"),
        ("{}_broken:Model", "importing it raised ModuleNotFoundError.*no_such_package_of_ours"),
    ],
)
def test_what_cannot_be_loaded_is_one_line(here: Path, what: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        load_predictor(f"plugin:{what.format(here.name)}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Breaks", r"raised ZeroDivisionError: division by zero \(models_.*\.py, line \d\d\)"),
        ("Nothing", "predict gave None, not a list of records"),
        ("Words", "predict gave 'blur'; a record is a dict"),
        ("Named", "predict gave {'id': 'du-00000001'"),
        ("Usurper", "about names split"),
        ("Wrong", "sigma='much' is not a number"),
        ("Few", "2 predictions for 3 images"),
    ],
)
def test_a_plugin_that_fails_is_one_line_and_what_it_said_is_kept(
    here: Path, du110k: Path, dubench_here: Dubench, name: str, message: str
) -> None:
    run = dubench_here(
        "predict", "--model", f"plugin:{here.name}:{name}", "--dataset", du110k, cwd=here.parent
    )
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()[-1:]
    assert re.search(message, line), run.stderr
    assert "Traceback" not in run.stderr
    if name == "Few":
        out = here.parent / "preds.jsonl"
        assert len(out.read_text().splitlines()) == 1 + 2 * 3
        # A mended one goes on there.
        dubench_here(
            "predict", "--model", f"plugin:{here.name}:Means", "--dataset", du110k, cwd=here.parent
        )
        records = [json.loads(line) for line in out.read_text().splitlines()[1:]]
        assert len({record["id"] for record in records}) == len(records) > 7


def test_options_of_other_models_are_refused(here: Path) -> None:
    with pytest.raises(InputError, match="--device is not for --model plugin"):
        load_predictor(f"plugin:{here.name}:Means", device="cpu")


def test_the_one_in_the_docs(
    tmp_path: Path, du110k: Path, dubench_here: Dubench, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "predictors.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "my_models.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    command = ("predict", "--model", "plugin:my_models:Gradients", "--dataset", du110k)
    run = dubench_here(*command, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "12 predictions of gradients, 12 new" in run.stdout
