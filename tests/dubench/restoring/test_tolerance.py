"""One parameter off at a time, and what that costs."""

import json
from pathlib import Path

import numpy as np

from dubench.dataset import TYPE_NAMES, open_split
from dubench.predictions.file import read
from dubench.restoring.tolerance import REACH, write_perturbed
from generators.build.generate import generate
from generators.sources.pools import SourceSpec
from generators.taxonomy import KEYS
from tests.conftest import Dubench


def test_one_key_of_each_image_is_off_within_its_range(du110k: Path, tmp_path: Path) -> None:
    split = open_split(str(du110k), "train")
    write_perturbed(split, tmp_path / "preds.jsonl", 3)
    true, answers = split.ground_truth(), read(tmp_path / "preds.jsonl").by_id
    off = dict.fromkeys(KEYS, 0)
    for row, name in enumerate(true.ids):
        (answer,) = answers[name].degradations
        assert answer.type == TYPE_NAMES[true.types[row]]
        errors = {
            key: float(np.abs(np.subtract(value, true.values[key][row])).max())
            for key, value in answer.values.items()
        }
        (key,) = (key for key, error in errors.items() if error > 0)
        off[key] += 1
        whole = KEYS[key].high - KEYS[key].low
        assert errors[key] <= (1 if KEYS[key].integer else REACH) * whole
        assert np.all((KEYS[key].low <= np.asarray(answer.values[key])) | (KEYS[key].size > 1))
        assert np.all((KEYS[key].high >= np.asarray(answer.values[key])) | (KEYS[key].size > 1))
        if KEYS[key].integer:
            assert answer.values[key] in (2, 3, 4)
    assert all(off.values())  # no key is spared
    first = (tmp_path / "preds.jsonl").read_bytes()
    write_perturbed(split, tmp_path / "preds.jsonl", 3)
    assert (tmp_path / "preds.jsonl").read_bytes() == first


def test_a_blind_split_is_named_before_anything_is_written(
    dubench_here: Dubench, tmp_path: Path
) -> None:
    generate(100, tmp_path / "blind", [SourceSpec("builtin")], size=64, blind=True)
    before = sorted(tmp_path.iterdir())
    for arguments in (("tolerance",), ("restore", "--params", "truth")):
        run = dubench_here(*arguments, "--dataset", "blind", "--method", "analytic", cwd=tmp_path)
        assert run.returncode == 2
        assert "kept by its host" in run.stderr
        assert sorted(tmp_path.iterdir()) == before


def test_from_the_command_line(dubench_here, du110k: Path, tmp_path: Path) -> None:
    arguments = ("tolerance", "--dataset", du110k, "--split", "train", "--method", "analytic")
    run = dubench_here(*arguments, "--metrics", "psnr", "--json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    table = json.loads(run.stdout)["psnr"]
    assert table.keys() == KEYS.keys()
    # A light taken for another shifts every pixel.
    assert table["atmospheric_light"]["r"] < 0
    assert table["gain"]["r"] < 0
    score = json.loads((tmp_path / "tolerance/score.json").read_text())
    assert sum(one["n"] for one in table.values()) == score["n"]
    assert (tmp_path / "tolerance/figure6_psnr.png").stat().st_size > 10_000
    wrong = dubench_here(*arguments, "--metrics", "niqe", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "choose of psnr, ssim, lpips" in wrong.stderr
