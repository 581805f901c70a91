"""The model's file: what is damaged or of something else is refused in one line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from dubench.baseline.file import find, read
from dubench.predictors import load_predictor
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES

SHIPPED = find("du110k")


def parts(path: Path = SHIPPED) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Tensors and header."""
    with safe_open(path, framework="numpy") as opened:
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        return tensors, json.loads(opened.metadata()["dubench"])


def put(path: Path, tensors: dict[str, np.ndarray], header: Any) -> Path:
    save_file(tensors, path, {"dubench": json.dumps(header)})
    return path


@pytest.mark.parametrize("preset", ["du110k", "du110k-real", "du110k-wild"])
def test_the_shipped_files_are_small_and_say_what_they_are(preset: str) -> None:
    path = find(preset)
    assert path.stat().st_size < 6_000_000
    _, header = parts(path)
    assert header["trained_on"]["content_id"]
    assert header["validation"]["t_acc"] > 0.85
    assert ("none" in read(path).types) == (preset != "du110k")


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=40))
def test_damage_is_refused_or_harmless(tmp_path: Path, at: int, junk: bytes) -> None:
    data = bytearray(SHIPPED.read_bytes())
    data[at : at + len(junk)] = junk
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(data)
    try:
        read(damaged)
    except InputError as error:
        assert "damaged.safetensors" in str(error)  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04" * 9, SHIPPED.read_bytes()[:-1000]])
def test_what_is_no_whole_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged, or not safetensors"):
        read(path)


@pytest.mark.parametrize("name", ["format", "statistics", "taxonomy"])
def test_a_model_of_something_else_is_refused(tmp_path: Path, name: str) -> None:
    tensors, header = parts()
    path = put(tmp_path / "model.safetensors", tensors, header | {name: "another"})
    with pytest.raises(InputError, match=f"its {name} differs"):
        read(path)


LENGTH = replace(KEYS["sigma"], name="length", aliases=())
MOTION = replace(TYPES["blur"], name="motion_blur", keys=(LENGTH,), aliases=())


def test_a_larger_taxonomy_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    before = read(SHIPPED)
    monkeypatch.setitem(TYPES, "motion_blur", MOTION)
    monkeypatch.setitem(KEYS, "length", LENGTH)
    assert read(SHIPPED).types == before.types
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    (record,) = load_predictor("statistics").predict([image])
    assert record["type"] in before.types


@pytest.mark.parametrize(
    ("type_name", "keys"), [("motion_blur", ["length"]), ("blur", ["sigma", "angle"]), ("blur", [])]
)
def test_types_and_keys_unknown_here_are_refused(
    tmp_path: Path, type_name: str, keys: list[str]
) -> None:
    tensors, header = parts()
    types = [*header["types"][:-1], type_name]
    header |= {"types": types, "taxonomy": header["taxonomy"] | {type_name: keys}}
    with pytest.raises(InputError, match="its taxonomy differs"):
        read(put(tmp_path / "model.safetensors", tensors, header))


def test_values_beyond_the_range_are_refused(tmp_path: Path) -> None:
    tensors, header = parts()
    tensors["sigma.support"] = tensors["sigma.support"] + 16
    with pytest.raises(InputError, match="its range of sigma differs"):
        read(put(tmp_path / "model.safetensors", tensors, header))


def _changed(name: str, tensors: dict[str, np.ndarray]) -> Any:
    spoilt = tensors[name].copy()
    spoilt.flat[0] = np.nan
    return spoilt


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("gamma.0.0.weight", lambda t: t["gamma.0.0.weight"][:, :-1]),
        ("gamma.0.1.bias", lambda t: t["gamma.0.1.bias"][:-1]),
        ("scale.support", lambda t: t["scale.support"][:-1]),
        ("scale.support", lambda t: np.zeros_like(t["scale.support"])),
        ("camera_intrinsics.support", lambda t: t["camera_intrinsics.support"][:, :8]),
        ("mean", lambda t: t["mean"][:-1]),
        ("deviation", lambda t: -t["deviation"]),
        ("type.0.2.bias", lambda t: _changed("type.0.2.bias", t)),
        ("sigma.support", lambda t: t["sigma.support"].astype(np.int32)),
        ("sigma.0.2.weight", lambda t: None),
    ],
)
def test_parts_that_do_not_fit_are_refused(tmp_path: Path, name: str, spoil: Any) -> None:
    tensors, header = parts()
    changed = spoil(tensors)
    tensors.pop(name)
    if changed is not None:
        tensors[name] = np.ascontiguousarray(changed)
    path = put(tmp_path / "model.safetensors", tensors, header)
    with pytest.raises(InputError, match="train it again"):
        read(path)


@pytest.mark.parametrize("header", [[], {"types": 5}, {"types": ["fog"]}, {"types": []}, {}])
def test_a_header_that_says_nothing_is_refused(tmp_path: Path, header: Any) -> None:
    tensors, fields = parts()
    fields.pop("types")
    changed = fields | header if isinstance(header, dict) else header
    with pytest.raises(InputError, match=r"model\.safetensors"):
        read(put(tmp_path / "model.safetensors", tensors, changed))
