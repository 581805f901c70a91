"""LiDAR depth of nuScenes photographs, against SciPy's rotations and scenes in closed form."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from generators.depth.lidar import FAR, NoDepthError, NuscenesDepth
from generators.errors import InputError
from tests.generators.sources.test_layouts import Drive

Array = NDArray[np.float64]

NAME = "samples/CAM_FRONT/a.jpg"
SWEEP = "samples/LIDAR_TOP/a.pcd.bin"
WIDTH, HEIGHT = 1600, 900
SMALL = (144, 256)
INTRINSIC = np.array([[1266.4, 0, 816.3], [0, 1266.4, 491.5], [0, 0, 1]])
# Sensors on the vehicle as on nuScenes's: translation in metres, rotation w x y z.
LIDAR = ((0.94, 0.0, 1.84), (0.7077955, -0.0064922, 0.0106462, -0.7063073))
CAMERA = ((1.70, 0.016, 1.51), (0.4998, -0.5030, 0.4997, -0.4974))
STILL = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0))


@dataclass
class Setup:
    """Where sensors and vehicle are, each as (translation, quaternion w x y z)."""

    lidar: tuple = LIDAR
    camera: tuple = CAMERA
    at_sweep: tuple = STILL
    at_photo: tuple = STILL
    size: tuple[int, int] = (WIDTH, HEIGHT)
    intrinsic: Array = field(default_factory=lambda: INTRINSIC)

    def save(self, root: Path, scan: Array) -> NuscenesDepth:
        """Write the tables and a scan (N, 5), and read them."""
        drive = Drive()
        lidar = drive.sensor("LIDAR_TOP", *self.lidar)
        camera = drive.sensor("CAM_FRONT", *self.camera, self.intrinsic.tolist())
        for number in range(2):  # a second scene, to be confused with
            sample = drive.sample("Sunny")
            other = {"translation": (1e3, 0, 0)} if number else {}
            for sensor, name, pose in (
                (lidar, SWEEP, self.at_sweep),
                (camera, NAME, self.at_photo),
            ):
                name = name.replace("a.", "b.") if number else name
                where = other or {"translation": pose[0], "rotation": pose[1]}
                drive.data(sample, sensor, name, **where, size=self.size)
                drive.data(sample, sensor, name.replace("samples", "sweeps"), key=False)
        drive.save(root / "v1.0-mini")
        (root / SWEEP).parent.mkdir(parents=True)
        scan.astype("<f4").tofile(root / SWEEP)
        return NuscenesDepth(root)


def matrix(pose: tuple) -> Array:
    """The 4×4 matrix of a pose, by SciPy."""
    translation, (w, x, y, z) = pose
    result = np.eye(4)
    result[:3, :3] = Rotation.from_quat([x, y, z, w]).as_matrix()
    result[:3, 3] = translation
    return result


def scan_of(points: Array, ring: float | Array = 0) -> Array:
    rest = np.broadcast_to(np.stack([np.full_like(ring, 7.0), ring], -1), (len(points), 2))
    return np.hstack([points, rest])


# The projection


def test_a_point_by_hand(tmp_path: Path) -> None:
    # The vehicle drove 2 m ahead (x) after the sweep. Camera axes in the vehicle: right is -y,
    # down is -z, ahead is x.
    setup = Setup(
        lidar=((0, 0, 2), (1, 0, 0, 0)),
        camera=((1, 0, 1.5), (0.5, -0.5, 0.5, -0.5)),
        at_sweep=((100, 50, 0), (1, 0, 0, 0)),
        at_photo=((102, 50, 0), (1, 0, 0, 0)),
        intrinsic=np.array([[1000.0, 0, 800], [0, 1000, 450], [0, 0, 1]]),
    )
    # From the sweep: 13 m ahead, 1 m left, 1.5 m down. From the camera: 10 m ahead, 1 m down.
    projected = setup.save(tmp_path, scan_of(np.array([[13.0, 1.0, -1.5]]))).points(NAME)
    np.testing.assert_allclose(projected, [[800 - 100, 450 + 100, 10]], rtol=1e-6)


poses = st.tuples(
    st.tuples(*[st.floats(-50, 50)] * 3),
    st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1),
)


@settings(max_examples=30, deadline=None)
@given(poses, poses, poses, poses, st.integers(0, 2**32 - 1))
def test_points_agree_with_scipy(
    tmp_path_factory: pytest.TempPathFactory,
    lidar: tuple,
    camera: tuple,
    at_sweep: tuple,
    at_photo: tuple,
    seed: int,
) -> None:
    setup = Setup(lidar, camera, at_sweep, at_photo)
    to_camera = (
        np.linalg.inv(matrix(camera))
        @ np.linalg.inv(matrix(at_photo))
        @ matrix(at_sweep)
        @ matrix(lidar)
    )
    # Points around the camera, brought to the scanner: some behind it, beside it, or too near.
    rng = np.random.default_rng(seed)
    around = np.column_stack([rng.uniform(-40, 40, (400, 2)), rng.uniform(-10, 60, 400)])
    around[:100] *= 0.02
    there = np.column_stack([around, np.ones(400)]) @ np.linalg.inv(to_camera).T
    points = there[:, :3].astype(np.float32).astype(np.float64)
    projected = setup.save(tmp_path_factory.mktemp("drive"), scan_of(points)).points(NAME)

    seen = (np.column_stack([points, np.ones(400)]) @ to_camera.T)[:, :3]
    u, v = (INTRINSIC @ seen.T / seen[:, 2])[:2]
    inside = (seen[:, 2] > 1) & (u > 1) & (u < WIDTH - 1) & (v > 1) & (v < HEIGHT - 1)
    wanted = np.column_stack([u, v, seen[:, 2]])[inside]
    assert projected.shape == wanted.shape
    np.testing.assert_allclose(projected, wanted, rtol=1e-6, atol=1e-5)


def test_points_at_the_border_and_broken_ones_are_dropped(tmp_path: Path) -> None:
    setup = Setup(
        lidar=STILL,
        camera=(STILL[0], (0.5, -0.5, 0.5, -0.5)),
        intrinsic=np.array([[1000.0, 0, 800], [0, 1000, 450], [0, 0, 1]]),
    )
    kept = [(1.5, 450), (1598.5, 450), (800, 1.5), (800, 898.5)]
    dropped = [(0.5, 450), (1599.5, 450), (800, 0.5), (800, 899.5)]
    points = [(10, (800 - u) / 100, (450 - v) / 100) for u, v in kept + dropped]
    broken = [(np.nan, 0, 0), (np.inf, 0, 0), (10, np.inf, 0), (10, 0, np.nan)]
    depth = setup.save(tmp_path, scan_of(np.array(points + broken)))
    with np.errstate(all="raise"):
        projected = depth.points(NAME)
    np.testing.assert_allclose(projected, [(u, v, 10) for u, v in kept], rtol=1e-5)


# The map


def plane(origin: Array, rays: Array, point: tuple, normal: tuple) -> Array:
    """Distance along each ray to a plane, inf where it is never met."""
    with np.errstate(divide="ignore"):
        distance = ((np.array(point) - origin) @ normal) / (rays @ np.array(normal))
    return np.where(distance > 0, distance, np.inf)


def street(origin: Array, rays: Array, height: float, far: float) -> Array:
    """Distance to a flat street, or to a wall across it that is `height` high."""
    ground = plane(origin, rays, (0, 0, 0), (0, 0, 1))
    wall = plane(origin, rays, (far, 0, 0), (1, 0, 0))
    wall[origin[2] + wall * rays[:, 2] > height] = np.inf
    return np.minimum(ground, wall)


def sweep(setup: Setup, height: float, far: float, reach: float = 80) -> Array:
    """What a scanner of 32 rings sees of that street."""
    up, around = np.meshgrid(
        np.radians(np.linspace(-30.67, 10.67, 32)), np.radians(np.arange(0, 360, 1 / 3))
    )
    rays = np.stack([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)], -1)
    rays = rays.reshape(-1, 3)
    ring = np.broadcast_to(np.arange(32.0), up.shape).ravel()
    pose = matrix(setup.at_sweep) @ matrix(setup.lidar)
    distance = street(pose[:3, 3], rays @ pose[:3, :3].T, height, far)
    hit = distance < reach
    return scan_of(rays[hit] * distance[hit, None], ring[hit])


def truth(setup: Setup, height: float, far: float) -> tuple[Array, Array]:
    """Depth at the centre of each cell of a 256×144 map, and each cell's ray's rise per metre."""
    rows, columns = np.mgrid[: SMALL[0], : SMALL[1]]
    u, v = ((side + 0.5) * WIDTH / SMALL[1] - 0.5 for side in (columns, rows))
    rays = np.stack([u, v, np.ones_like(u)], -1).reshape(-1, 3) @ np.linalg.inv(INTRINSIC).T
    pose = matrix(setup.at_photo) @ matrix(setup.camera)
    rays = rays @ pose[:3, :3].T  # one metre along the optical axis each: distance is depth
    depth = street(pose[:3, 3], rays, height, far)
    return np.minimum(depth, FAR).reshape(SMALL), rays[:, 2].reshape(SMALL)


YAW = Rotation.from_euler("z", 0.02).as_quat()[[3, 0, 1, 2]]
DRIVING = Setup(at_sweep=((0, 0, 0), (1, 0, 0, 0)), at_photo=((0.4, 0.1, 0), tuple(YAW)))


@pytest.mark.parametrize(("height", "far"), [(3.0, 30.0), (2.0, 60.0), (30.0, 25.0)])
def test_street_wall_and_sky(height: float, far: float, tmp_path: Path) -> None:
    depth = DRIVING.save(tmp_path, sweep(DRIVING, height, far)).depth_map(NAME, (HEIGHT, WIDTH))
    assert depth.shape == SMALL
    assert depth.dtype == np.float32
    wanted, rise = truth(DRIVING, height, far)
    ground = (rise < 0) & (wanted < 0.95 * (far - 2))
    sky = wanted == FAR
    wall = ~ground & ~sky
    assert ground.mean() > 0.25
    assert wall.mean() > 0.02
    assert (sky.mean() > 0.2) == (height < 10)  # the highest wall fills the view
    error = np.abs(depth - wanted) / wanted
    assert np.median(error[ground]) < 0.01
    assert np.quantile(error[ground], 0.95) < 0.05
    assert np.median(error[wall]) < 0.05
    if sky.any():
        assert np.quantile(depth[sky], 0.1) > 0.9 * FAR
    else:
        assert np.quantile(error[wall], 0.95) < 0.02
    # No ring shows on the street: the error hardly changes from a cell to its neighbours.
    close = (ground & (wanted < 20)).all(axis=1)
    ratio = np.log(depth / wanted)[close]
    assert len(ratio) > 40
    assert max(np.abs(np.diff(ratio, axis=axis)).max() for axis in (0, 1)) < 0.03


def test_nearest_wins(tmp_path: Path) -> None:
    # A near board on far ground: the scanner, higher, sees both in the board's place.
    setup = Setup(lidar=STILL, camera=(STILL[0], (0.5, -0.5, 0.5, -0.5)))
    y, z = (side.ravel() for side in np.meshgrid(np.linspace(-1, 1, 161), np.linspace(-1, 1, 161)))
    layers = [
        np.column_stack([np.full_like(y, x), y * x, z * x])[
            slice(None) if x == 40 else np.hypot(y, z) < 0.15
        ]
        for x in (8.0, 40.0)
    ]
    for order, together in enumerate((layers, layers[::-1])):
        scan = scan_of(np.concatenate(together))
        depth = setup.save(tmp_path / str(order), scan).depth_map(NAME, (HEIGHT, WIDTH))
        assert depth[78, 130] == pytest.approx(8, rel=0.01)
        assert depth[20:120, [10, 245]] == pytest.approx(40, rel=0.01)


def test_columns_without_returns_are_bridged(tmp_path: Path) -> None:
    # A board that swallows every beam in a tenth of the width stands in a wall without end.
    setup = Setup(lidar=STILL, camera=(STILL[0], (0.5, -0.5, 0.5, -0.5)))
    y, z = (side.ravel() for side in np.meshgrid(np.linspace(-9, 9, 181), np.linspace(-6, 6, 61)))
    wall = np.column_stack([np.full_like(y, 12), y, z])[np.abs(y) > 0.8]
    depth = setup.save(tmp_path, scan_of(wall, np.full(len(wall), 31.0))).depth_map(
        NAME, (HEIGHT, WIDTH)
    )
    np.testing.assert_allclose(depth, 12, rtol=0.01)


def test_size_follows_the_photograph(tmp_path: Path) -> None:
    depth = DRIVING.save(tmp_path, sweep(DRIVING, 3, 30))
    whole = depth.depth_map(NAME, (HEIGHT, WIDTH))
    np.testing.assert_array_equal(depth.depth_map(NAME, (450, 800)), whole)
    small = depth.depth_map(NAME, (90, 160))
    assert small.shape == (90, 160)
    ratio = small[60:, 80] / whole[96:, 128][np.round(np.arange(30) * 1.6 + 0.3).astype(int)]
    assert np.abs(ratio - 1).max() < 0.05


# What is missing


def test_photographs_without_depth(tmp_path: Path) -> None:
    depth = DRIVING.save(tmp_path, sweep(DRIVING, 3, 30))
    for name in ("samples/CAM_FRONT/none.jpg", NAME.replace("samples", "sweeps"), SWEEP):
        with pytest.raises(NoDepthError, match=f"{name}: not a camera key frame"):
            depth.points(name)
    with pytest.raises(NoDepthError, match=r"^b\.pcd\.bin: No such file"):
        depth.depth_map(NAME.replace("a.", "b."), (HEIGHT, WIDTH))
    whole = (tmp_path / SWEEP).read_bytes()
    (tmp_path / SWEEP).write_bytes(whole[:-6])
    with pytest.raises(NoDepthError, match=r"^a\.pcd\.bin: cut short$"):
        depth.points(NAME)
    (tmp_path / SWEEP).write_bytes(b"")
    assert depth.points(NAME).shape == (0, 3)
    with pytest.raises(NoDepthError, match="only 0 LiDAR returns"):
        depth.depth_map(NAME, (HEIGHT, WIDTH))


def test_sample_without_a_sweep(tmp_path: Path) -> None:
    drive = Drive()
    drive.data(drive.sample("Sunny"), drive.sensor("CAM_FRONT", intrinsic=INTRINSIC), NAME)
    drive.save(tmp_path / "v1.0-mini")
    with pytest.raises(NoDepthError, match="no LIDAR_TOP key frame"):
        NuscenesDepth(tmp_path).points(NAME)


def test_tables_missing_at_once_or_when_they_are_needed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no tables; .*ego_pose\.json"):
        NuscenesDepth(tmp_path)
    depth = DRIVING.save(tmp_path, sweep(DRIVING, 3, 30))
    (tmp_path / "v1.0-mini" / "ego_pose.json").unlink()
    with pytest.raises(InputError, match=r"ego_pose\.json: No such file"):
        depth.points(NAME)
