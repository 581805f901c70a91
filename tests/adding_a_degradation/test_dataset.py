"""docs/adding-a-degradation.md is followed to the letter, and the dataset is right."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy.ndimage import convolve, map_coordinates

from generators.sources.pools import BUNDLED
from tests.adding_a_degradation.conftest import Run
from tests.adding_a_degradation.page import PAGE, steps

PHOTO = BUNDLED / "bridge-by-sander-klootwijk.jpg"
TYPES = ["haze", "low_light", "blur", "low_resolution", "none", "motion_blur"]


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
        "jpeg_codec": None,
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


def test_one_photograph(cli: Run, tmp_path: Path) -> None:
    clean = np.array(Image.open(PHOTO).convert("RGB").crop((200, 100, 296, 180)))
    Image.fromarray(clean).save(tmp_path / "photo.png")
    result = cli(
        "degrade", tmp_path / "photo.png", "--type", "motion_blur", "--set", "length=15",
        "--set", "angle=30", "--preset", "five", "--out", tmp_path / "moved.png", "--json",
    )  # fmt: skip
    assert json.loads(result.stdout)["tuples"] == [
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
    clean, degraded = arrays[f"clean {height}"], arrays[f"single {height}"][case]
    length, angle = CASES[case]
    kernel = arrays[f"kernel {length} {angle}"]
    assert kernel.sum() == pytest.approx(1, abs=1e-12)
    # Rounded to the nearest level; at a tie, float32 may fall to either side.
    by_kernel = convolve(clean.astype(float), kernel[..., None], mode="mirror")
    assert np.abs(degraded - by_kernel).max() < 0.501
    assert np.abs(degraded - travelled(clean, length, angle)).max() < 0.51


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
        "jpeg_codec": None,
        "problems": [],
    }
    cli("preview", copy)
