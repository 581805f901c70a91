"""Several degradations on one image: in the order of the physics, each its own model."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage import data

from generators import presets
from generators.batched.render import render_batch
from generators.dataset.schema import Origin, degradations_of, encode_row, provenance_of, sample_of
from generators.depth.crop_depth import fit, store
from generators.depth.procedural import guess
from generators.physics import compose, model_of
from generators.randomness import Purpose, stream
from generators.sample import Sample, draw, needs_depth, render
from generators.taxonomy import TYPES, Degradation, in_order

PHOTO = np.ascontiguousarray(data.astronaut()[:96, 128:224])
DEPTH = store(
    fit(guess(PHOTO, stream(0, 0, 0, Purpose.SCENE)), (0, 0, 96, 96), PHOTO.shape, PHOTO,
        snap=True)
)  # fmt: skip
DEGRADING = [name for name, entry in TYPES.items() if entry.keys]
PRESET = presets.load("du110k")
KEY = (3, 5, 0)

mixes = st.permutations(DEGRADING).flatmap(
    lambda names: st.integers(1, len(names)).map(lambda count: tuple(names[:count]))
)


def drawn(types: tuple[str, ...], key: tuple[int, int, int] = KEY) -> tuple[Degradation, ...]:
    return draw(PRESET, types, stream(*key, Purpose.PARAMETERS), DEPTH)


def test_the_order_is_the_lights() -> None:
    assert in_order(["low_resolution", "blur", "haze", "low_light"]) == (
        "low_light",
        "haze",
        "blur",
        "low_resolution",
    )


@given(mixes)
def test_whatever_order_is_asked_the_physics_is_applied(types: tuple[str, ...]) -> None:
    degradations = drawn(types)
    assert tuple(one.type for one in degradations) == in_order(types)
    by_hand, noise = PHOTO, stream(*KEY, Purpose.NOISE)
    for name in ("low_light", "haze", "blur", "low_resolution"):
        if name in types:
            values = next(one.values for one in degradations if one.type == name)
            by_hand = model_of(name).apply(by_hand, values, DEPTH, noise)
    assert np.array_equal(render(PHOTO, degradations, {}, DEPTH, KEY), by_hand)


@pytest.mark.parametrize("name", TYPES)
def test_one_alone_is_its_own_model(name: str) -> None:
    (only,) = drawn((name,))
    alone = model_of(name).apply(PHOTO, only.values, DEPTH, stream(*KEY, Purpose.NOISE))
    assert np.array_equal(compose.apply(PHOTO, [only], DEPTH, stream(*KEY, Purpose.NOISE)), alone)


def test_a_mixture_is_plausible_where_each_part_is() -> None:
    thick = Degradation("haze", {"beta": 9.0, "opaque_share": 0.0})
    thin = Degradation("haze", {"beta": 1.0, "opaque_share": 0.0})
    soft = Degradation("blur", {"sigma": 2.0})
    assert compose.plausible([thin, soft])
    assert not compose.plausible([thick, soft])


@given(mixes)
def test_a_row_holds_them_all(types: tuple[str, ...]) -> None:
    degradations = drawn(types)
    depth = DEPTH if needs_depth(types) else None
    after = {"capture_noise": 1.5, "jpeg_quality": 0.0}
    sample = Sample(
        degradations, PHOTO, render(PHOTO, degradations, after, depth, KEY), depth, after
    )
    box = (1, 2, 96, 96)
    origin = Origin(
        "du-00000005", "mix", *KEY, "folder", "a.jpg", "ab" * 32, box, 1.0,
        "procedural" if depth is not None else None,
    )  # fmt: skip
    record = encode_row(sample, origin, PRESET.draws)
    assert degradations_of(record, provenance_of(record)) == degradations
    again, provenance = sample_of(record, "a file")
    assert again.degradations == degradations
    assert again.postprocess == after
    assert provenance.key == KEY
    assert provenance.crop_box == box
    assert np.array_equal(again.degraded, sample.degraded)
    assert (again.depth is None) == (depth is None)
    assert Counter(t["type"] for t in record["tuples"]) == {
        name: len(TYPES[name].keys) for name in types
    }
    assert (record["type"] is None) == (len(types) > 1)
    grades = [
        TYPES[one.type].severity.grade(one.values[TYPES[one.type].severity.of])  # type: ignore
        for one in degradations
    ]
    worst = max(grades, key=["slight", "moderate", "severe"].index)
    assert record["severity"] == worst
    assert set(json.loads(record["recipe"])) == {
        "preset", "seed", "index", "attempt", "photograph", "crop_box", "derived", "nuisance",
    }  # fmt: skip


def test_the_tensor_path_composes_too() -> None:
    types = ("haze", "blur")
    keys = [(3, i, 0) for i in range(4)]
    batch = [drawn(types, key) for key in keys]
    ours = render_batch([PHOTO] * 4, batch, [{}] * 4, [DEPTH] * 4, keys, "cpu")
    for image, degradations, key in zip(ours, batch, keys, strict=True):
        theirs = render(PHOTO, degradations, {}, DEPTH, key)
        # One level of haze, averaged by the blur, rounded once more.
        assert np.abs(image.astype(int) - theirs).max() <= 2
