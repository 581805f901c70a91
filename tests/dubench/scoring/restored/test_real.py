"""Photographs without a truth, before and after."""

import cv2
import numpy as np
import pytest

from dubench.scoring.restored import real
from dubench.scoring.restored.metrics import Metrics
from dubench.scoring.restored.real import score_real


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Four photographs, and each a level brighter; the metric is the mean level."""

    def level(restored, clean):
        return restored.mean(axis=(1, 2, 3))

    metrics = Metrics({"brisque": level}, {}, ["brisque:y"])
    monkeypatch.setattr(real, "_choose", lambda text, device: (metrics, ()))
    for name, shift in (("before", 0), ("after", 5)):
        (tmp_path / name).mkdir()
        for number in range(4):
            value = 40 * number + 20 + shift + number % 2
            suffix = "bmp" if name == "before" else "png"
            image = np.full((40, 40, 3), value, np.uint8)
            cv2.imwrite(str(tmp_path / name / f"{number}.{suffix}"), image)
    return tmp_path / "before", tmp_path / "after"


def test_means_and_the_paired_difference(folders):
    score = score_real(*folders)
    (change,) = score.metrics.values()
    assert score.photographs == change.n == 4
    assert change.before == pytest.approx(80.5)
    assert change.after == pytest.approx(85.5)
    assert change.difference == pytest.approx((5.0, 5.0))


def test_one_photograph_has_no_interval(folders):
    for folder in folders:
        for path in sorted(folder.iterdir())[1:]:
            path.unlink()
    (change,) = score_real(*folders).metrics.values()
    assert (change.n, change.difference) == (1, None)
    assert change.after == pytest.approx(change.before + 5)


def test_as_a_table(folders, tmp_path, dubench_here):
    result = dubench_here("score", "--real", folders[0], "--restored", folders[1], cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "BRISQUE ↓" in result.stdout
    assert "80.500" in result.stdout
    assert "[+5.000, +5.000]" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--real", "nowhere"), "--real nowhere: no such folder"),
        ((), "either PREDS or --real"),
        (("--real", "before", "--restored", "half"), "nothing called 1, for 1.bmp"),
    ],
)
def test_mistakes_are_named(arguments, problem, folders, tmp_path, dubench_here):
    (tmp_path / "half").mkdir()
    (tmp_path / "half/0.png").write_bytes((folders[1] / "0.png").read_bytes())
    result = dubench_here("score", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert problem in result.stderr


def test_a_metric_with_a_truth_is_refused(tmp_path, dubench_here):
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in/a.png"), np.zeros((40, 40, 3), np.uint8))
    result = dubench_here("score", "--real", "in", "--metrics", "psnr", cwd=tmp_path)
    assert result.returncode == 2
    assert "without a truth there are niqe, brisque, clipiqa" in result.stderr
