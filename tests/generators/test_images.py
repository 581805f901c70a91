"""Pictures as PNG and back: our own are read as Pillow reads them, others and broken ones too."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from generators import images
from generators.images import decode_depth, decode_rgb, encode_depth, encode_rgb

SIDES = st.integers(1, 40)
NOISE, RAMP, FLAT = "noise", "ramp", "flat"


def picture(height: int, width: int, kind: str, seed: int = 0) -> np.ndarray:
    shape = (height, width, 3)
    if kind == NOISE:  # does not compress, so fpng stores it without a filter
        return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    ramp = np.add.outer(np.arange(height), np.arange(3 * width)).reshape(shape)
    return (ramp if kind == RAMP else 0 * ramp + 7).astype(np.uint8)


@settings(deadline=None)
@given(SIDES, SIDES, st.sampled_from([NOISE, RAMP, FLAT]), st.integers(0, 9))
def test_they_are_what_pillow_reads(height: int, width: int, kind: str, seed: int) -> None:
    image = picture(height, width, kind, seed)
    data = encode_rgb(image)
    np.testing.assert_array_equal(decode_rgb(data), image)
    np.testing.assert_array_equal(np.asarray(Pillow.open(io.BytesIO(data))), image)
    depth = image[..., 0].astype(np.uint16) * 257 + image[..., 1]
    data = encode_depth(depth)
    np.testing.assert_array_equal(decode_depth(data), depth)
    np.testing.assert_array_equal(np.asarray(Pillow.open(io.BytesIO(data))), depth)


@pytest.mark.parametrize("kind", [NOISE, RAMP])
def test_ours_do_not_take_the_slow_way(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images.decoding, "decode", lambda *_: pytest.fail("not the fast way"))
    image = picture(64, 48, kind)
    np.testing.assert_array_equal(decode_rgb(encode_rgb(image)), image)


def test_pngs_of_others_are_read() -> None:
    image, stream = picture(31, 17, RAMP), io.BytesIO()
    Pillow.fromarray(image).save(stream, "PNG")
    np.testing.assert_array_equal(decode_rgb(stream.getvalue()), image)
    assert decode_depth(encode_rgb(image)) is None
    assert decode_rgb(b"") is None


@settings(deadline=None)
@given(st.data())
def test_a_byte_that_changed_gives_no_other_picture(data: st.DataObject) -> None:
    image = picture(12, 9, RAMP)
    good = encode_rgb(image)
    place = data.draw(st.integers(0, len(good) - 1))
    changed = bytes([good[place] ^ data.draw(st.integers(1, 255))])
    broken = good[:place] + changed + good[place + 1 :]
    assert images._own_rows(broken, images._RGB) is None
    assert images._own_rows(good[:place], images._RGB) is None
