"""Rewards against their definition, and where restoring says that the best answer is."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubench.ddnm.methods import Settings, open_method
from dubench.duvlm.reinforcement.course import Course
from dubench.duvlm.reinforcement.grpo import RestoredReward
from dubench.duvlm.reinforcement.online import QualityReward
from dubench.duvlm.reinforcement.pairs import Pair
from dubench.duvlm.reinforcement.restoring import Analytic, Errors, Method, mean_squared
from dubench.duvlm.reinforcement.rewards import (
    Judged,
    components,
    needs_restoring,
    reward_of,
    understand,
    value_error,
)
from dubench.predictions.grammar import TAXONOMY, encode
from generators import degrade
from generators.sources import photographs
from generators.sources.pools import BUNDLED
from generators.taxonomy import KEYS, TYPES, Degradation

SIDE = 128


def crops(count):
    """Crops (SIDE, SIDE, 3) of the bundled photographs, of those parts with most detail."""
    found = []
    for path in sorted(BUNDLED.glob("*.jpg")):
        pixels, _ = photographs.load(path)
        rows, columns = (range(0, length - SIDE, SIDE) for length in pixels.shape[:2])
        pieces = [pixels[y : y + SIDE, x : x + SIDE] for y in rows for x in columns]
        pieces.sort(key=lambda piece: -np.abs(np.diff(piece.astype(float), axis=0)).sum())
        found.append([np.ascontiguousarray(piece) for piece in pieces[:2]])
    return [piece for rank in zip(*found, strict=True) for piece in rank][:count]


def pair_of(clean, type_name, seed, parameters=None):
    sample = degrade(clean, type_name, parameters, seed=seed)
    truth = Degradation(type_name, sample.values)
    depth = None if sample.depth is None else sample.depth.astype(np.float32) / 65535
    return Pair(sample.degraded, sample.clean, truth, depth)


@pytest.fixture(scope="module")
def twenty():
    return crops(20)


@pytest.mark.parametrize(
    ("type_name", "key"),
    [("blur", "sigma"), ("haze", "atmospheric_light"), ("haze", "transmission"),
     ("low_resolution", "scale")],
)  # fmt: skip
def test_the_reward_is_greatest_near_the_truth(type_name, key, twenty):
    factors = (0.5, 0.95, 0.98, 1.0, 1.02, 1.05, 2.0)
    errors, right = Errors(Analytic()), 0
    for seed, clean in enumerate(twenty):
        pair = pair_of(clean, type_name, seed)
        true = pair.truth.values[key]
        candidates = {true * factor for factor in factors}
        if KEYS[key].integer:
            candidates = {2.0, 3.0, 4.0}
        inside = sorted(v for v in candidates if KEYS[key].low <= v <= KEYS[key].high and v != 1)
        answers = [Degradation(type_name, {**pair.truth.parameters, key: v}) for v in inside]
        scores = errors([(pair, answer) for answer in answers])
        right += abs(inside[int(np.argmin(scores))] / true - 1) < 0.021
    assert right == len(twenty)


def test_gamma_and_gain_are_seen_through_their_darkening_alone(twenty):
    pair = pair_of(twenty[0], "low_light", 0)
    gamma, gain = pair.truth.values["gamma"], pair.truth.values["gain"]
    same = {**pair.truth.parameters, "gamma": gamma * 1.2, "gain": gain**1.2}
    one, other = Errors(Analytic())([(pair, pair.truth), (pair, Degradation("low_light", same))])
    assert one == pytest.approx(other, rel=1e-3)


def test_any_restorer_of_dubench_may_stand_behind(twenty):
    pairs = [pair_of(twenty[1], "blur", 1, {"sigma": 2.0}), pair_of(twenty[2], "none", 1)]
    by_name = Method(open_method("wiener", Settings()))([(pair, pair.truth) for pair in pairs])
    assert mean_squared(by_name[0], pairs[0].clean) < mean_squared(
        pairs[0].degraded, pairs[0].clean
    )
    assert np.array_equal(by_name[1], pairs[1].degraded)


def test_the_same_answer_is_restored_once(twenty):
    asked = []

    def restorer(attempts):
        asked.append(len(attempts))
        return [pair.degraded for pair, _ in attempts]

    pair, other = pair_of(twenty[0], "blur", 0), pair_of(twenty[1], "blur", 1)
    guess = Degradation("blur", {"sigma": 3.0})
    errors = Errors(restorer)([(pair, guess), (other, guess), (pair, guess)])
    assert asked == [2]
    expected = ((pair.degraded / 255 - pair.clean / 255) ** 2).mean()
    assert errors[0] == errors[2] == pytest.approx(expected, rel=1e-5)
    assert errors[1] != errors[0]


BLUR = Degradation("blur", {"sigma": 5.0})


class Asked:
    """Stands where a policy does; only its grid is asked for."""

    class notes:
        from dubench.duvlm.tokens import NANO as vocabulary


PIECES = [
    "Blur, severe. ", "[T-blur]", "[T-haze]", "[T-none]", "[K-sigma]", "[K-scale]", "[V-0.50]",
    "[V-1.00]", "[V-1.01]", "[V-0.5]", "[V-]", "[", "]", "x", " ", "\n",
]  # fmt: skip
TOKEN = re.compile(r"\[[TKV]-[^\[\]]*\]?")  # what stands around and between tokens is prose
WHOLE = re.compile(r"\[T-blur\]\[K-sigma\]\[V-(0\.\d\d|1\.00)\]|\[T-none\]")


@given(st.lists(st.sampled_from(PIECES), max_size=6), st.sampled_from(["structured", "naive"]))
def test_no_invalid_answer_survives_the_gate(pieces, name):
    """Whatever is not a whole answer of the grammar is worth −1, under every reward."""
    text, logged = "".join(pieces), {}
    flat = np.zeros((8, 8, 3), np.uint8)
    pair = Pair(flat, flat, BLUR)
    completions = [[{"role": "assistant", "content": text}]]
    reward = RestoredReward(Course(name, 1), Asked, lambda attempts: [flat for _ in attempts])
    (worth,) = reward(completions, [pair], lambda key, value: logged.update({key: value}))
    online = QualityReward(Asked, lambda attempts: [flat for _ in attempts], lambda x: [0] * len(x))
    (without_truth,) = online(completions, [flat], lambda *_: None)
    whole = WHOLE.fullmatch("".join(TOKEN.findall(text))) is not None
    assert logged["valid"] == whole
    assert (without_truth == -1) == (not whole)
    assert (worth == -1) == (not whole or (name == "structured" and "[T-none]" in text))


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("Blur, moderate. [T-blur][K-sigma][V-0.50]", BLUR),
        ("[T-none]", Degradation("none", {})),
        ("[T-blur]", None),
        ("[T-blur][K-sigma][V-0.505]", None),
        ("[T-blur][K-sigma][V-0.50][T-none]", None),
        ("a blurred photograph", None),
        ("", None),
    ],
)
def test_answers_are_whole_or_refused(text, understood):
    assert understand(text, TAXONOMY) == understood


@given(st.sampled_from(list(TYPES)), st.randoms(use_true_random=False))
def test_what_the_grammar_writes_is_understood(type_name, random):
    steps = {key.name: [random.randint(0, 100) for _ in range(key.size)]
             for key in TYPES[type_name].keys}  # fmt: skip
    values = {}
    for name, entries in steps.items():
        key = KEYS[name]
        scaled = [key.low + step / 100 * (key.high - key.low) for step in entries]
        values[name] = tuple(scaled) if key.kind == "vector" else scaled[0]
    answer = understand(encode([Degradation(type_name, values)]), TAXONOMY)
    assert answer is not None
    assert value_error(answer, Degradation(type_name, values), TAXONOMY) < 0.26  # whole scales


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_gate_is_below_every_right_answer(error, distance, weight):
    right = Judged(BLUR, True, error, distance)
    wrong = Judged(BLUR, False, None, None)
    assert reward_of(wrong) == -1
    assert reward_of(right) == -error >= -1
    assert reward_of(right, weight) == pytest.approx(-error - weight * distance)


def test_naive_looks_at_the_picture_alone():
    other = Degradation("none", {})
    assert needs_restoring("naive", other, BLUR)
    assert not needs_restoring("structured", other, BLUR)
    assert needs_restoring("structured", BLUR, BLUR)
    assert not needs_restoring("naive", None, BLUR)
    assert reward_of(Judged(other, False, 0.2, None)) == -0.2
    assert reward_of(Judged(None, False, None, None)) == -1


def test_components_are_means_over_those_that_have_them():
    judged = [
        Judged(BLUR, True, 0.1, 0.2),
        Judged(BLUR, False, None, None),
        Judged(None, False, None, None),
    ]
    expected = {"valid": 2 / 3, "right_type": 1 / 3, "mse": 0.1, "value_error": 0.2}
    assert components(judged) == pytest.approx(expected)
