"""Whatever is tampered with is found, and named."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from generators.build.verify import verify
from generators.dataset.schema import schema
from generators.errors import InputError
from generators.images import pixel_hash

Rows = list[dict[str, Any]]


def shard(folder: Path, split: str = "train", number: int = 0) -> Path:
    return sorted((folder / "data").glob(f"{split}-*"))[number]


def edit(path: Path, change: Callable[[Rows], Rows | None]) -> None:
    rows = pq.read_table(path).to_pylist()
    pq.write_table(pa.Table.from_pylist(change(rows) or rows, schema()), path)


def first(rows: Rows, type_name: str) -> dict[str, Any]:
    return next(r for r in rows if r["tuples"][0]["type"] == type_name)


def test_a_sound_dataset_passes(du110k: Path) -> None:
    audit = verify(du110k)
    assert audit.good
    assert audit.rows == audit.exact == 440


@pytest.mark.parametrize(
    ("type_name", "key", "value"),
    [
        ("blur", "sigma", 5.4321),
        ("low_light", "gamma", 2.2222),
        ("low_light", "gain", 0.077),
        ("haze", "atmospheric_light", 0.5555),
        ("haze", "transmission", 0.4444),
        ("low_resolution", "scale", 3.0),
        ("blur", "sigma", 99.0),
    ],
)
def test_a_tampered_value(copy: Path, type_name: str, key: str, value: float) -> None:
    def change(rows: Rows) -> None:
        row = next(r for r in rows if r["tuples"][0]["type"] == type_name and r[key] != value)
        row[key] = value
        for triple in row["tuples"]:
            if triple["key"] == key:
                triple["value"] = [value]

    edit(shard(copy), change)
    audit = verify(copy)
    problems = [p for p in audit.problems if shard(copy).name in p]
    assert problems
    assert all(key in p or "pixels differ" in p or "severity" in p for p in problems)


def test_a_tampered_camera_matrix_that_pixels_do_not_show(copy: Path) -> None:
    """Rows of the matrix are normalised, so its scale cannot be seen in any picture."""

    def change(rows: Rows) -> None:
        row = first(rows, "low_light")
        halved = [v / 2 for v in row["camera_intrinsics"]]
        row["camera_intrinsics"] = halved
        row["tuples"][2]["value"] = halved

    edit(shard(copy), change)
    assert any("camera_intrinsics is not what the seed draws" in p for p in verify(copy).problems)


def test_a_flat_column_that_contradicts_its_tuple(copy: Path) -> None:
    edit(shard(copy), lambda rows: first(rows, "blur").update(sigma=2.0))
    assert any("column sigma" in p for p in verify(copy).problems)


def test_swapped_images(copy: Path) -> None:
    def change(rows: Rows) -> None:
        a, b = rows[0], rows[1]
        a["degraded"], b["degraded"] = b["degraded"], a["degraded"]

    edit(shard(copy), change)
    problems = verify(copy).problems
    assert sum("degraded_sha256" in p for p in problems) == 2
    assert any("row 0" in p for p in problems)
    assert any("row 1" in p for p in problems)


def test_one_changed_pixel_with_its_hash_made_good(copy: Path) -> None:
    def change(rows: Rows) -> None:
        image = np.array(Image.open(io.BytesIO(rows[5]["degraded"]["bytes"])))
        image[10, 10] ^= 64
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        rows[5]["degraded"]["bytes"] = buffer.getvalue()
        rows[5]["degraded_sha256"] = pixel_hash(image)

    edit(shard(copy), change)
    problems = verify(copy).problems
    assert any("row 5" in p and "pixels differ by up to 64 levels" in p for p in problems)
    assert any("content_id" in p for p in problems)


def test_a_clean_image_replaced(copy: Path) -> None:
    edit(shard(copy), lambda rows: rows[3].update(clean=rows[4]["clean"]))
    assert any("row 3" in p and "pixels differ" in p for p in verify(copy).problems)


def test_a_truncated_shard(copy: Path) -> None:
    path = shard(copy, number=1)
    path.write_bytes(path.read_bytes()[:-1000])
    assert any(path.name in p and "cannot be read" in p for p in verify(copy).problems)


def test_a_missing_shard(copy: Path) -> None:
    path = shard(copy, "test")
    path.unlink()
    assert f"{path.name} is missing" in verify(copy).problems


def test_bytes_broken_inside_an_image(copy: Path) -> None:
    def change(rows: Rows) -> None:
        rows[0]["clean"]["bytes"] = b"\x89PNG broken"

    edit(shard(copy), change)
    assert any("row 0" in p and "clean is not an RGB image" in p for p in verify(copy).problems)


def test_a_row_moved_between_splits(copy: Path) -> None:
    moved = pq.read_table(shard(copy, "test")).to_pylist()[0]
    edit(shard(copy, "test"), lambda rows: rows[1:])
    edit(shard(copy, "train"), lambda rows: [*rows, moved])
    problems = verify(copy).problems
    assert any("belongs to test" in p for p in problems)
    assert any("is on two sides" in p for p in problems)
    assert any("holds 101 rows, not 100" in p for p in problems)


def test_a_row_twice(copy: Path) -> None:
    edit(shard(copy), lambda rows: [rows[0], *rows[:-1]])
    assert any("is also in" in p for p in verify(copy).problems)


def test_a_type_changed(copy: Path) -> None:
    edit(shard(copy), lambda rows: rows[0].update(type=(rows[0]["type"] + 1) % 4))
    assert any("row 0" in p for p in verify(copy).problems)


def test_a_malformed_row(copy: Path) -> None:
    edit(shard(copy), lambda rows: rows[2].update(recipe="{not json"))
    assert any("row 2" in p and "malformed" in p for p in verify(copy).problems)


def test_rows_that_cannot_be_rendered_hide_no_others(copy: Path) -> None:
    def change(rows: Rows) -> None:
        row = first(rows, "low_resolution")
        row["tuples"][0]["value"], row["scale"] = [0.0], 0.0
        for number, wrong in enumerate(({"index": -1}, {"attempt": -1}, {"nuisance": 3})):
            rows[number]["recipe"] = json.dumps(json.loads(rows[number]["recipe"]) | wrong)
        rows[-1]["severity"] = "none at all"

    edit(shard(copy), change)
    problems = "\n".join(verify(copy).problems)
    for found in (
        "scale=0 is outside",
        "ZeroDivisionError",
        "row 0 .* index -1 belongs",
        "row 1 .* attempt -1 comes before",
        "row 2 .* malformed",
        "severity is none at all",
    ):
        assert re.search(found, problems), found


def test_a_severity_changed(copy: Path) -> None:
    def change(rows: Rows) -> None:
        rows[0]["severity"] = "slight" if rows[0]["severity"] != "slight" else "severe"

    edit(shard(copy), change)
    assert any("severity" in p for p in verify(copy).problems)


def test_a_stray_shard(copy: Path) -> None:
    shard(copy).with_name("train-00099-of-00099.parquet").write_bytes(shard(copy).read_bytes())
    assert any("not part of the recipe" in p for p in verify(copy).problems)


def test_an_unfinished_dataset(copy: Path) -> None:
    data = json.loads((copy / "recipe.json").read_text())
    del data["made"]
    (copy / "recipe.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match="not finished"):
        verify(copy)


@pytest.mark.parametrize(
    ("text", "message"), [("{", "damaged"), ("[]", "damaged"), ("{}", "format")]
)
def test_a_broken_recipe(copy: Path, text: str, message: str) -> None:
    (copy / "recipe.json").write_text(text)
    with pytest.raises(InputError, match=message):
        verify(copy)
