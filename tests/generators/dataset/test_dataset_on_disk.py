"""Other people's tools read the dataset."""

import io
import json
from collections import Counter
from pathlib import Path

import mlcroissant
import numpy as np
import pytest
from datasets import ClassLabel, Features, Image, load_dataset
from huggingface_hub import DatasetCard
from PIL import Image as PillowImage

from generators.build.generate import generate
from generators.dataset.info import DatasetInfo
from generators.images import decode_depth, encode_depth, encode_rgb
from generators.sources.pools import SourceSpec
from generators.taxonomy import KEYS, TYPES


@pytest.fixture(scope="module")
def loaded(du110k: Path, tmp_path_factory: pytest.TempPathFactory):
    return load_dataset(str(du110k), cache_dir=str(tmp_path_factory.mktemp("cache")))


def test_load_dataset(loaded, du110k: Path) -> None:
    assert {s: d.num_rows for s, d in loaded.items()} == dict(
        DatasetInfo.read(du110k).recipe.splits
    )
    features = loaded["train"].features
    assert isinstance(features["degraded"], Image)
    assert features["type"] == ClassLabel(names=list(TYPES))
    for row in loaded["test"]:
        assert row["degraded"].size == row["clean"].size == (64, 64)
        degradation_type = TYPES[features["type"].int2str(row["type"])]
        assert [t["key"] for t in row["tuples"]] == [key.name for key in degradation_type.keys]
        for triple in row["tuples"]:
            flat = row[triple["key"]]
            assert triple["value"] == (flat if isinstance(flat, list) else [flat])
        others = set(KEYS) - {key.name for key in degradation_type.keys}
        assert all(row[name] is None for name in others)
        assert (row["depth"] is not None) == degradation_type.needs_depth


def test_the_card_is_valid_yaml_of_the_same_features(loaded, du110k: Path) -> None:
    card = DatasetCard.load(du110k / "README.md")
    data = card.data.to_dict()
    assert Features._from_yaml_list(data["dataset_info"]["features"]) == loaded["train"].features
    assert [f["split"] for f in data["configs"][0]["data_files"]] == list(loaded)
    assert data["license"] == "cc-by-sa-4.0"
    assert "Sander Klootwijk" in card.text


def test_croissant(du110k: Path) -> None:
    dataset = mlcroissant.Dataset(du110k / "croissant.json")
    assert not dataset.metadata.issues.errors
    assert not dataset.metadata.issues.warnings
    ids = [record["default/id"].decode() for record in dataset.records("default")]
    assert len(set(ids)) == len(ids) == DatasetInfo.read(du110k).recipe.n


def test_splits_share_no_photograph(loaded) -> None:
    sides = {
        split: {json.loads(recipe)["photograph"] for recipe in data["recipe"]}
        for split, data in loaded.items()
    }
    assert all(sides.values())
    assert not sides["train"] & sides["validation"]
    assert not sides["train"] & sides["test"]
    assert not sides["validation"] & sides["test"]


def test_every_type_is_as_frequent(loaded) -> None:
    for data in loaded.values():
        assert len(set(Counter(data["type"]).values())) == 1


def test_source_scale_is_that_of_the_crop_box(loaded) -> None:
    for row in loaded["train"].remove_columns(["clean", "degraded", "depth"]):
        assert row["source_scale"] == pytest.approx(64 / row["crop_box"][2])
        assert row["source_scale"] <= 1.5


def test_pictures_are_lossless() -> None:
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (37, 53, 3), dtype=np.uint8)
    with PillowImage.open(io.BytesIO(encode_rgb(rgb))) as image:
        assert (np.asarray(image) == rgb).all()
    depth = rng.integers(0, 65536, (37, 53), dtype=np.uint16)
    assert (decode_depth(encode_depth(depth)) == depth).all()
    with PillowImage.open(io.BytesIO(encode_depth(depth))) as image:
        assert (np.asarray(image) == depth).all()


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (8, 8, 4)])
def test_what_fpng_would_break_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(AssertionError):
        encode_rgb(np.zeros(shape, np.uint8))
    with pytest.raises(AssertionError):
        encode_rgb(np.zeros((8, 8, 3), np.float32))


def test_the_cache_does_not_take_one_dataset_for_another(du110k: Path, tmp_path: Path) -> None:
    other = tmp_path / du110k.name
    generate(440, other, [SourceSpec("builtin")], size=64, seed=1)
    cache = str(tmp_path / "cache")
    hashes = [
        set(load_dataset(str(folder), split="test", cache_dir=cache)["degraded_sha256"])
        for folder in (du110k, other, du110k)
    ]
    assert hashes[0] == hashes[2]
    assert not hashes[0] & hashes[1]
