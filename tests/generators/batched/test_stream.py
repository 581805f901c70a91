"""The training stream: resumable, true to its labels, and distributed as a dataset."""

import shutil
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from scipy.stats import chisquare, kstest, truncnorm

from generators import presets
from generators.api import Degrade
from generators.batched.stream import Batch, Stream, bundled
from generators.batched.stream_cached import CachedCrops
from generators.batched.stream_crops import CropRequest
from generators.depth import crop_depth, procedural
from generators.errors import InputError
from generators.physics import low_light, model_of
from generators.postprocess import through_jpeg
from generators.randomness import Purpose, stream
from generators.sources.photographs import load
from generators.sources.pools import BUNDLED_SPLITS
from generators.taxonomy import TYPES

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
TYPE_NAMES = list(TYPES)
MODES = pytest.mark.parametrize("cached", [False, True], ids=["decoded", "cached"])


def take(count: int, **options: object) -> list[Batch]:
    options = {"batch_size": 12, "size": 64, "workers": 2} | options
    endless = Stream(**options)  # type: ignore[arg-type]
    return [next(endless) for _ in range(count)]


def column(batch: Batch, name: str, position: int = 0) -> np.ndarray:
    return batch.parameters[:, Degrade.columns.index((name, position))].double().cpu().numpy()


def levels(images: torch.Tensor) -> np.ndarray:
    return (images * 255).round().byte().permute(0, 2, 3, 1).contiguous().cpu().numpy()


def same(one: Batch, other: Batch) -> bool:
    return (
        one.degraded.equal(other.degraded)
        and one.clean.equal(other.clean)
        and one.type.equal(other.type)
        and bool(one.parameters.nan_to_num(-9).equal(other.parameters.nan_to_num(-9)))
        and one.step == other.step
    )


@pytest.fixture(scope="module", params=[False, True], ids=["decoded", "cached"])
def mixed(request: pytest.FixtureRequest) -> list[Batch]:
    """Four hundred pairs of both presets."""
    both = {"du110k": 3, "du110k-wild": 1}
    return take(8, presets=both, batch_size=50, seed=5, cached=request.param)


@pytest.mark.parametrize("device", DEVICES)
@MODES
def test_shapes_and_dtypes(cached: bool, device: str) -> None:
    (batch,) = take(1, cached=cached, device=device)
    assert batch.degraded.shape == batch.clean.shape == (12, 3, 64, 64)
    assert batch.degraded.dtype == batch.clean.dtype == batch.parameters.dtype == torch.float32
    assert batch.type.dtype == torch.int64
    assert batch.parameters.shape == (12, len(Degrade.columns))
    assert {t.device.type for t in (batch.degraded, batch.clean, batch.type, batch.parameters)} == {
        device
    }


@pytest.mark.parametrize("device", DEVICES)
@MODES
def test_a_stream_goes_on_where_another_stopped(cached: bool, device: str) -> None:
    options = {"cached": cached, "device": device, "presets": ["du110k", "du110k-wild"]}
    whole = take(5, workers=1, **options)
    stopped = Stream(batch_size=12, size=64, workers=2, **options)  # type: ignore[arg-type]
    next(stopped), next(stopped), next(stopped)
    assert stopped.step == 3
    resumed = take(2, workers=3, start=stopped.step, **options)
    assert [batch.step for batch in whole] == [0, 1, 2, 3, 4]
    assert all(map(same, whole[3:], resumed))
    assert not whole[3].degraded.equal(whole[4].degraded)


@MODES
def test_the_seed_decides(cached: bool) -> None:
    one, again, other = (take(1, cached=cached, seed=seed)[0] for seed in (1, 1, 2**64 - 1))
    assert same(one, again)
    assert not one.clean.equal(other.clean)
    assert not one.parameters.nan_to_num().equal(other.parameters.nan_to_num())


def test_pictures_are_whole_levels(mixed: list[Batch]) -> None:
    for batch in mixed:
        for images in (batch.clean, batch.degraded):
            assert images.equal((images * 255).round() / 255)
            assert images.min() >= 0
            assert images.max() <= 1


def test_a_type_has_its_keys_and_no_other(mixed: list[Batch]) -> None:
    for batch in mixed:
        for name, position in Degrade.columns:
            given = ~np.isnan(column(batch, name, position))
            owners = [any(k.name == name for k in TYPES[TYPE_NAMES[t]].keys) for t in batch.type]
            assert given.tolist() == owners
            key = next(k for t in TYPES.values() for k in t.keys if k.name == name)
            values = column(batch, name, position)[given]
            assert ((values >= key.low - 1e-6) & (values <= key.high + 1e-6)).all()


def test_types_are_shared_as_the_presets_say(mixed: list[Batch]) -> None:
    counts = torch.cat([batch.type for batch in mixed]).bincount(minlength=5).tolist()
    each = 3 / 4 / 4 + 1 / 4 / 5
    assert chisquare(counts, np.array([each, each, each, each, 1 / 20]) * 400).pvalue > 1e-3


@MODES
def test_parameters_follow_the_presets_laws(cached: bool) -> None:
    """Transmission too, although implausible fog is refused: images swap their values."""
    batches = take(12, batch_size=128, size=32, seed=8, cached=cached)
    for name, mean, sd, low, high in (
        ("atmospheric_light", 0.63, 0.17, 0.25, 1.0),
        ("transmission", 0.42, 0.13, 0.10, 0.85),
        ("gamma", 2.75, 0.5, 2.0, 3.5),
        ("gain", 0.1, 0.08, 0.05, 0.1),
        ("sigma", 5.0, 2.0, 1.0, 9.0),
    ):
        drawn = np.concatenate([column(batch, name) for batch in batches])
        drawn = drawn[~np.isnan(drawn)]
        assert len(drawn) > 300
        law = truncnorm((low - mean) / sd, (high - mean) / sd, loc=mean, scale=sd)
        assert kstest(drawn, law.cdf).pvalue > 1e-3, name


def of_type(
    batches: list[Batch], type_name: str
) -> list[tuple[np.ndarray, np.ndarray, Batch, int]]:
    return [
        (clean, degraded, batch, i)
        for batch in batches
        for i, (clean, degraded, t) in enumerate(
            zip(levels(batch.clean), levels(batch.degraded), batch.type.tolist(), strict=True)
        )
        if TYPE_NAMES[t] == type_name
    ]


@pytest.fixture(scope="module", params=[False, True], ids=["decoded", "cached"])
def pairs(request: pytest.FixtureRequest) -> list[Batch]:
    """Pairs without noise and JPEG, large enough to measure."""
    return take(3, batch_size=32, size=128, seed=6, cached=request.param)


@pytest.mark.parametrize(("type_name", "name"), [("blur", "sigma"), ("low_resolution", "scale")])
def test_the_per_image_path_makes_the_same(pairs: list[Batch], type_name: str, name: str) -> None:
    matches = of_type(pairs, type_name)
    assert len(matches) > 10
    for clean, degraded, batch, i in matches:
        # Full float32 digits: five of them would be another picture, here and there.
        wanted = model_of(type_name).apply(clean, {name: float(column(batch, name)[i])}, None, None)
        assert np.abs(degraded.astype(int) - wanted).max() <= 1


def test_low_light_is_as_dark_as_it_says(pairs: list[Batch]) -> None:
    matches = of_type(pairs, "low_light")
    assert len(matches) > 10
    for clean, degraded, batch, i in matches:
        values = {name: float(column(batch, name)[i]) for name in ("gamma", "gain")}
        camera = tuple(column(batch, "camera_intrinsics", j)[i] for j in range(9))
        # Without noise, white balance and camera cancel.
        values |= {"camera_intrinsics": camera, "red_gain": 2.0, "blue_gain": 1.7}
        values |= {"shot_noise": 0.0, "read_noise": 0.0}
        wanted = low_light.render(clean, values, np.zeros(clean.shape, np.float32))
        difference = degraded.astype(float) - wanted
        bright = wanted > 16  # noise cannot clip there
        if bright.sum() > 1000:
            assert abs(np.median(difference[bright])) <= 1
        noise = np.abs(difference).mean()
        assert noise > 0.01


def test_haze_is_a_veil_of_the_light_and_transmission_given(pairs: list[Batch]) -> None:
    """t = (I − A)/(J − A): its mean over the picture is the label."""
    measured = []
    for clean, degraded, batch, i in of_type(pairs, "haze"):
        light = 255 * column(batch, "atmospheric_light")[i]
        ahead, behind = degraded - light, clean - light
        t = (ahead * behind).sum(axis=2) / np.maximum((behind**2).sum(axis=2), 1e-9)
        seen = np.abs(behind).max(axis=2) > 12
        if seen.mean() < 0.97:  # what has the veil's colour shows nothing
            continue
        assert t[seen].mean() == pytest.approx(column(batch, "transmission")[i], abs=0.015)
        # Up to rounding, exp(−β·d) with d in [0.05, 1] spans a limited range.
        assert np.log(np.quantile(t[seen], 0.02)) / np.log(np.quantile(t[seen], 0.98)) < 30
        measured.append(t[seen].std())
    assert len(measured) > 5
    assert np.mean(measured) > 0.03


@MODES
def test_wild_pictures_are_postprocessed(cached: bool) -> None:
    batches = take(4, presets=["du110k-wild"], batch_size=64, seed=3, cached=cached)
    matches = of_type(batches, "none")
    untouched = [np.array_equal(clean, degraded) for clean, degraded, _, _ in matches]
    assert len(matches) > 30
    assert 0.08 < np.mean(untouched) < 0.45  # neither noise nor JPEG: a quarter
    # What JPEG alone made is close to libjpeg at some quality.
    near = [
        min(np.abs(through_jpeg(clean, q).astype(int) - degraded).mean() for q in range(60, 101))
        for (clean, degraded, _, _), same_ in zip(matches, untouched, strict=True)
        if not same_
    ]
    assert 0.1 < np.mean(np.array(near) < 0.3) < 0.6


@MODES
def test_resized_photographs_are_softer_or_finer(
    photos: Path, tmp_path: Path, cached: bool
) -> None:
    """What an enlarged crop lacks is its highest frequencies; a reduced one has them all."""
    path = tmp_path / "resized.toml"
    text = 'extends = "du110k-wild"\ntypes = ["none"]\n[photograph]\nresizing_share = 1\n'
    energy = []
    for factor in (1.25, 0.5):
        path.write_text(text + f"resizing = {{ choice = [{factor}] }}\n[capture]\n")
        (batch,) = take(1, presets=[str(path)], batch_size=24, size=96, cached=cached)
        spectrum = torch.fft.rfft2(batch.clean).abs().square()
        energy.append(float(spectrum[..., 44:52, 44:].mean() / spectrum[..., 8:16, 8:16].mean()))
    assert energy[0] < 0.2 * energy[1]


def test_every_photograph_in_each_turn_and_in_another_order() -> None:
    paths = [Path(f"{i}.jpg") for i in range(30)]
    request = CropRequest(
        paths, 64, 8, 4, lambda step: [], torch.device("cpu"), lambda step: [1.0] * 8
    )
    epochs = [[request.photograph_of(30 * epoch + i, 30) for i in range(30)] for epoch in range(3)]
    assert all(sorted(order) == list(range(30)) for order in epochs)
    assert len({tuple(order) for order in epochs}) == 3


def test_the_bundled_photographs_of_other_splits_are_not_shown() -> None:
    held_out = {name for names in BUNDLED_SPLITS.values() for name in names}
    assert len(bundled()) == 9
    assert not held_out & {path.name for path in bundled()}


def test_depth_cached_on_the_device_is_that_of_the_crop(photos: Path) -> None:
    """Each crop is found again in its photograph; its depth there, by the per-image path."""
    path = photos / "picosdeeuropa-by-aitzol-berasategi.jpg"
    request = CropRequest(
        [path],
        96,
        12,
        0,
        lambda step: list(range(12)),
        torch.device("cpu"),
        lambda step: [1.0] * 12,
    )
    images, depths = CachedCrops(request, 1).crops(0)
    assert depths.min() >= crop_depth.NEAREST - 1e-6
    assert depths.max() <= 1
    photo = load(path)[0]
    coarse = procedural.guess(photo, stream(0, 0, 0, Purpose.SCENE))
    alike = []
    for crop, depth in zip(images.permute(0, 2, 3, 1).numpy(), depths.numpy(), strict=True):
        places = {}
        for block in (1, 2, 3, 4):
            to = photo.shape[1] // block, photo.shape[0] // block
            whole = photo[: to[1] * block, : to[0] * block]
            small = cv2.resize(whole, to, interpolation=cv2.INTER_AREA)
            score, _, (x, y), _ = cv2.minMaxLoc(cv2.matchTemplate(small, crop, cv2.TM_SQDIFF))
            places[score] = (x * block, y * block, 96 * block, 96 * block)
        assert min(places) < 1000, "the crop is not of this photograph"
        wanted = crop_depth.load(
            crop_depth.store(
                crop_depth.fit(coarse, places[min(places)], photo.shape, crop, snap=True)
            )
        )
        alike.append(np.corrcoef(wanted.ravel(), depth.ravel())[0, 1])
    # The layout was drawn with another key, the photograph's part in it is the same.
    assert np.median(alike) > 0.8


@MODES
def test_small_photographs_are_enlarged(tmp_path: Path, photos: Path, cached: bool) -> None:
    photo = cv2.imread(str(photos / "life-by-aitzol-berasategi.jpg"))[:50, :70]
    cv2.imwrite(str(tmp_path / "small.png"), photo)
    (batch,) = take(1, photographs=[tmp_path / "small.png"], cached=cached)
    assert batch.clean.shape == (12, 3, 64, 64)
    assert float(batch.clean.std()) > 0.01


@MODES
def test_bad_photographs_are_left_out_and_named(tmp_path: Path, photos: Path, cached: bool) -> None:
    shutil.copy(photos / "life-by-aitzol-berasategi.jpg", tmp_path / "good.jpg")
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff no photograph")
    cv2.imwrite(str(tmp_path / "tiny.png"), np.zeros((20, 40, 3), np.uint8))
    paths = sorted(tmp_path.iterdir())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        take(2, photographs=paths, cached=cached)
    messages = {str(warning.message) for warning in caught}
    assert f"{paths[0]} is left out: not an image that can be decoded" in messages
    assert f"{paths[2]} is left out: 40×20 pixels are too few for crops of 64" in messages
    assert not any("good.jpg" in message for message in messages)


@MODES
def test_flat_photographs_alone_are_an_error(tmp_path: Path, cached: bool) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((200, 200, 3), 90, np.uint8))
    with pytest.raises(InputError, match="photographs that are larger or less flat"):
        take(1, photographs=[tmp_path / "grey.png"], cached=cached)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size=0 must be at least 1"),
        ({"size": 8}, "size=8 must be at least 16"),
        ({"seed": -1}, "seed=-1 must be at least 0"),
        ({"seed": 2**64}, "must be at least 0 and below"),
        ({"start": -1}, "start=-1 must be at least 0"),
        ({"workers": 0}, "workers=0 must be at least 1"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"presets": []}, "no presets given"),
        ({"presets": {"du110k": 0}}, "preset du110k: its weight 0 must be a number above 0"),
        ({"presets": {"du110k": float("nan")}}, "its weight nan must be"),
        ({"presets": ["du111k"]}, "unknown preset 'du111k'"),
        ({"photographs": []}, "no photographs given"),
        ({"photographs": [Path("nowhere.jpg")]}, "nowhere.jpg: no such file"),
    ],
)
def test_bad_arguments_are_named(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        Stream(**options)
    assert "\n" not in str(caught.value)


def test_no_gradient_is_kept_and_none_is_stopped() -> None:
    (batch,) = take(1)
    assert not batch.degraded.requires_grad
    weight = torch.ones(1, requires_grad=True)
    (batch.degraded * weight).sum().backward()
    assert weight.grad is not None


def test_a_preset_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('types = ["blur"]\n[blur]\nsigma = { uniform = [2, 3] }\n', "utf-8")
    (batch,) = take(1, presets=[str(path)])
    assert set(batch.type.tolist()) == {TYPE_NAMES.index("blur")}
    assert ((column(batch, "sigma") >= 2) & (column(batch, "sigma") <= 3)).all()
    assert presets.load(str(path)).types == ("blur",)
