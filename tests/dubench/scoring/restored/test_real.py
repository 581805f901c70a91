"""Photographs without a truth, before and after."""

import json
import shutil

import cv2
import numpy as np
import pytest

from dubench.scoring.restored import real
from dubench.scoring.restored.metrics import Metrics
from dubench.scoring.restored.real import score_real
from generators import degrade
from generators.errors import InputError
from generators.sources.photographs import load
from generators.sources.pools import BUNDLED


@pytest.fixture
def level(monkeypatch):
    """The metric is the mean level, which photographs of less than 32 pixels a side do not have."""

    def level(restored, clean):
        return restored.mean(axis=(1, 2, 3))

    metrics = Metrics({"brisque": level}, {}, ["brisque:y"])
    monkeypatch.setattr(real, "_choose", lambda text, device: (metrics, ()))


@pytest.fixture
def folders(tmp_path, level):
    """Four photographs, and each five levels brighter."""
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


def test_photographs_that_have_no_value_are_told_in_json_and_in_words(
    level, tmp_path, dubench_here
):
    (tmp_path / "in").mkdir()
    for side in (20, 30):
        cv2.imwrite(str(tmp_path / f"in/{side}.png"), np.zeros((40, side, 3), np.uint8))
    run = dubench_here("score", "--real", "in", "--json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    score = json.loads(run.stdout, parse_constant=pytest.fail)  # NaN is no JSON
    assert score["metrics"]["brisque"] == dict.fromkeys(("before", "after", "difference")) | {
        "n": 0
    }
    note = "brisque needs images of at least 32 pixels a side; 20×40, the least of 2 such sizes, is"
    assert score["notes"] == [f"{note} too small"]
    run = dubench_here("score", "--real", "in", "--restored", "in", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert note in run.stdout
    assert "nan" not in run.stdout


@pytest.fixture(scope="module")
def restored(tmp_path_factory, dubench):
    """Two photographs of one name, a dark one and a good one, and what `restore` made of them."""
    home = tmp_path_factory.mktemp("restored")
    image = load(BUNDLED / "seeding-by-clements-engelhardt.jpg")[0]
    image = np.ascontiguousarray(image[200:456, 300:556])
    dark = degrade(image, "low_light", seed=1).degraded
    for name, pixels in (("a/one.png", dark), ("b/one.bmp", image)):
        (home / "album" / name).parent.mkdir(parents=True)
        cv2.imwrite(str(home / "album" / name), pixels[..., ::-1])
    run = dubench("restore", "album", "--out", "album/better", "--save-steps", cwd=home)
    assert run.returncode == 0, run.stderr
    return home / "album"


@pytest.fixture
def album(restored, tmp_path, level):
    """A copy of it, to spoil."""
    return shutil.copytree(restored, tmp_path / "album")


def mean(path):
    return cv2.imread(str(path)).mean()


def test_what_restore_wrote_is_found_by_its_report(album, tmp_path):
    better = album / "better"
    assert (better / "steps/one.png").exists()
    good, dark = mean(album / "b/one.bmp"), mean(album / "a/one.png")
    bright = mean(better / "one.png")
    assert bright > dark + 10
    for folder in (better, tmp_path / "moved"):
        if not folder.exists():
            shutil.move(better, folder)
        score = score_real(album, folder)
        (change,) = score.metrics.values()
        assert score.photographs == change.n == 2
        assert change.before == pytest.approx((dark + good) / 2)
        assert change.after == pytest.approx((bright + good) / 2)


def test_strips_of_steps_are_no_results(album):
    better = album / "better"
    (better / "restoration.json").unlink()
    (better / "one-2.bmp").unlink()
    (change,) = score_real(album / "a", better).metrics.values()
    assert change.after == pytest.approx(mean(better / "one.png"))


def break_report(album):
    (album / "better/restoration.json").write_text("{")


def change_photograph(album):
    shutil.copy(album / "better/one.png", album / "a/one.png")


def remove_result(album):
    (album / "better/one-2.bmp").unlink()


def names_only(album):
    (album / "better/restoration.json").unlink()


def two_results(album):
    names_only(album)
    shutil.rmtree(album / "b")
    shutil.copy(album / "better/one.png", album / "better/one.bmp")


def another_size(album):
    cv2.imwrite(str(album / "better/one.png"), np.zeros((40, 50, 3), np.uint8))


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (break_report, r"better/restoration.json: not JSON; restore all of --real again"),
        (change_photograph, r"restoration.json: does not have .*a/one.png as it is; restore all"),
        (remove_result, r"better/one-2.bmp is missing; restore .*b/one.bmp again"),
        (names_only, r"b/one.bmp: .*a/one.png has the same name, .*; rename one"),
        (two_results, r"better/one.png: .*better/one.bmp has the same name"),
        (another_size, r"better/one.png is 50×40 pixels, and .*a/one.png 256×256 pixels; restore"),
    ],
)
def test_no_picture_is_measured_for_another(spoil, problem, album):
    spoil(album)
    with pytest.raises(InputError, match=problem):
        score_real(album, album / "better")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--real", "nowhere"), "--real nowhere: no such folder"),
        ((), "either PREDS or --real"),
        (("--real", "before", "--restored", "half"), "nothing called 1, for 1.bmp"),
        (("--real", "before", "--out", "score.json"), "--out is not for --real: drop it"),
        (("--real", "before", "--dataset", "du110k"), "--dataset is not for --real"),
        (("--real", "before", "--split", "test"), "--split is not for --real"),
        (("--real", "before", "--seed", "3"), "--seed is not for --real"),
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
