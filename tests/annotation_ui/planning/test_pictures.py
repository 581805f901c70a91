import os
import re
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from PIL import Image
from skimage import data

from annotation_ui.planning.pictures import (
    ImageWriter,
    depth_view,
    map_view,
    same_date,
    views_of,
)
from generators.api import degrade
from generators.physics.haze import transmission_map
from generators.taxonomy import KEYS

PHOTO = data.astronaut()[:64, 128:192]


def chunks(png: bytes) -> set[bytes]:
    """The names of chunks in a PNG, walked by hand."""
    names, at = set(), 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        names.add(png[at + 4 : at + 8])
        at += 12 + length
    return names


def test_pictures_are_pixels_and_nothing_else(tmp_path: Path) -> None:
    writer = ImageWriter(tmp_path)
    names = {writer.add(PHOTO): PHOTO, writer.add(255 - PHOTO): 255 - PHOTO}
    writer.flush()
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    for name, pixels in names.items():
        assert re.fullmatch(r"[0-9a-f]{32}\.png", name)
        # fdEC is the encoder's mark, the same in every file.
        assert chunks((tmp_path / name).read_bytes()) == {b"IHDR", b"fdEC", b"IDAT", b"IEND"}
        with Image.open(tmp_path / name) as image:
            assert image.mode == "RGB"
            assert np.array_equal(np.asarray(image), pixels)


def test_many_pictures_are_written_out_of_order(tmp_path: Path) -> None:
    writer = ImageWriter(tmp_path)
    names = [writer.add(np.full((8, 8, 3), i % 256, np.uint8)) for i in range(1000)]
    early = list(tmp_path.iterdir())
    assert 0 < len(early) < 1000  # a big plan does not wait in memory
    writer.flush()
    assert len(set(names)) == len(list(tmp_path.iterdir())) == 1000
    written = sorted(tmp_path.iterdir(), key=lambda path: path.stat().st_ctime_ns)
    places = [names.index(path.name) for path in written]
    neighbours = sum(abs(a - b) == 1 for a, b in pairwise(places))
    assert neighbours < 30  # by chance about 5


def test_one_date_for_all(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / str(i)).write_bytes(b"")
        os.utime(tmp_path / str(i), (i, i))
    same_date(tmp_path, 1_700_000_000)
    assert {path.stat().st_mtime for path in tmp_path.iterdir()} == {1_700_000_000}


def test_haze_shows_depth_and_transmission_and_others_do_not() -> None:
    sample = degrade(PHOTO, "haze", {"transmission": 0.5})
    views = views_of(sample)
    assert set(views) == {"clean_image", "degraded_image", "depth_image", "transmission_image"}
    assert views["clean_image"] is sample.clean
    assert views["degraded_image"] is sample.degraded
    assert set(views_of(degrade(PHOTO, "low_light"))) == {"clean_image", "degraded_image"}


def test_views_are_matplotlibs_viridis_near_dark_and_far_bright() -> None:
    viridis = (colormaps["viridis"](np.linspace(0, 1, 256))[:, :3] * 255).round()
    depth = np.array([[0, 32768, 65535]], np.uint16)
    shown = depth_view(depth)[0].astype(int)
    assert np.abs(shown - viridis[[0, 128, 255]]).max() <= 2
    # t = exp(−β·d) with β = ln 4: 1, 1/2, 1/4.
    shown = map_view(transmission_map(depth, float(np.log(4))), KEYS["transmission"])[0].astype(int)
    assert np.abs(shown - viridis[[255, 127, 64]]).max() <= 4
