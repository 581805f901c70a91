"""Learning through the restorer: the loss's gradient points downhill, and a stop costs nothing."""

import copy

import numpy as np
import pytest
import torch

from dubench.duvlm.model.answering import Answering
from dubench.duvlm.reinforcement import joint
from dubench.duvlm.reinforcement.pairs import Pairs
from generators.taxonomy import TYPES


@pytest.fixture(scope="module")
def pairs(du110k):
    return Pairs(str(du110k))


@pytest.fixture
def learner(untrained):
    mine = untrained
    return Answering(copy.deepcopy(mine.model), mine.words, mine.vocabulary, mine.views)


def one_of_each(pairs):
    first = {}
    for row in range(len(pairs)):
        first.setdefault(pairs[row].truth.type, pairs[row])
    return list(first.values())


def test_the_gradient_points_downhill(pairs, learner, untrained):
    four = one_of_each(pairs)
    assert {pair.truth.type for pair in four} == set(TYPES) - {"none"}
    terms = joint.loss_of(learner, untrained, four)
    assert float(terms["kl"]) == pytest.approx(0, abs=1e-6)
    (terms["restored"] + terms["again"]).backward()
    weights = [x for x in learner.model.parameters() if x.grad is not None]
    length = float(torch.stack([(x.grad**2).sum() for x in weights]).sum())
    step = 1e-5
    with torch.no_grad():
        for weight in weights:
            weight -= step / length**0.5 * weight.grad
    after = joint.loss_of(learner, untrained, four)
    fallen = float(terms["restored"] + terms["again"] - after["restored"] - after["again"])
    assert fallen == pytest.approx(step * length**0.5, rel=0.2)


def test_means_are_those_of_the_distributions(learner):
    logits = torch.zeros(2, 12, len(learner.words))
    first = int(learner.spelling.values[0])
    logits[0, 3, first + 25], logits[1, 3, first + 100] = 50.0, 50.0
    values = joint.expected(learner, "blur", logits, [3])
    np.testing.assert_allclose(values["sigma"], [3.0, 9.0], rtol=1e-5)
    even = joint.expected(learner, "blur", torch.zeros(1, 12, len(learner.words)), [3])
    assert float(even["sigma"]) == pytest.approx(5.0)
