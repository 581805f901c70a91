"""nuScenes: its tables, and which of its photographs are clean."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from generators.errors import InputError
from generators.sources.listing import Entry, Listing, Row, find, parse, require

Keep = Callable[[Row], bool]

_TABLES = ("scene", "sample", "sample_data", "calibrated_sensor", "sensor", "ego_pose")
# At the start of a word: a train is no rain.
_BAD_WEATHER = re.compile(r"\b(night|rain|fog|snow)")


def nuscenes(root: Path) -> Listing:
    """Camera key frames of nuScenes without night, rain, fog or snow; 1600×900, a group per scene.

    Follows the tables in `v1.0-*/` to the images in `samples/CAM_*/`. The words are looked for in
    the scenes' descriptions, which is all that nuScenes says of the weather; a scene without a
    description is left out. `root` holds both folders, or is one of them, or lies one level above.

    Raises:
        InputError: no such folder, tables missing, or one that cannot be read.
    """
    tables = NuscenesTables(root)
    scenes = tables.read("scene", ("description",))
    samples = tables.read("sample", ("scene_token",))
    listing = Listing([])
    frames = tables.key_frames("CAM_", ("sample_token",)).values()
    for frame in sorted(frames, key=lambda frame: frame["filename"]):
        name = frame["filename"]
        scene = samples[frame["sample_token"]]["scene_token"]
        text = scenes[scene]["description"].lower()
        path = tables.root / name
        if bad := _BAD_WEATHER.search(text):
            reason = bad[0]
        elif not text:
            reason = "no description of the scene"
        elif not path.is_file():
            reason = "missing file"
        else:
            listing.entries.append(Entry(path, name, scene))
            continue
        listing.left_out.setdefault(reason, []).append(name)
    return listing


class Table(dict[str, Row]):
    """The rows of one nuScenes table by token."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __missing__(self, token: str) -> Row:
        raise InputError(
            f"nuScenes: {self.name}.json has no row {token!r} that another table names; "
            "unpack all tables of one version again"
        )


class NuscenesTables:
    """The JSON tables of nuScenes (docs/schema_nuscenes.md of the nuscenes-devkit).

    Where several versions lie side by side (`v1.0-mini`, `v1.0-trainval`, `v1.0-test`) they are
    read as one: tokens are unique, and mini is a part of trainval.

    Args:
        root: holds `v1.0-*/` and `samples/`, or is one of them, or lies one level above.

    Attributes:
        root: the folder that the tables' file names are relative to.

    Raises:
        InputError: no such folder, no tables there, or those of two copies of nuScenes.
    """

    def __init__(self, root: Path) -> None:
        require(root, "nuscenes")
        inside = root.name == "samples" or (root / "scene.json").is_file()
        top = root.parent if inside else root
        option = f"--source nuscenes={root}"
        home = find(option, [top], top.glob("*"), holds="v1.0-*/scene.json")
        if home is None:
            needed = ", ".join(f"{table}.json" for table in _TABLES)
            raise InputError(
                f"{option}: no tables; unpack v1.0-mini or v1.0-trainval ({needed}) beside samples/"
            )
        self.root = home
        self._versions = sorted(path for path in self.root.glob("v1.0-*") if path.is_dir())

    def read(self, table: str, columns: Iterable[str], keep: Keep = lambda row: True) -> Table:
        """The rows of one table for which `keep` is true, with `token` and `columns` alone.

        The rest is dropped while reading: sample_data and ego_pose of trainval have 2.6 million
        rows each, and a tenth are key frames.

        Raises:
            InputError: it is missing, damaged, or lacks a column.
        """
        wanted = ("token", *columns)
        rows = Table(table)
        for version in self._versions:
            rows |= parse(
                version / f"{table}.json",
                lambda row: {name: row[name] for name in wanted} if keep(row) else None,
                lambda listed: {row["token"]: row for row in listed if row},
            )
        return rows

    def key_frames(self, channel: str, columns: Iterable[str]) -> Table:
        """Rows of sample_data with `filename` and `columns` that are key frames of a channel.

        Args:
            channel: how the sensor's channel begins: `CAM_` is all six cameras.
        """
        sensors = self.read("sensor", (), lambda row: row["channel"].startswith(channel))
        mounted = self.read("calibrated_sensor", (), lambda row: row["sensor_token"] in sensors)
        return self.read(
            "sample_data",
            ("filename", *columns),
            lambda row: row["is_key_frame"] and row["calibrated_sensor_token"] in mounted,
        )
