"""What every picture goes through after its degradation, in the wild preset."""

import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy.ndimage import correlate1d
from scipy.stats import kstest

from generators import presets
from generators.build.generate import generate, regenerate
from generators.build.verify import verify
from generators.dataset.manifest import write_manifest
from generators.errors import InputError
from generators.images import decode_rgb
from generators.postprocess import postprocess, sharpen, through_jpeg
from generators.randomness import Purpose, stream
from generators.sources.pools import SourceSpec
from generators.taxonomy import TYPES

WILD = presets.load("du110k-wild")


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wild") / "d"
    generate(550, out, [SourceSpec("builtin")], "du110k-wild", size=64)
    return out


def rows(folder: Path) -> list[dict]:
    return [r for f in sorted((folder / "data").iterdir()) for r in pq.read_table(f).to_pylist()]


def test_every_row_can_be_rendered_again(wild: Path) -> None:
    audit = verify(wild)
    assert audit.good, audit.problems
    assert audit.rows == 550


def test_a_fifth_is_undegraded_and_tells_nothing_else(wild: Path) -> None:
    found = rows(wild)
    assert set(Counter(row["type"] for row in found).values()) == {110}
    undegraded = [row for row in found if not row["tuples"]]
    assert len(undegraded) == 110
    for row in undegraded:
        assert row["severity"] is row["depth"] is row["sigma"] is None
        nuisance = json.loads(row["recipe"])["nuisance"]
        if row["degraded"]["bytes"] == row["clean"]["bytes"]:
            assert nuisance["capture_noise"] < 0.15  # rounds to nothing
            assert nuisance["jpeg_quality"] == 0
        else:
            assert any(nuisance.values())


def test_noise_and_jpeg_come_as_often_and_as_strong_for_every_type() -> None:
    drawn = [WILD.draw_postprocess(stream(3, i, 0, Purpose.POSTPROCESS)) for i in range(4000)]
    for name, low, high in (("capture_noise", 0, 4), ("jpeg_quality", 60, 100)):
        values = np.array([d[name] for d in drawn])
        assert (values > 0).mean() == pytest.approx(0.5, abs=0.03)
        present = values[values > 0]
        uniform = kstest(present, "uniform", args=(low, high - low))
        assert uniform.statistic < 0.05
    assert presets.load("du110k").draw_postprocess(stream(0, 0, 0, Purpose.POSTPROCESS)) == {}


def test_noise_has_the_standard_deviation_drawn() -> None:
    grey = np.full((256, 256, 3), 128, np.uint8)
    noisy = postprocess(grey, {"capture_noise": 3.0, "jpeg_quality": 0.0}, (0, 1, 2)).astype(float)
    assert noisy.mean() == pytest.approx(128, abs=0.05)
    assert noisy.std() == pytest.approx(np.sqrt(9 + 1 / 12), rel=0.01)
    assert abs(np.corrcoef(noisy[..., 0].ravel(), noisy[..., 1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("subsampling", [420, 422, 444])
@pytest.mark.parametrize("quality", [60, 85, 100])
def test_jpeg_is_pillows(photos: Path, quality: int, subsampling: int) -> None:
    image = np.array(Image.open(photos / "life-by-aitzol-berasategi.jpg"))[100:356, 100:356]
    buffer = io.BytesIO()
    Image.fromarray(image).save(
        buffer, "JPEG", quality=quality, subsampling=":".join(str(subsampling))
    )
    theirs = np.asarray(Image.open(buffer)).astype(int)
    assert np.abs(through_jpeg(image, quality, subsampling).astype(int) - theirs).mean() < 0.2


@pytest.mark.parametrize("percent", [10, 47, 100, 300])
def test_sharpening_is_scipys_unsharp_mask(photos: Path, percent: int) -> None:
    image = np.array(Image.open(photos / "life-by-aitzol-berasategi.jpg"))[100:196, 100:203]
    mask = np.array([1, 4, 6, 4, 1]) / 16
    blurred = image.astype(float)
    for axis in (0, 1):
        blurred = correlate1d(blurred, mask, axis, mode="mirror")
    wanted = np.clip(image + percent / 100 * (image - blurred), 0, 255)
    assert np.abs(sharpen(image, percent) - wanted).max() <= 0.5 + 1e-9


def test_sharpening_leaves_even_areas_and_sharpens_edges() -> None:
    even = np.full((20, 20, 3), 77, np.uint8)
    np.testing.assert_array_equal(sharpen(even, 150), even)
    edge = np.where(np.arange(20)[:, None, None] < 10, 60, 180).repeat(20, 1).repeat(3, 2)
    result = sharpen(edge.astype(np.uint8), 100)
    assert result[9, 9, 0] < 60
    assert result[10, 9, 0] > 180


def test_jpeg_is_stored_lossless(wild: Path) -> None:
    row = next(r for r in rows(wild) if json.loads(r["recipe"])["nuisance"]["jpeg_quality"])
    assert row["degraded"]["bytes"].startswith(b"\x89PNG")
    assert decode_rgb(row["degraded"]["bytes"]).shape == (64, 64, 3)


WHOLE = """[capture]
noise = { uniform = [0, 4] }
noise_share = 0.5
jpeg_quality = { uniform = [60, 100] }
jpeg_share = 0.5
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("capture = 3", "capture must be a section"),
        ("[capture]\nnoise = { uniform = [0, 4] }", "missing or unknown: jpeg_quality"),
        (
            "[capture]\nnoise = { uniform = [0, 4] }\nnoise_share = 2\n"
            "jpeg_quality = { uniform = [60, 100] }\njpeg_share = 0.5",
            "noise_share must be a share",
        ),
        (
            "[capture]\nnoise = { uniform = [0, 4] }\nnoise_share = 0.5\n"
            "jpeg_quality = { uniform = [60, 150] }\njpeg_share = 0.5",
            "jpeg_quality must lie within 1 and 100",
        ),
        (WHOLE + "sharpening = { uniform = [0, 50] }", "missing or unknown: sharpening_share"),
        (
            WHOLE + "sharpening = { uniform = [0, 900] }\nsharpening_share = 1",
            "sharpening must lie within 0 and 300",
        ),
        (WHOLE + "jpeg_subsampling = { choice = [411] }", "must be a choice of 420, 422, 444"),
        ("photograph = 3", "photograph must be a section"),
        ("[photograph]\nresizing = { uniform = [0.5, 1] }", "missing or unknown: resizing_share"),
        (
            "[photograph]\nresizing = { uniform = [0.1, 1] }\nresizing_share = 1",
            "resizing must lie within 0.25 and 1.5",
        ),
    ],
)
def test_bad_capture_sections(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "p.toml").write_text('extends = "du110k"\n' + text)
    with pytest.raises(InputError, match=message):
        presets.load(str(tmp_path / "p.toml"))


def test_extending_what_is_not_bundled(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('extends = "other"\n')
    with pytest.raises(InputError, match="only a bundled preset"):
        presets.load(str(tmp_path / "p.toml"))


def test_real_photographs_are_resized_sharpened_and_compressed(tmp_path: Path) -> None:
    out = tmp_path / "d"
    generate(132, out, [SourceSpec("builtin")], "du110k-real", size=64)
    audit = verify(out)
    assert audit.good, audit.problems
    assert audit.exact == 132
    found = rows(out)
    assert Counter(row["type"] for row in found)[list(TYPES).index("none")] == 44
    whole = [row["crop_box"][2] % 64 == 0 for row in found]
    assert 0.3 < np.mean(whole) < 0.7
    nuisance = [json.loads(row["recipe"])["nuisance"] for row in found]
    assert {n["jpeg_subsampling"] for n in nuisance} == {420, 422, 444}
    assert 0.15 < np.mean([n["sharpening"] > 0 for n in nuisance]) < 0.45
    card = (out / "README.md").read_text("utf-8")
    assert "0.05 to 0.6" in card
    assert "resizing" in card
    # A manifest makes the same crops again.
    write_manifest(out, tmp_path / "m.parquet")
    _, different = regenerate(tmp_path / "m.parquet", tmp_path / "again", [SourceSpec("builtin")])
    assert not different
