"""Rows: runs of one model, the anchor, ranks, and predictions that are too much alike."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dubench.scoring.compare import compare
from dubench.scoring.restored.measure import unmeasured
from dubench.scoring.score_files import Scored
from leaderboard.ranking.similar import near_identical
from leaderboard.ranking.standings import DEFAULT, Standings, standings
from leaderboard.stored import board as boards
from tests.dubench.scoring.synthetic_scores import scored
from tests.leaderboard.boards import synthetic


@pytest.fixture(scope="module")
def table(made_up: Path) -> Standings:
    return standings(made_up, boards.read(made_up).epoch)


def test_the_best_is_first_and_ranks_agree_with_the_values(table: Standings) -> None:
    values = [row.values[DEFAULT] for row in table.rows]
    assert values == sorted(values)
    assert [row.ranks[DEFAULT].place for row in table.rows] == [1, 2, 3, 4, 5]
    assert table.rows[-1].name == "constant"
    assert table.rows[-1].ranks[DEFAULT].best == 5


def test_two_of_one_quality_are_not_separable(table: Standings) -> None:
    good = {row.name: row for row in table.rows}
    for name in ("good", "as good"):
        assert good[name].ranks[DEFAULT].best == 1
        assert good[name].ranks[DEFAULT].worst >= 2


def test_a_model_with_two_runs_has_their_mean_and_spread(table: Standings) -> None:
    (seeds,) = [row for row in table.rows if row.name == "seeds"]
    runs = [run.result.scores[DEFAULT] for run in seeds.runs]
    assert len(runs) == 2
    assert seeds.values[DEFAULT] == pytest.approx(np.mean(runs))
    assert seeds.spread[DEFAULT] == (min(runs), max(runs))
    low, high = seeds.intervals[DEFAULT]
    assert low < seeds.values[DEFAULT] < high


def test_the_difference_to_the_anchor_is_that_of_compare(table: Standings) -> None:
    rows = {row.name: row for row in table.rows}
    compared = compare(rows["statistics"].entry.scored, rows["good"].entry.scored)
    (own,) = [d for d in compared.differences if d.name == DEFAULT]
    assert own.interval is not None
    assert rows["good"].against[DEFAULT] == pytest.approx((own.b - own.a, *own.interval))
    assert rows["statistics"].against == {}


def test_a_copy_with_a_little_noise_is_flagged(tmp_path: Path) -> None:
    few = {"n": 200, "photos": 40, "metrics": ()}
    first = scored("first", seed=1, **few)
    copy = scored("copy", seed=1, **few)
    for column in copy.rows.answer.values():
        column *= 1 + 1e-4 * np.random.default_rng(2).normal(size=column.shape)
    other = scored("other", seed=3, **few)
    assert near_identical([first.rows, copy.rows, other.rows]) == [(0, 1)]
    board = synthetic(tmp_path / "b", {"first": first, "copy": copy, "other": other})
    rows = standings(board, boards.read(board).epoch).rows
    assert {row.name: row.twins for row in rows} == {
        "first": ("copy",), "copy": ("first",), "other": (),
    }  # fmt: skip


def test_a_mean_over_some_images_is_no_rank(tmp_path: Path) -> None:
    few = {"n": 400, "photos": 60, "metrics": ("psnr", "ssim")}
    models = {name: scored(name, seed=len(name), **few) for name in ("a", "bcd · 1", "bcd · 22")}
    rows = models["bcd · 22"].rows
    rows.quality["psnr"][rows.quality["psnr"] < np.median(rows.quality["psnr"])] = np.nan
    result = replace(models["bcd · 22"].result, unmeasured=unmeasured(rows))
    board = synthetic(tmp_path / "b", models | {"bcd · 22": Scored(result, rows)})
    table = {row.name: row for row in standings(board, boards.read(board).epoch).rows}
    assert "psnr.avg" in table["a"].ranks
    assert "psnr.avg" not in table["bcd"].values
    assert table["a"].ranks["psnr.avg"].worst == 1
    assert {"ssim.avg", DEFAULT} <= table["bcd"].ranks.keys()


def test_with_few_photographs_nothing_is_ranked(tmp_path: Path) -> None:
    few = {"n": 80, "photos": 20, "metrics": ()}
    board = synthetic(tmp_path / "b", {n: scored(n, seed=len(n), **few) for n in ("a", "bcd")})
    for row in standings(board, boards.read(board).epoch).rows:
        assert row.ranks == row.intervals == row.against == {}
