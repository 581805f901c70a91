"""docs/adding-a-degradation.md is followed to the letter, and what comes out is right."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy.ndimage import convolve, map_coordinates

import annotation_ui
import dubench as dubench_package
import generators
from generators.sources.pools import BUNDLED

HERE = Path(__file__).parents[2]
PAGE = HERE / "docs" / "adding-a-degradation.md"
PHOTO = BUNDLED / "bridge-by-sander-klootwijk.jpg"
TYPES = ["haze", "low_light", "blur", "low_resolution", "none", "motion_blur"]

# A heading names the file and the place there; a fenced block follows, but for a copy.
STEP = re.compile(
    r"^\*\*(?P<file>[\w./]+)\*\*,\s"
    r"(?P<place>a new file|at the end|a copy of|before the line|instead of the line)"
    r"(?:\s`(?P<anchor>[^`]+)`)?\n\n(?:```\w+\n(?P<block>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)

Run = Callable[..., subprocess.CompletedProcess[str]]


def steps(page: str) -> list[re.Match[str]]:
    found = list(STEP.finditer(page))
    assert len(found) == page.count("\n**"), "a heading of the page is not understood"
    return found


def follow(page: str, house: Path) -> None:
    """Do to the copy in `house` what the page says."""
    for step in steps(page):
        file, place, anchor, block = step.group("file", "place", "anchor", "block")
        path = house / file
        if place == "a copy of":
            shutil.copy(house / anchor, path)
        elif place == "a new file":
            assert not path.exists()
            path.write_text(block, "utf-8")
        elif place == "at the end":
            path.write_text(f"{path.read_text('utf-8')}\n{block}", "utf-8")
        else:
            lines = path.read_text("utf-8").splitlines(keepends=True)
            assert lines.count(f"{anchor}\n") == 1, f"{file} has no line {anchor!r}"
            at = lines.index(f"{anchor}\n")
            if place == "instead of the line":
                lines[at] = block
            else:
                above = [line.strip() for line in lines[:at]]
                blank = next(count for count, line in enumerate(reversed(above)) if line)
                lines.insert(at, block + "\n" * blank)
            path.write_text("".join(lines), "utf-8")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run Python in the copy that has the fifth type."""
    house = tmp_path_factory.mktemp("house")
    for package in (generators, dubench_package, annotation_ui):
        source = Path(package.__file__ or "").parent
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, house / source.name, ignore=ignored)
    follow(PAGE.read_text("utf-8"), house)
    environment = os.environ | {"PYTHONPATH": str(house), "PYTHONDONTWRITEBYTECODE": "1"}

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(
            command, cwd=house, env=environment, capture_output=True, text=True, timeout=600
        )

    where = call("-c", "import generators, dubench; print(generators.__file__, dubench.__file__)")
    assert where.stdout.count(str(house)) == 2, where.stderr
    return call


@pytest.fixture(scope="module")
def cli(run: Run) -> Run:
    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        done = run("-m", "dubench.cli", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return call


@pytest.fixture(scope="module")
def five(cli: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("five") / "five"
    options = ("--size", 64, "--preset", "five", "--workers", 2)
    cli("generate", "--n", 150, *options, "--out", out)
    return out


def travelled(image: np.ndarray, length: float, angle: float, places: int = 1000) -> np.ndarray:
    """What the page promises, by another way: the mean of the picture along the path."""
    turn = np.deg2rad(angle)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]].astype(float)
    total = np.zeros(image.shape)
    for share in (np.arange(places) + 0.5) / places - 0.5:
        at = [rows - share * length * np.sin(turn), columns + share * length * np.cos(turn)]
        for channel in range(3):
            total[..., channel] += map_coordinates(
                image[..., channel].astype(float), at, order=1, mode="mirror"
            )
    return total / places


def test_the_page_costs_what_it_says() -> None:
    touched = {step["file"] for step in steps(PAGE.read_text("utf-8"))}
    assert touched == {
        "generators/taxonomy.py",
        "generators/physics/motion_blur.py",
        "generators/data/presets/five.toml",
        "generators/batched/motion_blur.py",
    }


def test_the_dataset_is_whole(cli: Run, five: Path) -> None:
    audit = json.loads(cli("verify", five, "--json", "--workers", 2).stdout)
    assert audit == {
        "rows": 150,
        "exact": 150,
        "within_one_level": 0,
        "blind_not_rendered": 0,
        "problems": [],
    }


def test_the_columns_appear(five: Path) -> None:
    rows = [row for file in (five / "data").iterdir() for row in pq.read_table(file).to_pylist()]
    moved = [row for row in rows if row["type"] == TYPES.index("motion_blur")]
    assert len(moved) == 30
    for row in rows:
        assert (row["length"] is not None) == (row["angle"] is not None) == (row in moved)
    for row in moved:
        assert [(t["type"], t["key"]) for t in row["tuples"]] == [
            ("motion_blur", "length"),
            ("motion_blur", "angle"),
        ]
        assert [t["value"] for t in row["tuples"]] == [[row["length"]], [row["angle"]]]
        assert 3 <= row["length"] <= 25
        assert 1 <= row["angle"] <= 180
        assert row["depth"] is None
        grade = "slight" if row["length"] < 9 else "moderate" if row["length"] < 15 else "severe"
        assert row["severity"] == grade
    schema = pq.read_schema(next((five / "data").glob("train*")))
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features["type"]["names"] == TYPES
    card = (five / "README.md").read_text("utf-8")
    assert "| `motion_blur` | `angle` |" in card
    assert "angle" in (five / "croissant.json").read_text("utf-8")


def test_preview_shows_it(cli: Run, five: Path) -> None:
    cli("preview", five)
    assert "<td>length<td>pixels<td>30<td>" in (five / "preview.html").read_text("utf-8")


def test_a_review_has_gold_of_it(cli: Run, five: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(five, tmp_path / "five"))
    # By this seed it is one of the two types that get a wrong value.
    cli("review", "plan", copy, "--fraction", 1, "--seed", 5, "--workers", 1)
    with closing(sqlite3.connect(tmp_path / "five.review" / "review.sqlite")) as db:
        ((shown, detail),) = db.execute(
            "SELECT shown, json_extract(expected, '$.detail') FROM items "
            "WHERE type = 'motion_blur' AND json_extract(expected, '$.why') = 'wrong parameter'"
        )
    says = re.fullmatch(r"length is ([\d.]+), shown as ([\d.]+)", detail)
    assert says
    right, wrong = map(float, says.groups())
    assert wrong / right == pytest.approx(2.5 if wrong > right else 0.4, rel=1e-3)
    length = json.loads(shown)["tuples"][0]
    assert length == ["motion_blur", "length", pytest.approx(wrong, rel=1e-4)]


def test_models_are_scored_on_it(cli: Run, five: Path, tmp_path: Path) -> None:
    rows = [row for f in sorted(five.glob("data/train-*")) for row in pq.read_table(f).to_pylist()]
    ask = ("--dataset", five, "--split", "train")
    for model in ("statistics", "constant"):
        cli("predict", "--model", model, *ask, "--out", tmp_path / f"{model}.jsonl")
    right = [
        {"id": row["id"], "tuples": [[t["type"], t["key"], t["value"]] for t in row["tuples"]]}
        for row in rows
    ]
    moved = next(row for row in rows if row["type"] == TYPES.index("motion_blur"))
    place = next(i for i, record in enumerate(right) if record["id"] == moved["id"])
    text = f'{{"type": "Camera-Shake", "direction": {moved["angle"]}, "length": {moved["length"]}}}'
    right[place] = {"id": moved["id"], "output": text}
    lines = "".join(f"{json.dumps(record)}\n" for record in right)
    (tmp_path / "right.jsonl").write_text(lines, "utf-8")
    scores = {}
    for model in ("statistics", "constant", "right"):
        out = tmp_path / f"{model}.json"
        cli("score", tmp_path / f"{model}.jsonl", *ask, "--out", out, "--json")
        scores[model] = json.loads(out.read_text("utf-8"))["understanding"]
    assert scores["right"]["t_f1"] == scores["right"]["j_acc"] == 1
    assert scores["right"]["p_rel"]["length"] < 1e-6
    assert scores["right"]["p_rel"]["angle"] < 1e-6
    # The shipped baseline knows the other four.
    assert scores["statistics"]["by_type"]["motion_blur"]["t_acc"] == 0
    assert scores["statistics"]["confusion"]["blur"]["motion_blur"] == 0
    assert scores["statistics"]["t_acc"] > scores["constant"]["t_acc"]
    assert scores["constant"]["p_rel"]["angle"] == 1
    compared = json.loads(
        cli("compare", tmp_path / "constant.json", tmp_path / "right.json", "--json").stdout
    )
    assert "p_rel.angle" in {difference["name"] for difference in compared["differences"]}
    cli("report", tmp_path / "right.json", tmp_path / "statistics.json", "--out", tmp_path / "out")
    assert "motion_blur" in (tmp_path / "out" / "index.html").read_text("utf-8").replace(" ", "_")


def test_one_photograph(cli: Run, tmp_path: Path) -> None:
    clean = np.array(Image.open(PHOTO).convert("RGB").crop((200, 100, 296, 180)))
    Image.fromarray(clean).save(tmp_path / "photo.png")
    told = cli(
        "degrade", tmp_path / "photo.png", "--type", "motion_blur", "--set", "length=15",
        "--set", "angle=30", "--preset", "five", "--out", tmp_path / "moved.png", "--json",
    )  # fmt: skip
    assert json.loads(told.stdout)["tuples"] == [
        ["motion_blur", "length", 15.0],
        ["motion_blur", "angle", 30.0],
    ]
    moved = np.array(Image.open(tmp_path / "moved.png"))
    assert np.abs(moved - np.rint(travelled(clean, 15, 30))).max() <= 1


def test_help_names_it(cli: Run) -> None:
    assert "motion_blur" in cli("degrade", "--help").stdout


CASES = [(3.0, 1.0), (3.0, 180.0), (8.0, 90.0), (12.34, 45.0), (15.0, 30.0), (25.0, 117.3)]
SHAPES = [(64, 64), (50, 81), (16, 20)]

BOTH_PATHS = f"""
import sys
import numpy as np, torch
from generators import batched
from generators.batched.tensors import collate_values, quantize
from generators.physics.motion_blur import apply, kernel

torch.set_num_threads(1)
arrays = dict(np.load(sys.argv[1]))
for height, width in {SHAPES}:
    image = arrays[f"clean {{height}}"]
    values = [dict(length=length, angle=angle) for length, angle in {CASES}]
    arrays[f"single {{height}}"] = np.stack([apply(image, value) for value in values])
    images = torch.from_numpy(image).permute(2, 0, 1).float()[None] / 255
    images = images.repeat(len(values), 1, 1, 1)
    twins = batched.apply("motion_blur", images, collate_values(values, images))
    arrays[f"twin {{height}}"] = quantize(twins).permute(0, 2, 3, 1).numpy()
for length, angle in {CASES}:
    arrays[f"kernel {{length}} {{angle}}"] = kernel(length, angle)

small, length, angle = (
    torch.tensor(values, dtype=torch.float64, requires_grad=True)
    for values in (np.random.default_rng(0).random((2, 3, 4, 5)), [3.4, 5.7], [40.0, 100.0])
)
torch.autograd.gradcheck(
    lambda *a: batched.apply("motion_blur", a[0], dict(length=a[1], angle=a[2])),
    (small, length, angle),
    fast_mode=True,
)
np.savez(sys.argv[1], **arrays)
"""


@pytest.fixture(scope="module")
def arrays(run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """Photographs, and what both paths of the copy make of them."""
    file = tmp_path_factory.mktemp("arrays") / "arrays.npz"
    photo = np.array(Image.open(PHOTO).convert("RGB"))
    clean = {f"clean {h}": photo[100 : 100 + h, 200 : 200 + w] for h, w in SHAPES}
    np.savez(file, **clean)
    done = run("-c", BOTH_PATHS, file)
    assert done.returncode == 0, done.stderr
    return dict(np.load(file))


@pytest.mark.parametrize("height", [height for height, _ in SHAPES])
def test_the_twin_agrees(arrays: dict[str, np.ndarray], height: int) -> None:
    twin, single = (arrays[f"{name} {height}"].astype(int) for name in ("twin", "single"))
    assert np.abs(twin - single).max() <= 1


@pytest.mark.parametrize("height", [height for height, _ in SHAPES])
@pytest.mark.parametrize("case", range(len(CASES)))
def test_the_physics_is_scipys(arrays: dict[str, np.ndarray], height: int, case: int) -> None:
    clean, made = arrays[f"clean {height}"], arrays[f"single {height}"][case]
    length, angle = CASES[case]
    kernel = arrays[f"kernel {length} {angle}"]
    assert kernel.sum() == pytest.approx(1, abs=1e-12)
    # Rounded to the nearest level; at a tie, float32 may fall to either side.
    by_kernel = convolve(clean.astype(float), kernel[..., None], mode="mirror")
    assert np.abs(made - by_kernel).max() < 0.501
    assert np.abs(made - travelled(clean, length, angle)).max() < 0.51


def test_old_datasets_keep_their_identity(cli: Run, du110k: Path, tmp_path: Path) -> None:
    cli("generate", "--n", 440, "--size", 64, "--workers", 2, "--out", tmp_path / "again")
    old, new = (
        json.loads((folder / "recipe.json").read_text("utf-8"))["made"]["identity"]
        for folder in (du110k, tmp_path / "again")
    )
    assert new == old


def test_old_datasets_are_still_read(cli: Run, copy: Path) -> None:
    audit = json.loads(cli("verify", copy, "--json", "--workers", 2).stdout)
    assert audit == {
        "rows": 440,
        "exact": 440,
        "within_one_level": 0,
        "blind_not_rendered": 0,
        "problems": [],
    }
    cli("preview", copy)
