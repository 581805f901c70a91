"""Depth of nuScenes photographs from the LiDAR sweep taken with them.

The projection is that of `map_pointcloud_to_image` in the nuscenes-devkit. A sweep gives some 3000
returns in a photograph; between them inverse depth is interpolated, above them is sky.
"""

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from generators.errors import UnreadableError
from generators.sources.listing import Row
from generators.sources.nuscenes import NuscenesTables, Table

FAR = 100.0
"""Depth of the sky in metres, and of all that is farther: the scanner sees 70 to 100 m."""

_MIN_DISTANCE = 1.0
_LONGEST_SIDE = 256
_FEWEST_RETURNS = 50
# Of 32 rings the last two: a single beam may be swallowed by something dark.
_UPPERMOST = 30
# Gaussian windows' standard deviations in pixels. Rings lie about 5 pixels apart.
_WINDOWS = (32.0, 16.0, 8.0, 4.0, 2.0)
_NOTHING_OUTSIDE = cv2.BORDER_CONSTANT

Float = NDArray[np.float32]
Double = NDArray[np.float64]


class NoDepthError(UnreadableError):
    """This photograph has no sweep that gives its depth; the message says why."""


class _Index(NamedTuple):
    cameras: dict[str, Row]  # by file name
    sweeps: dict[str, Row]  # by sample
    mounted: Table
    poses: Table


class NuscenesDepth:
    """Depth of the photographs that `layouts.nuscenes` lists.

    The tables are read at the first question (trainval: a gigabyte of JSON), and only what key
    frames need of them is kept.

    Args:
        root: as for `layouts.nuscenes`.

    Raises:
        InputError: no tables there, now; one of them is missing or damaged, at the first question.
    """

    def __init__(self, root: Path) -> None:
        self._tables = NuscenesTables(root)

    def points(self, name: str) -> Double:
        """The returns seen in one photograph.

        They are those more than 1 m in front of the camera and more than a pixel inside the
        photograph's border. The vehicle moves between sweep and exposure: points go from sensor to
        vehicle to the world by the sweep's pose, and back by the photograph's.

        Args:
            name: the entry's name, `samples/CAM_…/….jpg`.

        Returns:
            float64 (N, 3), N ≥ 0: u to the right and v down in pixels of the photograph, 0 at the
            centre of the first, and depth along the optical axis in metres.

        Raises:
            NoDepthError: the photograph is not a key frame of the tables, or its sweep is missing,
                cannot be read, or is cut short.
        """
        return self._returns(name)[:, :3]

    def depth_map(self, name: str, shape: tuple[int, int]) -> Float:
        """Dense, smooth depth of one photograph.

        Inverse depth is interpolated, which is linear in u and v on every plane. Above a column's
        topmost return there is sky, at `FAR`: the beams there came back from nothing. Where the
        scanner's uppermost ring still hit something, it goes on to the photograph's top.

        Args:
            name: as for `points`.
            shape: (H, W) of the photograph in pixels.

        Returns:
            float32 (h, w) in metres, from the nearest return to `FAR`: the shape brought to a
            longest side of at most 256.

        Raises:
            NoDepthError: as `points`, or there are fewer than 50 returns in the photograph.
        """
        returns = self._returns(name)
        if len(returns) < _FEWEST_RETURNS:
            raise NoDepthError(f"{name}: only {len(returns)} LiDAR returns in it")
        camera = self._index.cameras[name]
        scale = min(1.0, _LONGEST_SIDE / max(shape))
        height, width = (max(1, round(side * scale)) for side in shape)
        cell = (camera["width"] / width, camera["height"] / height)
        return (1 / _interpolate(_splat(returns, cell, (height, width)))).astype(np.float32)

    @cached_property
    def _index(self) -> _Index:
        tables = self._tables
        joins = ("sample_token", "calibrated_sensor_token", "ego_pose_token")
        cameras = tables.key_frames("CAM_", (*joins, "width", "height"))
        sweeps = tables.key_frames("LIDAR_TOP", joins)
        used = {row["ego_pose_token"] for frames in (cameras, sweeps) for row in frames.values()}
        pose = ("translation", "rotation")
        return _Index(
            {row["filename"]: row for row in cameras.values()},
            {row["sample_token"]: row for row in sweeps.values()},
            tables.read("calibrated_sensor", (*pose, "camera_intrinsic")),
            tables.read("ego_pose", pose, lambda row: row["token"] in used),
        )

    def _returns(self, name: str) -> Double:
        """As `points`, and a fourth column: the ring that saw it, 0 the lowest."""
        camera = self._index.cameras.get(name)
        if camera is None:
            raise NoDepthError(f"{name}: not a camera key frame of the nuScenes tables")
        sweep = self._index.sweeps.get(camera["sample_token"])
        if sweep is None:
            raise NoDepthError(f"{name}: no LIDAR_TOP key frame belongs to it")
        points, rings = _read(self._tables.root / sweep["filename"])
        for frame in self._frames(sweep):
            points = points @ _rotation(frame["rotation"]).T + frame["translation"]
        for frame in reversed(self._frames(camera)):
            points = (points - frame["translation"]) @ _rotation(frame["rotation"])
        ahead = points[:, 2] > _MIN_DISTANCE
        points, rings = points[ahead], rings[ahead]
        intrinsic = self._index.mounted[camera["calibrated_sensor_token"]]["camera_intrinsic"]
        depth = points[:, 2]
        u, v, _ = np.asarray(intrinsic, np.float64) @ (points / depth[:, None]).T
        inside = (u > 1) & (u < camera["width"] - 1) & (v > 1) & (v < camera["height"] - 1)
        return np.column_stack([u, v, depth, rings])[inside]

    def _frames(self, row: Row) -> tuple[Row, Row]:
        """The sensor in the vehicle, and the vehicle in the world at that moment."""
        index = self._index
        return index.mounted[row["calibrated_sensor_token"]], index.poses[row["ego_pose_token"]]


def _read(path: Path) -> tuple[Double, Double]:
    """Points (N, 3) in metres and their rings, from x, y, z, intensity, ring."""
    try:
        numbers = np.frombuffer(path.read_bytes(), "<f4")
        scan = numbers.reshape(-1, 5).astype(np.float64)
    except OSError as error:
        raise NoDepthError(f"{path.name}: {error.strerror}") from None
    except ValueError:
        raise NoDepthError(f"{path.name}: cut short") from None
    scan = scan[np.isfinite(scan).all(axis=1)]
    return scan[:, :3], scan[:, 4]


def _rotation(quaternion: ArrayLike) -> Double:
    """The 3×3 matrix of w, x, y, z."""
    numbers = np.asarray(quaternion, np.float64)
    w, x, y, z = numbers / np.linalg.norm(numbers)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def _splat(returns: Double, cell: tuple[float, float], shape: tuple[int, int]) -> Double:
    """Inverse depth where it is known, nearest wins, and 0 elsewhere; with what lies above."""
    u, v, depth, ring = returns.T
    column, row = (((x + 0.5) / side).astype(int) for x, side in zip((u, v), cell, strict=True))
    known = np.zeros(shape)
    np.maximum.at(known, (row, column), 1 / np.minimum(depth, FAR))
    goes_on = np.zeros(shape, bool)
    goes_on[row[ring >= _UPPERMOST], column[ring >= _UPPERMOST]] = True
    height, width = shape
    top = np.full(width, height)
    np.minimum.at(top, column, row)
    # A ring skips columns, and beside what is near it casts a shadow: look at the neighbours too.
    beside = np.ones((1, 2 * (width // 64) + 1), np.uint8)
    highest = cv2.erode(top[None].astype(np.int16), beside)[0]
    above_hit = goes_on[np.minimum(top, height - 1), np.arange(width)]
    sky = ~cv2.dilate(above_hit[None].astype(np.uint8), beside)[0].astype(bool)
    sky &= highest < height
    # Things end somewhere between the last ring that hits them and the next.
    gap = height // 48
    for x in np.flatnonzero(above_hit):
        known[: max(0, top[x] - gap), x] = known[top[x], x]
    for x in np.flatnonzero(sky):
        known[: max(0, highest[x] - gap), x] = 1 / FAR
    return known


def _interpolate(known: Double) -> Double:
    """Fill the zeros smoothly.

    Normalised convolution (Knutsson & Westin, CVPR 1993) in Gaussian windows from wide to narrow,
    each of what the wider ones left over; where a window holds hardly anything, the wider one
    stands.
    """
    there = (known > 0).astype(np.float64)
    result = np.full(known.shape, known.sum() / there.sum())
    for sigma in _WINDOWS:
        pair = np.dstack([there, there * (known - result)])
        share, rest = cv2.split(cv2.GaussianBlur(pair, (0, 0), sigma, borderType=_NOTHING_OUTSIDE))
        result += rest / (share + 0.002)
    return np.clip(result, known[known > 0].min(), known.max())
