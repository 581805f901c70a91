"""Dead-leaves scenes: clean images with the statistics of photographs, and exact depth.

Lee, Mumford & Huang, "Occlusion Models for Natural Images", IJCV 41, 2001: opaque leaves whose
radii follow r⁻³, dropped on each other until they hide the ground, give images that look the same
at every scale, with the edges and the power spectrum of natural scenes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.randomness import normals
from generators.resampling import doubled, exact_mean

Float = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Double = NDArray[np.float64]
Labels = NDArray[np.int32]

_LAYERS = 4.0  # were all leaves discs, they would lie this deep on average
_CORNERS = 6
_SUBPIXEL = 4  # bits
_CLOUDS = (0.6, 0.55, 0.5, 0.4, 0.35, 0.25, 0.0)  # of ever finer cells, from 2⁷ pixels on

# Foliage, bark, soil, sand, rock, sky, water, dry grass, skin of fruit, snow: RGB.
_MATTER = np.array(
    [
        (86, 112, 52), (56, 78, 40), (132, 148, 78), (104, 84, 62), (70, 54, 42), (196, 174, 138),
        (128, 124, 118), (146, 178, 208), (82, 108, 124), (178, 156, 92), (142, 86, 66),
        (226, 226, 224),
    ],
    np.float32,
)  # fmt: skip


@dataclass(frozen=True)
class Leaves:
    """n leaves in the order in which they fall, the farthest first; lengths in pixels."""

    centre: Double  # (n, 2) x, y
    radius: Double  # (n,) of the disc, or of the circle around the polygon
    corners: Double  # (n, _CORNERS, 2) x, y
    is_disc: NDArray[np.bool_]  # (n,)
    depth: Double  # (n,) strictly decreasing within [0, 1]


def scene(rng: np.random.Generator, size: int = 640) -> tuple[Bytes, Float]:
    """One scene, hard-edged: reduced by area, 1.5 times or more, it is anti-aliased.

    Args:
        rng: the same state gives the same scene.
        size: side in pixels, >= 16.

    Returns:
        uint8 (size, size, 3) RGB, and float32 (size, size) depth in [0, 1]: one exact value per
        leaf, 0 the nearest. A leaf hides all leaves of greater depth.

    Raises:
        ValueError: size below 16.
    """
    leaves = drop(rng, size)
    labels = paint(leaves, size)
    depth = np.append(leaves.depth, 1).astype(np.float32)
    return _colour(leaves, labels, rng), depth.take(labels)


def radii(rng: np.random.Generator, n: int, smallest: float, largest: float) -> Double:
    """n radii of density ∝ r⁻³ on [smallest, largest], by inverting the distribution function.

    F(r) = (a⁻² − r⁻²) / (a⁻² − b⁻²) for a = smallest, b = largest.
    """
    a, b = smallest**-2.0, largest**-2.0
    return np.asarray((a - rng.random(n) * (a - b)) ** -0.5)


def drop(rng: np.random.Generator, size: int) -> Leaves:
    """Draw leaves for a frame of side `size`; those that miss it are left out.

    Raises:
        ValueError: size below 16.
    """
    if size < 16:
        raise ValueError(f"size {size} is below 16")
    smallest, largest = size / 120, size / 3
    field = size + 2 * largest  # leaves centred outside may reach into the frame
    mean_square = 2 * np.log(largest / smallest) / (smallest**-2 - largest**-2)
    n = round(_LAYERS * field**2 / (np.pi * mean_square))
    radius = radii(rng, n, smallest, largest)
    centre = rng.uniform(-largest, size + largest, (n, 2))
    is_disc = rng.random(n) < 0.5
    angle = np.sort(rng.uniform(0, 2 * np.pi, (n, _CORNERS)), axis=1)
    corners = centre[:, None] + radius[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    # Depth follows the share of the frame that is hidden by what is nearer, so that near and far
    # leaves each show; the exponent puts more of the picture farther.
    area = np.where(is_disc, np.pi * radius**2, _polygon_area(corners))
    nearer = np.cumsum(area[::-1])[::-1] - area
    depth = (-np.expm1(-nearer / field**2)) ** rng.uniform(0.6, 1.0)
    seen = (np.abs(centre - size / 2) < size / 2 + radius[:, None]).all(axis=1)
    return Leaves(centre[seen], radius[seen], corners[seen], is_disc[seen], depth[seen])


def paint(leaves: Leaves, size: int) -> Labels:
    """Which leaf shows at each pixel: int32 (size, size), −1 where the ground does."""
    labels = np.full((size, size), -1, np.int32)
    one = 1 << _SUBPIXEL
    corners = np.rint(leaves.corners * one).astype(np.int32)
    centres = np.rint(leaves.centre * one).astype(int).tolist()
    radius = np.rint(leaves.radius * one).astype(int).tolist()
    for label, is_disc in enumerate(leaves.is_disc.tolist()):
        if is_disc:
            cv2.circle(labels, centres[label], radius[label], label, -1, cv2.LINE_8, _SUBPIXEL)
        else:
            cv2.fillConvexPoly(labels, corners[label], label, cv2.LINE_8, _SUBPIXEL)
    return labels


def _polygon_area(corners: Double) -> Double:
    """The shoelace formula."""
    x, y = corners[..., 0], corners[..., 1]
    twice = x * np.roll(y, -1, axis=-1) - y * np.roll(x, -1, axis=-1)
    return np.asarray(np.abs(twice.sum(axis=-1)) / 2)


def _colour(leaves: Leaves, labels: Labels, rng: np.random.Generator) -> Bytes:
    size, n = labels.shape[0], len(leaves.radius) + 1  # the ground is the last entry, label −1
    # A scene has a few of the colours, and each leaf is lit and tinted on its own.
    palette = rng.choice(len(_MATTER), 5, replace=False)
    base = _MATTER[rng.choice(palette, n, p=(0.35, 0.25, 0.2, 0.12, 0.08))]
    light = np.exp(rng.normal(0, 0.38, (n, 1)))
    tint = np.exp(rng.normal(0, 0.04, (n, 3)))
    base = (base * light * tint).astype(np.float32)

    texture = _textures(rng, size)
    places = labels.astype(np.intp)  # once, not for every `take`
    chosen = rng.integers(0, len(texture), n, dtype=np.uint8).take(places)
    relief = texture[0]
    for index in range(1, len(texture)):
        cv2.copyTo(texture[index], (chosen == index).view(np.uint8), relief)
    relief *= rng.uniform(0.02, 0.3, n).astype(np.float32).take(places)

    # Each leaf brightens towards one light: slope · (position along the light − that of its centre)
    towards = rng.uniform(0, 2 * np.pi)
    lx, ly = np.cos(towards), np.sin(towards)
    slope = np.append(rng.uniform(0, 0.3, n - 1) / leaves.radius, 0.3 / size)
    x, y = leaves.centre.T
    centre = np.append(x * lx + y * ly, (lx + ly) * size / 2)
    along = np.arange(size) * ly
    position = (along[:, None] + np.arange(size) * lx).astype(np.float32)
    position -= centre.astype(np.float32).take(places)
    position *= slope.astype(np.float32).take(places)
    relief += position
    relief += 1

    planes = [np.ascontiguousarray(channel).take(places) for channel in base.T]
    for plane in planes:
        plane *= relief
    exposure = rng.uniform(0.36, 0.5) * 255 / exact_mean(np.stack([p[::4, ::4] for p in planes]))
    for plane in planes:
        cv2.threshold(plane, 0, 0, cv2.THRESH_TOZERO, plane)
    return np.asarray(cv2.merge([cv2.convertScaleAbs(p, alpha=exposure) for p in planes]), np.uint8)


def _textures(rng: np.random.Generator, size: int) -> list[Float]:
    """Full-frame fields of about unit amplitude and zero mean: clouds, grain, stripes, streaks."""
    clouds = _field(rng, size, _CLOUDS)
    grain = _field(rng, size, (1.3,))
    angle, waves = rng.uniform(0, np.pi), rng.uniform(20, 90)
    ramp = np.linspace(0, 2 * np.pi * waves, size)
    phase = (ramp[:, None] * np.sin(angle) + ramp * np.cos(angle)).astype(np.float32)
    stripes = _wave(phase + np.float32(4) * clouds)
    streaks = _field(rng, size, (1.35, 0, 0, 0, 0, 0), narrow=True)
    return [clouds, grain, stripes, streaks]


def _field(
    rng: np.random.Generator, size: int, weights: Sequence[float], *, narrow: bool = False
) -> Float:
    """Noise of (size, size): for every weight normals times it, doubled once less than the last.

    Args:
        narrow: doubled in height alone, but for the last time.
    """
    rows, columns = (-(-size >> times) for times in (len(weights), 1 if narrow else len(weights)))
    field = normals(rng, (rows, columns)) * np.float32(weights[0])
    for more in weights[1:]:
        field = doubled(field, across=not narrow)
        if more:
            field += normals(rng, field.shape) * np.float32(more)
    return doubled(field)[:size, :size]


def _wave(phase: Float) -> Float:
    """Within 0.06 of the sine, of parabolas alone: numpy's own sine varies with the CPU."""
    turns = phase * np.float32(1 / (2 * np.pi))
    turns -= np.rint(turns)  # −½ … ½
    return turns * (8 - 16 * np.abs(turns))
