"""Real photographs, as they are and degraded by known values."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from dubench import InputError, diagnose
from dubench.baseline.features import statistics
from dubench.diagnosing import UndiagnosedError
from generators import degrade
from generators.sources.photographs import load
from generators.sources.pools import BUNDLED

LIFE = BUNDLED / "life-by-aitzol-berasategi.jpg"
HILLS = BUNDLED / "picosdeeuropa-by-aitzol-berasategi.jpg"


@pytest.fixture(scope="module")
def hills() -> np.ndarray:
    return load(HILLS)[0]


@pytest.mark.parametrize("photo", [LIFE, HILLS])
def test_nothing_is_wrong_with_clean_ones(photo: Path) -> None:
    diagnosis = diagnose(photo)
    assert diagnosis.findings == ()
    assert diagnosis.type_names == ("none",)
    assert diagnosis.probability > 0.6
    assert diagnosis.cautions == ()


@pytest.mark.parametrize(
    ("type_name", "values", "within", "severity"),
    [
        ("blur", {"sigma": 2.5}, {"sigma": 0.2}, "slight"),
        ("blur", {"sigma": 7.0}, {"sigma": 0.2}, "severe"),
        ("low_resolution", {"scale": 4.0}, {"scale": 1e-9}, "severe"),
        (
            "haze",
            {"atmospheric_light": 0.8, "transmission": 0.22},
            {"atmospheric_light": 0.15, "transmission": 0.4},
            "severe",
        ),
        ("low_light", {"gamma": 2.5, "gain": 0.06}, {"gamma": 0.25, "gain": 0.35}, "severe"),
    ],
)
def test_known_values_are_found(
    hills: np.ndarray, type_name: str, values: dict, within: dict, severity: str
) -> None:
    sample = degrade(hills, type_name, values, 1)
    diagnosis = diagnose(sample.degraded)
    (finding,) = diagnosis.findings
    assert finding.type == type_name
    assert diagnosis.probability > 0.9
    assert finding.severity == severity
    for name, relative in within.items():
        assert finding.parameters[name] == pytest.approx(values[name], rel=relative), name


def test_exif_turns_a_photograph_before_it_is_looked_at(hills: np.ndarray, tmp_path: Path) -> None:
    """Tiles, bands and axes would be others."""
    blurred = degrade(hills, "blur", {"sigma": 4.0}).degraded
    upright = Image.fromarray(blurred)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° to the right
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    upright.save(tmp_path / "upright.png")
    turned, plain = (diagnose(tmp_path / f"{name}.png") for name in ("turned", "upright"))
    assert turned.to_json() == plain.to_json()


def test_greyscale_and_sixteen_bits(hills: np.ndarray, tmp_path: Path) -> None:
    blurred = degrade(hills, "blur", {"sigma": 4.0}).degraded
    grey = cv2.cvtColor(blurred, cv2.COLOR_RGB2GRAY)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    cv2.imwrite(str(tmp_path / "deep.png"), grey.astype(np.uint16) * 257)
    diagnoses = [diagnose(tmp_path / f"{name}.png") for name in ("grey", "deep")]
    assert diagnoses[0].to_json() == diagnoses[1].to_json()
    (finding,) = diagnoses[0].findings
    assert finding.type == "blur"
    assert finding.parameters["sigma"] == pytest.approx(4, rel=0.25)


def test_small_ones_are_answered_with_a_caution(hills: np.ndarray) -> None:
    small = degrade(hills[200:360, 100:300], "blur", {"sigma": 3.0}).degraded
    diagnosis = diagnose(small)
    assert diagnosis.type_names == ("blur",)
    assert any("200×160 pixels are few" in caution for caution in diagnosis.cautions)


def test_tiny_ones_are_refused(tmp_path: Path) -> None:
    Image.new("RGB", (40, 31)).save(tmp_path / "tiny.png")
    with pytest.raises(UndiagnosedError, match=r"tiny\.png: 40×31 pixels are too few"):
        diagnose(tmp_path / "tiny.png")
    with pytest.raises(InputError, match=r"^40×31 pixels"):
        diagnose(np.zeros((31, 40, 3), np.uint8))


def screen_of_text() -> np.ndarray:
    image = np.full((600, 800, 3), 255, np.uint8)
    for line in range(20, 600, 26):
        cv2.putText(
            image, "every number here is a letter", (10, line), 0, 0.6, (20, 20, 20), 1, cv2.LINE_AA
        )
    return image


@pytest.mark.parametrize("quality", [None, 85])
def test_what_is_no_photograph_is_said_to_be_none(quality: int | None) -> None:
    ramp = np.repeat(np.tile(np.linspace(0, 255, 400).astype(np.uint8), (300, 1))[..., None], 3, 2)
    tiles = (np.indices((300, 400)) // 16).sum(axis=0) % 2 * 255
    board = np.repeat(tiles.astype(np.uint8)[..., None], 3, 2)
    for drawn in (screen_of_text(), ramp, board, np.full((300, 400, 3), 90, np.uint8)):
        image = drawn
        if quality:
            image = cv2.imdecode(cv2.imencode(".jpg", drawn, [1, quality])[1], cv2.IMREAD_COLOR)
        assert any("unlike photographs" in caution for caution in diagnose(image).cautions)


def test_a_picture_blurred_in_half_is_a_caution(hills: np.ndarray) -> None:
    half = hills.copy()
    half[:, 400:] = degrade(hills, "blur", {"sigma": 5.0}).degraded[:, 400:]
    assert any("disagree" in caution for caution in diagnose(half).cautions)


def test_statistics_are_measured_once_per_tile(
    hills: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = []

    def counted(tile: np.ndarray) -> np.ndarray:
        measured.append(tile)
        return statistics(tile)

    for place in ("dubench.diagnosing", "dubench.predictors.statistics"):
        monkeypatch.setattr(f"{place}.statistics", counted)
    assert len(diagnose(hills).tiles) == len(measured) == 9
