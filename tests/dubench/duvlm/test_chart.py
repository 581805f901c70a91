"""The chart: numbers survive the picture."""

import numpy as np
from PIL import Image

from dubench.baseline.features import COUNT, statistics
from dubench.baseline.file import find, read
from dubench.duvlm import chart
from dubench.predictors.statistics import infer
from generators import degrade
from generators.sources.photographs import load
from generators.sources.pools import BUNDLED

PHOTO = load(BUNDLED / "bridge-by-sander-klootwijk.jpg")[0][:256, :256]
KINDS = {"haze": {}, "low_light": {}, "blur": {"sigma": 3.0}, "low_resolution": {"scale": 3}}


def test_numbers_survive_the_picture(tmp_path) -> None:
    """To 10/255/2 deviations where they lie within five of them, and as five beyond."""
    mean, deviation = chart._scales()
    rng = np.random.default_rng(0)
    wanted = 2.5 * rng.standard_normal((20, COUNT)).astype(np.float32)
    charts = chart.draw(wanted * deviation + mean)
    for picture in charts:
        Image.fromarray(picture).save(tmp_path / "chart.png")
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "chart.png")), picture)
    seen = (chart.read(charts) - mean) / deviation
    np.testing.assert_allclose(seen, wanted.clip(-5, 5), atol=10 / 255 / 2 + 1e-3)


def test_the_baseline_answers_from_the_chart_as_from_the_numbers() -> None:
    model = read(find("du110k-wild"))
    for number, (name, values) in enumerate(KINDS.items()):
        image = degrade(PHOTO, name, values, seed=number, preset="du110k-wild").degraded
        (told,), measured = chart.read(chart.chart(image)[None]), statistics(image)
        one, other = infer(model, [told]), infer(model, [measured])
        assert one["type"] == other["type"] == name
        for key, value in other["parameters"].items():
            np.testing.assert_allclose(one["parameters"][key], value, rtol=0.05)


def test_every_quarter_shows_all_numbers() -> None:
    picture = chart.chart(PHOTO)
    for row in (0, 16):
        for column in (0, 16):
            quarter = picture[row : row + 16, column : column + 16]
            np.testing.assert_array_equal(quarter, picture[:16, :16])
    # What holds nothing is grey.
    assert (picture[:16, :16].reshape(-1)[COUNT:] == 128).all()
