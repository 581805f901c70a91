"""What is rewarded without a truth, when it is enough, and what keeps a model from drifting."""

import numpy as np
import pytest
import torch

from dubench.duvlm.model.believing import Believed
from dubench.duvlm.reinforcement.online import (
    MARGIN,
    SCALE,
    SLACK,
    WINDOW,
    Guard,
    QualityReward,
    middle,
    settled,
    undegraded,
)
from dubench.duvlm.reinforcement.restoring import Analytic
from generators.taxonomy import TYPES, Degradation


class Asked:
    """Stands where a policy does; only its grid is asked for."""

    class notes:
        from dubench.duvlm.tokens import NANO as vocabulary


@pytest.fixture(scope="module")
def crop():
    return undegraded()[0]


def test_a_result_is_worth_what_it_gains_beyond_the_margin(crop):
    qualities = {}

    def quality(pictures):
        return [qualities.setdefault(picture.tobytes(), 40.0 - 10 * len(qualities))
                for picture in pictures]  # fmt: skip

    reward = QualityReward(Asked, Analytic(), quality)
    blur = Degradation("blur", {"sigma": 2.0})
    answers = [blur, Degradation("none", {}), None]
    # 40 points before, 30 after.
    expected = [(10 - MARGIN) / SCALE, 0.0, -1.0]
    assert reward.rewards([crop] * 3, answers) == pytest.approx(expected)


def test_what_has_no_quality_is_refused(crop):
    reward = QualityReward(Asked, Analytic(), lambda pictures: [float("nan")] * len(pictures))
    assert reward.rewards([crop], [Degradation("blur", {"sigma": 2.0})]) == [-1.0]


def test_it_settles_when_the_mean_no_longer_rises():
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal(2 * WINDOW)
    assert not settled(noise[: 2 * WINDOW - 1])
    assert settled(noise - 0.001 * np.arange(2 * WINDOW))
    assert not settled(noise + 0.05 * np.arange(2 * WINDOW))


def test_a_drifting_model_gets_its_last_good_weights_back():
    """The share of alarms is the model's one weight."""
    photographs = undegraded()[:50]
    model = torch.nn.Linear(1, 1, bias=False)

    def believe(current, images):
        alarms = round(float(current.weight) * len(images))
        types = np.zeros((len(images), len(TYPES)))
        types[:, list(TYPES).index("none")] = 1
        types[:alarms] = np.eye(len(TYPES))[list(TYPES).index("blur")]
        return Believed(types, [])

    guard = Guard(believe, photographs)
    for share in (0.1, 0.1 + SLACK, 0.06):
        torch.nn.init.constant_(model.weight, share)
        assert guard.check(model) == {"false_alarms": pytest.approx(share, abs=0.011)}
        assert not guard.tripped
    torch.nn.init.constant_(model.weight, 0.3)
    guard.check(model)
    assert guard.tripped
    assert float(model.weight) == pytest.approx(0.06)


def test_undegraded_crops_cover_the_bundled_photographs():
    crops = undegraded()
    assert len(crops) >= 40
    assert {crop.shape for crop in crops} == {(256, 256, 3)}


def test_the_middle_of_a_photograph():
    pixels = np.arange(300 * 400 * 3, dtype=np.uint32).reshape(300, 400, 3).astype(np.uint8)
    assert np.array_equal(middle(pixels), pixels[22:278, 72:328])
