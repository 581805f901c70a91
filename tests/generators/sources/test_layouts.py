"""The published folder layouts, built small from real photographs."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generators.errors import InputError
from generators.sources import photographs
from generators.sources.layouts import LAYOUTS
from generators.sources.listing import Listing

Put = Callable[[Path], Path]


@pytest.fixture(scope="session")
def put(photos: Path) -> Put:
    """Copy the next of the bundled photographs to a path."""
    files = sorted(photos.glob("*.jpg"))

    def copy(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.append(files.pop(0))
        return Path(shutil.copy(files[-1], path))

    return copy


class Drive:
    """A nuScenes folder in the making: rows as docs/schema_nuscenes.md of the devkit has them."""

    def __init__(self) -> None:
        names = ("scene", "sample", "sample_data", "calibrated_sensor", "sensor", "ego_pose")
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in names}

    def add(self, table: str, **row: Any) -> str:
        token = f"{table}-{len(self.tables[table]):04d}"
        self.tables[table].append({"token": token, **row})
        return token

    def sensor(
        self, channel: str, translation=(0, 0, 0), rotation=(1, 0, 0, 0), intrinsic=()
    ) -> str:
        modality = {"C": "camera", "L": "lidar", "R": "radar"}[channel[0]]
        return self.add(
            "calibrated_sensor",
            sensor_token=self.add("sensor", channel=channel, modality=modality),
            translation=list(translation),
            rotation=list(rotation),
            camera_intrinsic=[list(row) for row in intrinsic],
        )

    def sample(self, description: str) -> str:
        """One sample in a scene of its own."""
        scene = self.add("scene", name="scene-0061", description=description, nbr_samples=1)
        return self.add("sample", timestamp=1, scene_token=scene, next="", prev="")

    def data(
        self,
        sample: str,
        sensor: str,
        filename: str,
        translation=(0, 0, 0),
        rotation=(1, 0, 0, 0),
        key: bool = True,
        size: tuple[int, int] = (1600, 900),
    ) -> str:
        pose = self.add("ego_pose", translation=list(translation), rotation=list(rotation))
        self.add(
            "sample_data",
            sample_token=sample,
            calibrated_sensor_token=sensor,
            ego_pose_token=pose,
            filename=filename,
            is_key_frame=key,
            width=size[0],
            height=size[1],
        )
        return filename

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.tables.items():
            (folder / f"{name}.json").write_text(json.dumps(rows, indent=0))


def names(listing: Listing) -> list[str]:
    return [entry.name for entry in listing.entries]


def groups(listing: Listing) -> dict[str, str]:
    return {entry.name: entry.group for entry in listing.entries}


def check(listing: Listing, base: Path) -> None:
    """What holds for every listing: sorted, without repetition, readable, and rightly named."""
    assert names(listing) == sorted(set(names(listing)))
    for entry in listing.entries:
        assert entry.path.samefile(base / entry.name)
        photographs.inspect(entry.path)


@pytest.mark.parametrize("source", LAYOUTS)
def test_no_such_folder(source: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in ("nowhere", "file"):
        with pytest.raises(InputError, match=f"--source {source}=.*{place}: no such folder"):
            LAYOUTS[source](tmp_path / place)


# folder


def test_folder_takes_images_at_any_depth(tmp_path: Path, put: Put) -> None:
    for name in ("b.jpg", "a/c.JPEG", "a-b/d.jpg", "a/deep/er/e.jpg"):
        put(tmp_path / name)
    put(tmp_path / ".hidden.jpg")
    put(tmp_path / "a" / "._c.jpg")
    put(tmp_path / "notes.txt")
    (tmp_path / "folder.jpg").mkdir()
    listing = LAYOUTS["folder"](tmp_path)
    check(listing, tmp_path)
    assert names(listing) == ["a-b/d.jpg", "a/c.JPEG", "a/deep/er/e.jpg", "b.jpg"]
    assert set(groups(listing).values()) == {""}
    assert listing.left_out == {}


def test_folder_without_images_lists_none(tmp_path: Path) -> None:
    assert LAYOUTS["folder"](tmp_path) == Listing([], {})


# celeba

IDENTITIES = "000001.jpg 2880\n000002.jpg 2937\n000003.jpg 2880\n"


def make_celeba(images: Path, identities: Path, put: Put) -> None:
    for number in (3, 1, 2):
        put(images / f"{number:06d}.jpg")
    identities.parent.mkdir(parents=True, exist_ok=True)
    identities.write_text(IDENTITIES)


@pytest.mark.parametrize(
    ("images", "identities", "places"),
    [
        # As published.
        (
            "CelebA/Img/img_align_celeba",
            "CelebA/Anno/identity_CelebA.txt",
            (".", "CelebA", "CelebA/Img", "CelebA/Img/img_align_celeba"),
        ),
        # As torchvision unpacks it.
        (
            "celeba/img_align_celeba",
            "celeba/identity_CelebA.txt",
            (".", "celeba", "celeba/img_align_celeba"),
        ),
        # Unzipped into a folder of the archive's name.
        (
            "img_align_celeba/img_align_celeba",
            "identity_CelebA.txt",
            (".", "img_align_celeba", "img_align_celeba/img_align_celeba"),
        ),
    ],
)
def test_celeba_is_the_same_from_wherever_it_is_seen(
    images: str, identities: str, places: tuple[str, ...], tmp_path: Path, put: Put
) -> None:
    make_celeba(tmp_path / images, tmp_path / identities, put)
    put(tmp_path / "CelebA" / "Img" / "img_celeba" / "000001.jpg")  # in the wild, not aligned
    for place in places:
        listing = LAYOUTS["celeba"](tmp_path / place)
        check(listing, (tmp_path / images).parent)
        assert groups(listing) == {
            "img_align_celeba/000001.jpg": "2880",
            "img_align_celeba/000002.jpg": "2937",
            "img_align_celeba/000003.jpg": "2880",
        }


def test_celeba_without_identities_has_no_groups(tmp_path: Path, put: Put) -> None:
    put(tmp_path / "img_align_celeba" / "000001.jpg")
    assert groups(LAYOUTS["celeba"](tmp_path)) == {"img_align_celeba/000001.jpg": ""}


def test_celeba_still_packed(tmp_path: Path) -> None:
    packed = tmp_path / "Img" / "img_align_celeba.zip"
    packed.parent.mkdir()
    packed.write_bytes(b"PK")
    for place in (packed, packed.parent, tmp_path):
        with pytest.raises(InputError, match=r"img_align_celeba\.zip is still packed; unzip it"):
            LAYOUTS["celeba"](place)


def test_celeba_of_another_kind(tmp_path: Path, put: Put) -> None:
    put(tmp_path / "CelebA-HQ-img" / "0.jpg")
    with pytest.raises(InputError, match=r"no img_align_celeba/000001\.jpg"):
        LAYOUTS["celeba"](tmp_path)


def test_celeba_with_a_damaged_identity_file(tmp_path: Path, put: Put) -> None:
    make_celeba(tmp_path / "img_align_celeba", tmp_path / "identity_CelebA.txt", put)
    (tmp_path / "identity_CelebA.txt").write_text("000001.jpg 2880\n<html>\n")
    with pytest.raises(InputError, match=r"identity_CelebA\.txt, line 2"):
        LAYOUTS["celeba"](tmp_path)


# bdd100k

FRAMES = {
    "0000f77c-6257be58": ("daytime", "clear"),
    "0000f77c-62c2a288": ("daytime", "partly cloudy"),
    "0000f77c-cb820c98": ("daytime", "overcast"),
    "0001542f-5ce3cf52": ("daytime", "rainy"),
    "0001542f-7c670be8": ("daytime", "foggy"),
    "0001542f-ec815219": ("night", "clear"),
    "00024255-fad78bcf": ("night", "rainy"),
    "00039e93-ee8d2df9": ("dawn/dusk", "clear"),
    "0004974f-05e1c285": ("daytime", "undefined"),
    "00054602-3bf57337": ("undefined", "clear"),
}
KEPT = [f"images/100k/train/{stem}.jpg" for stem in list(FRAMES)[:3]]
LEFT_OUT = {
    "rainy": ["images/100k/train/0001542f-5ce3cf52.jpg"],
    "foggy": ["images/100k/train/0001542f-7c670be8.jpg"],
    "night": [
        "images/100k/train/0001542f-ec815219.jpg",
        "images/100k/train/00024255-fad78bcf.jpg",
    ],
    "dawn/dusk": ["images/100k/train/00039e93-ee8d2df9.jpg"],
    "weather undefined": ["images/100k/train/0004974f-05e1c285.jpg"],
    "time of day undefined": ["images/100k/train/00054602-3bf57337.jpg"],
}


def frame(stem: str, suffix: str = ".jpg", **more: Any) -> dict[str, Any]:
    """A frame as doc/format.md of BDD100K has it; its boxes have names and attributes too."""
    time, weather = FRAMES[stem]
    attributes = {"weather": weather, "scene": "city street", "timeofday": time}
    box = {"x1": 1.0, "y1": 2.0, "x2": 3.0, "y2": 4.0}
    label = {"category": "car", "attributes": {"occluded": False}, "id": 0, "box2d": box}
    return {"name": stem + suffix, "attributes": attributes, "labels": [label], **more}


def label_2018(labels: Path) -> None:
    labels.mkdir(parents=True)
    stems = sorted(FRAMES)
    for split, part in (("train", stems[:7]), ("val", stems[7:])):
        text = json.dumps([frame(stem, timestamp=10000) for stem in part], indent=4)
        (labels / f"bdd100k_labels_images_{split}.json").write_text(text)


def label_2018_each(labels: Path) -> None:
    folder = labels / "100k" / "train"
    folder.mkdir(parents=True)
    for stem in FRAMES:
        lane = {"category": "lane", "id": 1, "poly2d": [[1.5, 2.5, "L"]]}
        label = frame(stem, suffix="", frames=[{"timestamp": 10000, "objects": [lane]}])
        (folder / f"{stem}.json").write_text(json.dumps(label))


def label_2020(labels: Path) -> None:
    (labels / "det_20").mkdir(parents=True)
    for split in ("train", "val"):
        text = json.dumps([frame(stem) for stem in FRAMES] if split == "train" else [])
        (labels / "det_20" / f"det_{split}.json").write_text(text)


@pytest.mark.parametrize("write", [label_2018, label_2018_each, label_2020])
@pytest.mark.parametrize(
    ("images", "labels", "places"),
    [
        ("bdd100k/images", "bdd100k/labels", (".", "bdd100k", "bdd100k/images")),
        # Each archive unpacked into a folder of its own.
        ("bdd100k_images/bdd100k/images", "bdd100k_labels/bdd100k/labels", (".",)),
    ],
)
def test_bdd100k_keeps_clear_days(
    write: Callable[[Path], None],
    images: str,
    labels: str,
    places: tuple[str, ...],
    tmp_path: Path,
    put: Put,
) -> None:
    for stem in FRAMES:
        put(tmp_path / images / "100k" / "train" / f"{stem}.jpg")
    write(tmp_path / labels)
    for place in places:
        listing = LAYOUTS["bdd100k"](tmp_path / place)
        check(listing, (tmp_path / images).parent)
        assert names(listing) == KEPT
        assert listing.left_out == LEFT_OUT


def test_bdd100k_frames_of_both_sizes_are_one_group(tmp_path: Path, put: Put) -> None:
    stem = "0000f77c-6257be58"
    both = [f"images/{size}/{stem}.jpg" for size in ("100k/train", "10k/val")]
    unknown = "images/100k/test/cabc30fc-e7726578.jpg"
    for name in (*both, unknown):
        put(tmp_path / name)
    label_2020(tmp_path / "labels")
    listing = LAYOUTS["bdd100k"](tmp_path)
    assert groups(listing) == dict.fromkeys(both, stem)
    assert listing.left_out == {"no label": [unknown]}


def test_bdd100k_without_labels_or_images(tmp_path: Path, put: Put) -> None:
    with pytest.raises(InputError, match=r"no images/100k/train/\*\.jpg in it"):
        LAYOUTS["bdd100k"](tmp_path)
    put(tmp_path / "images" / "100k" / "train" / "0000f77c-6257be58.jpg")
    (tmp_path / "labels" / "drivable").mkdir(parents=True)
    wanted = r"no labels .*labels/det_20/det_train\.json .*beside images/, .*folder=.*images$"
    with pytest.raises(InputError, match=wanted) as caught:
        LAYOUTS["bdd100k"](tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[{", "[3]", '[{"labels": []}]', "", "\xff"])
def test_bdd100k_with_a_damaged_label_file(text: str, tmp_path: Path, put: Put) -> None:
    put(tmp_path / "images" / "100k" / "train" / "0000f77c-6257be58.jpg")
    (tmp_path / "labels" / "det_20").mkdir(parents=True)
    (tmp_path / "labels" / "det_20" / "det_train.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"det_train\.json is not the published file .*again$"):
        LAYOUTS["bdd100k"](tmp_path)


# nuscenes

SCENES = {
    "Parked truck, construction, intersection, turn left": "",
    "Wait at train crossing, constraint": "",
    "Night, big street, bus stop": "night",
    "Night, after rain, many peds": "night",
    "Rainy, parked cars": "rain",
    "Bridge, light fog": "fog",
    "Snow on the road": "snow",
    "": "no description of the scene",
}


@pytest.fixture
def drive(tmp_path: Path, put: Put) -> Drive:
    """A scene for each description, photographed by two cameras, and what is no photograph."""
    drive = Drive()
    front, back, radar = map(drive.sensor, ("CAM_FRONT", "CAM_BACK", "RADAR_FRONT"))
    for number, description in enumerate(SCENES):
        sample = drive.sample(description)
        for camera, sensor in (("CAM_FRONT", front), ("CAM_BACK", back)):
            for folder, key in (("samples", True), ("sweeps", False)):
                name = f"{folder}/{camera}/n015__{camera}__{number}.jpg"
                put(tmp_path / drive.data(sample, sensor, name, key=key))
        put(tmp_path / drive.data(sample, radar, f"samples/RADAR_FRONT/{number}.pcd"))
    return drive


@pytest.mark.parametrize("tables", ["v1.0-mini", "v1.0-trainval"])
def test_nuscenes_keeps_clear_days(tables: str, tmp_path: Path, drive: Drive) -> None:
    drive.save(tmp_path / tables)
    for place in (tmp_path, tmp_path / "samples", tmp_path / tables):
        listing = LAYOUTS["nuscenes"](place)
        check(listing, tmp_path)
        assert groups(listing) == {
            f"samples/{camera}/n015__{camera}__{number}.jpg": f"scene-{number:04d}"
            for camera in ("CAM_BACK", "CAM_FRONT")
            for number in (0, 1)
        }
        assert listing.left_out == {
            reason: [
                f"samples/{camera}/n015__{camera}__{number}.jpg"
                for camera in ("CAM_BACK", "CAM_FRONT")
                for number, left_out_for in enumerate(SCENES.values())
                if left_out_for == reason
            ]
            for reason in set(SCENES.values()) - {""}
        }


def test_one_level_above_only_where_it_is_clear_which(tmp_path: Path, put: Put) -> None:
    drive = Drive()
    camera = drive.sensor("CAM_FRONT")
    name = drive.data(drive.sample("Sunny"), camera, "samples/CAM_FRONT/a.jpg")
    for count, copy in enumerate(("one", "two")):
        put(tmp_path / copy / name)
        drive.save(tmp_path / copy / "v1.0-mini")
        put(tmp_path / copy / "img_align_celeba" / "000001.jpg")
        put(tmp_path / copy / "images" / "100k" / "train" / "0000f77c-6257be58.jpg")
        label_2020(tmp_path / copy / "labels")
        for source in ("celeba", "bdd100k", "nuscenes"):
            if count == 0:
                assert LAYOUTS[source](tmp_path) == LAYOUTS[source](tmp_path / copy)
            else:
                with pytest.raises(InputError, match=r"more than one there \(.*one.*two.*give one"):
                    LAYOUTS[source](tmp_path)


def test_nuscenes_versions_side_by_side_count_once(tmp_path: Path, drive: Drive) -> None:
    drive.save(tmp_path / "v1.0-mini")
    wanted = LAYOUTS["nuscenes"](tmp_path)
    drive.save(tmp_path / "v1.0-trainval")
    assert LAYOUTS["nuscenes"](tmp_path) == wanted


def test_nuscenes_names_missing_files(tmp_path: Path, drive: Drive) -> None:
    drive.save(tmp_path / "v1.0-mini")
    name = "samples/CAM_BACK/n015__CAM_BACK__1.jpg"
    (tmp_path / name).unlink()
    listing = LAYOUTS["nuscenes"](tmp_path)
    assert name not in names(listing)
    assert listing.left_out["missing file"] == [name]


def test_nuscenes_without_tables(tmp_path: Path, put: Put) -> None:
    put(tmp_path / "samples" / "CAM_FRONT" / "a.jpg")
    wanted = "scene.json, sample.json, sample_data.json, calibrated_sensor.json, sensor.json"
    with pytest.raises(InputError, match=f"no tables; unpack v1.0-mini .*{wanted}, ego_pose.json"):
        LAYOUTS["nuscenes"](tmp_path)


@pytest.mark.parametrize("table", ["sample", "sample_data", "sensor", "calibrated_sensor"])
def test_nuscenes_with_a_table_missing_or_damaged(table: str, tmp_path: Path, drive: Drive) -> None:
    drive.save(tmp_path / "v1.0-mini")
    path = tmp_path / "v1.0-mini" / f"{table}.json"
    whole = path.read_text()
    for text in (whole[: len(whole) // 2], "{}", '[{"token": "a"}]', "[1]"):
        path.write_text(text)
        with pytest.raises(InputError, match=rf"{table}\.json is not the published file"):
            LAYOUTS["nuscenes"](tmp_path)
    path.unlink()
    with pytest.raises(InputError, match=rf"{table}\.json: No such file .*; unpack it"):
        LAYOUTS["nuscenes"](tmp_path)


def test_nuscenes_with_tables_of_two_downloads(tmp_path: Path, drive: Drive) -> None:
    lost = drive.tables["scene"].pop()["token"]
    drive.save(tmp_path / "v1.0-mini")
    with pytest.raises(InputError, match=rf"scene\.json has no row '{lost}'"):
        LAYOUTS["nuscenes"](tmp_path)
