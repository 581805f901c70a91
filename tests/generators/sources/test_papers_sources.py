"""The paper's three sources together, in their published layouts, from photographs to rows."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dubench.dataset import open_split
from generators.build.generate import generate
from generators.build.verify import verify
from generators.sources.pools import SourceSpec

from .test_layouts import Drive

DESCRIPTIONS = ["Sunny", "Parked cars", "Overcast", "Busy crossing", "Night, rain"]


def tiles(photos: Path) -> list[Image.Image]:
    """Distinct real photographs of 320 × 240, six of each bundled one."""
    views = []
    for file in sorted(photos.glob("*.jpg")):
        with Image.open(file) as opened:
            image = opened.convert("RGB")
        for x in (0, 150, 310):
            for y in (0, 380):
                views.append(image.crop((x, y, x + 320, y + 240)))
    return views


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    root = tmp_path_factory.mktemp("sources")
    waiting = tiles(photos)

    def put(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        waiting.pop(0).save(path, quality=92)

    faces = root / "celeba" / "img_align_celeba"
    for number in range(1, 21):
        put(faces / f"{number:06d}.jpg")
    lines = [f"{number:06d}.jpg {(number - 1) // 4}" for number in range(1, 21)]
    (root / "celeba" / "identity_CelebA.txt").write_text("\n".join(lines))

    frames = []
    for number in range(12):
        put(root / "bdd100k" / "images" / "100k" / "train" / f"{number:04d}.jpg")
        time = "night" if number < 3 else "daytime"
        attributes = {"timeofday": time, "weather": "clear", "scene": "city street"}
        frames.append({"name": f"{number:04d}.jpg", "attributes": attributes})
    labels = root / "bdd100k" / "labels" / "bdd100k_labels_images_train.json"
    labels.parent.mkdir()
    labels.write_text(json.dumps(frames))

    drive = Drive()
    # The scanner a metre above the camera, both looking along the vehicle's x.
    forward = (0.5, -0.5, 0.5, -0.5)
    lens = ((200.0, 0, 160), (0, 200.0, 120), (0, 0, 1))
    lidar, camera = (
        drive.sensor("LIDAR_TOP"),
        drive.sensor("CAM_FRONT", rotation=forward, intrinsic=lens),
    )
    across, up = np.meshgrid(np.linspace(-7, 7, 60), np.linspace(-5, 5, 30))
    wall = np.stack([np.full_like(across, 12.0), across, up], -1).reshape(-1, 3)
    scan = np.hstack([wall, np.zeros((len(wall), 2))]).astype("<f4")
    for number, description in enumerate(DESCRIPTIONS):
        sample = drive.sample(description)
        for turn in range(2):
            name = f"samples/CAM_FRONT/{number}{turn}.jpg"
            put(root / "nuscenes" / drive.data(sample, camera, name, size=(320, 240)))
        sweep = root / "nuscenes" / drive.data(sample, lidar, f"samples/LIDAR_TOP/{number}.pcd.bin")
        sweep.parent.mkdir(exist_ok=True)
        scan.tofile(sweep)
    drive.save(root / "nuscenes" / "v1.0-mini")

    names = ("celeba", "bdd100k", "nuscenes")
    sources = [SourceSpec(name, str(root / name)) for name in names]
    generate(440, root / "made", sources, size=64)
    return root / "made"


def rows(folder: Path) -> list[tuple[str, dict]]:
    return [
        (file.name.partition("-")[0], row)
        for file in sorted((folder / "data").iterdir())
        for row in pq.read_table(file).to_pylist()
    ]


def test_every_source_serves_its_share_and_every_row_is_proved(dataset: Path) -> None:
    sources = [row["source"] for _, row in rows(dataset)]
    for source in ("celeba", "bdd100k", "nuscenes"):
        assert abs(sources.count(source) - 440 / 3) < 3
    assert verify(dataset).good


def test_people_and_scenes_stay_on_one_side(dataset: Path) -> None:
    sides: dict[str, set[str]] = {}
    for split, row in rows(dataset):
        name = Path(row["source_id"]).stem
        if row["source"] == "celeba":
            sides.setdefault(f"person {(int(name) - 1) // 4}", set()).add(split)
        if row["source"] == "nuscenes":
            sides.setdefault(f"scene {name[0]}", set()).add(split)
    assert len(sides) == 5 + 4
    assert all(len(splits) == 1 for splits in sides.values())


def test_intervals_count_a_person_or_scene_as_one(dataset: Path) -> None:
    true = open_split(str(dataset), "train").ground_truth()
    of = {row["id"]: row for split, row in rows(dataset) if split == "train"}
    clusters: dict[str, set[str]] = {}
    for name, cluster in zip(true.ids, true.clusters, strict=True):
        source, stem = of[name]["source"], Path(of[name]["source_id"]).stem
        whose = stem
        if source in ("celeba", "nuscenes"):
            whose = str((int(stem) - 1) // 4) if source == "celeba" else stem[0]
        clusters.setdefault(cluster, set()).add(whose)
    assert all(len(group) == 1 for group in clusters.values())
    persons = {cluster for cluster in clusters if cluster.startswith("celeba/")}
    assert len(persons) < len(
        {row["source_id"] for row in of.values() if row["source"] == "celeba"}
    )


def test_night_and_rain_are_left_out_and_counted(dataset: Path) -> None:
    left_out = json.loads((dataset / "recipe.json").read_text())["made"]["left_out"]
    assert len(left_out["bdd100k"]["night"]) == 3
    assert sum(map(len, left_out["nuscenes"].values())) == 2
    used = {row["source_id"] for _, row in rows(dataset) if row["source"] == "bdd100k"}
    assert not used & {f"images/100k/train/{number:04d}.jpg" for number in range(3)}


def test_lidar_gives_the_depth(dataset: Path) -> None:
    depth_sources = {
        (row["source"], row["depth_source"]) for _, row in rows(dataset) if row["depth"]
    }
    assert ("nuscenes", "lidar") in depth_sources
    assert ("nuscenes", "procedural") not in depth_sources
    assert ("celeba", "procedural") in depth_sources
