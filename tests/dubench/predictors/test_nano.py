"""nano as a predictor: tiles, batches, and what it refuses."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dubench.baseline.certainty import UNCALIBRATED, Calibration
from dubench.calibrating import train_calibration
from dubench.dataset import open_split
from dubench.duvlm.model import nano
from dubench.duvlm.model.answering import Answering
from dubench.duvlm.model.files import Notes, save
from dubench.duvlm.tokens import NANO
from dubench.predictions.run import predict
from dubench.predictors import load_predictor
from dubench.tiles import tiles
from generators import degrade
from generators.errors import InputError
from generators.sources.photographs import load
from generators.sources.pools import BUNDLED
from generators.taxonomy import TYPES

PHOTO = load(BUNDLED / "bridge-by-sander-klootwijk.jpg")[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model before training: its answers are of the form all the same."""
    place = tmp_path_factory.mktemp("nano")
    words = nano.tokenizer()
    save(place, Answering(nano.new(words, 1), words, NANO), Notes(calibration=Calibration(2.0)))
    return place


def test_it_answers_about_images_of_any_size_whatever_their_batch(folder) -> None:
    predictor = load_predictor(f"nano:{folder}")
    images = [PHOTO[:256, :256], PHOTO[:300, :600], PHOTO[100:180, :90]]
    records = predictor.predict(images)
    for image, record in zip(images, records, strict=True):
        (alone,) = predictor.predict([image])
        assert alone["type"] == record["type"]
        assert sum(record["type_probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert set(record["parameters"]) == {key.name for key in TYPES[record["type"]].keys}
        for name, value in record["parameters"].items():
            np.testing.assert_allclose(alone["parameters"][name], value, rtol=1e-3, atol=1e-3)
            low, high = np.moveaxis(np.array(record["ranges"][name]), -1, 0)
            assert (low <= np.array(value)).all()
            assert (np.array(value) <= high).all()
    # A large photograph's probabilities are the mean over its tiles.
    shares = [one["type_probabilities"] for one in predictor.predict(list(tiles(images[1])))]
    for name, share in records[1]["type_probabilities"].items():
        assert np.mean([one[name] for one in shares]) == pytest.approx(share, abs=1e-5)


def test_a_split_is_predicted_to_the_end(folder, du110k, tmp_path) -> None:
    split = open_split(str(du110k), "test")
    summary = predict(split, load_predictor(f"nano:{folder}"), tmp_path / "preds.jsonl")
    assert (summary.n, summary.notes) == (split.n, ())


def test_it_is_calibrated_on_a_dataset_and_its_values_stay(folder, du110k, tmp_path) -> None:
    out = tmp_path / "calibrated"
    calibration = train_calibration(f"nano:{folder}", [str(du110k)], out)
    assert calibration.temperature >= 1
    before, after = load_predictor(f"nano:{folder}"), load_predictor(f"nano:{out}")
    assert after.card.calibration == calibration
    assert after.card.training["calibrated_on"][0]["n"] == open_split(str(du110k), "train").n
    # What is added to the logit of none multiplies its odds.
    image = PHOTO[:256, :256]
    raw = before.believe([image], UNCALIBRATED).types[0]
    offset = before.believe([image], Calibration(none_offset=math.log(3))).types[0]
    none = list(TYPES).index("none")
    odds = [shares[none] / (1 - shares[none]) for shares in (raw, offset)]
    assert odds[1] == pytest.approx(3 * odds[0])
    assert offset.sum() == pytest.approx(1)
    weights = [(place / "model.safetensors").read_bytes() for place in (folder, out)]
    assert weights[0] == weights[1]
    with pytest.raises(InputError, match="name a folder for nano"):
        train_calibration(f"nano:{folder}", [str(du110k)], out / "model.safetensors")


def test_what_it_refuses(folder, tmp_path) -> None:
    with pytest.raises(InputError, match=r"no config.json; name a folder"):
        load_predictor(f"nano:{tmp_path}")
    with pytest.raises(InputError, match="--views is not for --model nano"):
        load_predictor(f"nano:{folder}", views=["chart"])
    with pytest.raises(InputError, match="32 a side"):
        load_predictor(f"nano:{folder}").predict([PHOTO[:20, :20]])
    blind = tmp_path / "blind.parquet"
    pq.write_table(pa.table({"id": ["du-00000000"]}), blind)
    with pytest.raises(InputError, match="kept by its host"):
        train_calibration(f"nano:{folder}", [str(blind)], tmp_path / "calibrated")
    assert not (tmp_path / "calibrated").exists()


def test_the_bundled_one_knows_a_night_and_a_blur() -> None:
    night = degrade(PHOTO[384:640, 400:656], "low_light", seed=1).degraded
    blurred = degrade(PHOTO[384:640, 400:656], "blur", {"sigma": 5.0}, seed=1).degraded
    dark, soft = load_predictor("nano").predict([night, blurred])
    assert (dark["type"], soft["type"]) == ("low_light", "blur")
    assert soft["parameters"]["sigma"] == pytest.approx(5, rel=0.4)
