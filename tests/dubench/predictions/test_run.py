"""Predicting: every image once, whatever happens to the process."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dubench.dataset import TYPE_NAMES, Split, open_split
from dubench.predictions import file
from dubench.predictions.run import predict
from generators.build.generate import generate
from generators.dataset.ids import parse
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from tests.conftest import Dubench


class Means:
    """Answers a blur as strong as the image is bright, and counts what it was asked."""

    batch = 7

    def __init__(self, name: str = "means", **about: Any) -> None:
        self.name = name
        self.about: Mapping[str, Any] = about
        self.asked = 0

    def predict(self, images: Sequence[np.ndarray]) -> list[dict[str, Any]]:
        self.asked += len(images)
        return [{"type": "blur", "parameters": {"sigma": np.mean(image)}} for image in images]


@pytest.fixture(scope="module")
def split(du110k: Path) -> Split:
    return open_split(str(du110k), "train")


def test_every_image_has_its_own_prediction(split: Split, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    model = Means(prompt="How bright?")
    out = tmp_path / "preds.jsonl"
    summary = predict(split, model, out, lambda done, total: steps.append((done, total)))
    assert (summary.path, summary.n, summary.new) == (out, split.n, split.n)
    assert summary.latency_s is not None
    assert steps[0] == (0, split.n)
    assert steps[-1] == (split.n, split.n)
    predictions = file.read(out, split.ids)
    assert set(predictions.by_id) == set(split.ids)
    assert model.asked == split.n
    for name, image in split.images("degraded"):
        assert predictions.by_id[name].degradations[0].values == {"sigma": image.mean()}
        assert predictions.by_id[name].latency_s is not None
    assert predictions.meta["model"] == "means"
    assert predictions.meta["prompt"] == "How bright?"
    assert {name: predictions.meta[name] for name in split.identity} == split.identity
    assert (predictions.meta["dataset"], predictions.meta["split"]) == (split.where, "train")


def test_who_knows_the_seed_but_not_the_pixels_is_no_better_than_chance(
    split: Split, tmp_path: Path
) -> None:
    """A model that draws the types again, row by row: with the order of the rows it would be right
    every time; as it is, it is right by chance, one time in four."""
    assert split.info
    recipe = split.info.recipe
    types = [recipe.types_of(parse(name)[0])[0] for name in split.ids]
    ground_truth = split.ground_truth()
    truth = [TYPE_NAMES[code] for code in ground_truth.types]
    assert types == truth

    class Drawer(Means):
        def predict(self, images: Sequence[np.ndarray]) -> list[dict[str, Any]]:
            start, self.asked = self.asked, self.asked + len(images)
            return [{"type": name, "parameters": {}} for name in types[start : self.asked]]

    path = predict(split, Drawer(), tmp_path / "preds.jsonl").path
    by_id = file.read(path, split.ids).by_id
    drawn = [by_id[name].degradations[0].type for name in ground_truth.ids]
    assert sorted(drawn) == sorted(truth)
    # 188 rows: five standard deviations above a quarter are 41 %.
    assert np.mean([one == other for one, other in zip(drawn, truth, strict=True)]) < 0.41


@pytest.mark.parametrize("keep", [0.0, 0.001, 0.02, 0.37, 0.9999, 1.0])
def test_a_cut_file_is_gone_on_with(split: Split, tmp_path: Path, keep: float) -> None:
    out = tmp_path / "preds.jsonl"
    predict(split, Means(), out)
    whole = out.read_bytes()
    cut = whole[: round(keep * len(whole))]
    out.write_bytes(cut)
    kept = cut[: cut.rfind(b"\n") + 1]
    model = Means()
    summary = predict(split, model, out)
    lines = max(kept.count(b"\n") - 1, 0)
    assert summary.new == model.asked == split.n - lines
    assert out.read_bytes().startswith(kept)
    predictions = file.read(out, split.ids).by_id
    assert {n: p.degradations[0].values for n, p in predictions.items()} == {
        n: {"sigma": image.mean()} for n, image in split.images("degraded")
    }


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ("notes to myself\nand more\n", "holds something else"),
        ("half a line", "holds something else"),
        ('{"id": "du-00000000", "type": "none"}\n', "holds something else"),
        ('{"meta": 5}\n', "holds something else"),
        ("[]\n", "holds something else"),
    ],
)
def test_another_file_is_left_alone(split: Split, tmp_path: Path, held: str, message: str) -> None:
    out = tmp_path / "preds.jsonl"
    out.write_text(held)
    with pytest.raises(InputError, match=f"{message}; choose another --out"):
        predict(split, Means(), out)
    assert out.read_text() == held


def test_predictions_of_another_model_or_split_are_left_alone(
    split: Split, du110k: Path, tmp_path: Path
) -> None:
    out = tmp_path / "preds.jsonl"
    predict(split, Means(prompt="How bright?"), out)
    held = out.read_bytes()
    others = [
        (split, Means("medians", prompt="How bright?"), "another model"),
        (split, Means(prompt="How dark?"), "another prompt"),
        (split, Means(), "another prompt"),
        (open_split(str(du110k), "test"), Means(prompt="How bright?"), "another content_id"),
    ]
    for on, model, message in others:
        with pytest.raises(InputError, match=f"predictions of means on .* with {message}"):
            predict(on, model, out)
    assert out.read_bytes() == held


def test_the_same_dataset_under_another_name_is_gone_on_with(
    split: Split, du110k: Path, tmp_path: Path
) -> None:
    out = tmp_path / "preds.jsonl"
    predict(split, Means(), out)
    model = Means()
    predict(open_split(f"{du110k}/data/train-*.parquet", "train"), model, out)
    assert model.asked == 0


def test_a_model_that_answers_too_little_is_an_error(split: Split, tmp_path: Path) -> None:
    class Lazy(Means):
        def predict(self, images: Sequence[Any]) -> list[dict[str, Any]]:
            return super().predict(images)[1:]

    with pytest.raises(InputError, match="6 predictions for 7 images"):
        predict(split, Lazy(), tmp_path / "preds.jsonl")


def test_a_model_that_answers_nonsense_is_an_error(split: Split, tmp_path: Path) -> None:
    class Odd(Means):
        def predict(self, images: Sequence[Any]) -> list[dict[str, Any]]:
            return [{"type": "blur", "parameters": {"sigma": float("nan")}} for _ in images]

    with pytest.raises(InputError):
        predict(split, Odd(), tmp_path / "preds.jsonl")


def test_what_cannot_be_read_is_counted_and_the_first_is_named(
    split: Split, tmp_path: Path
) -> None:
    class Talks(Means):
        def predict(self, images: Sequence[Any]) -> list[dict[str, Any]]:
            # What it says of the grid, it says in its meta line.
            tokens = "[T-blur][K-sigma][V-0.05]"
            return [{"output": tokens if one.mean() > 100 else "It varies."} for one in images]

    model = Talks(delta=0.05)
    out = tmp_path / "preds.jsonl"
    summary = predict(split, model, out)
    dark = [name for name, image in split.images("degraded") if image.mean() <= 100]
    assert summary.unreadable == len(dark) > 0
    assert summary.notes[0].startswith(f"{len(dark)} of {split.n} answers cannot be read")
    failed = [name for name, one in file.read(out).by_id.items() if one.failure]
    assert sorted(failed) == sorted(dark)
    assert f"{failed[0]}, say: no answer: neither tokens, nor" in summary.notes[0]
    # They are counted where nothing is left to do, too.
    assert predict(split, model, out).unreadable == len(dark)


def test_what_the_model_took_is_summed_in_the_meta_line(split: Split, tmp_path: Path) -> None:
    class Costs(Means):
        def predict(self, images: Sequence[Any]) -> list[dict[str, Any]]:
            took = {"input_tokens": 100, "output_tokens": 7, "cost_usd": 0.25}
            return [{"type": "none", "usage": took} for _ in images]

    link, out = tmp_path / "link.jsonl", tmp_path / "preds.jsonl"
    link.symlink_to(out)
    total = {
        "input_tokens": 100 * split.n,
        "output_tokens": 7 * split.n,
        "cost_usd": 0.25 * split.n,
    }
    assert predict(split, Costs(), link).usage == total
    assert link.is_symlink()
    assert file.read(out, split.ids).meta["usage"] == total
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.jsonl", "preds.jsonl"]
    # Cut off in the midst, and one answer without a cost: no sum of the others is shown for it.
    lines = out.read_text().splitlines(keepends=True)
    lines[5] = lines[5].replace(', "cost_usd": 0.25', "")
    out.write_text("".join(lines[:50]))
    summary = predict(split, Costs(), out)
    del total["cost_usd"]
    assert summary.usage == file.read(out, split.ids).meta["usage"] == total


def test_a_folder_that_is_not_there_is_an_error(split: Split, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        predict(split, Means(), tmp_path / "nowhere" / "preds.jsonl")
    with pytest.raises(InputError, match="Is a directory"):
        predict(split, Means(), tmp_path)


def test_a_blind_split_is_predicted_without_its_answers(tmp_path: Path) -> None:
    generate(110, tmp_path / "board", [SourceSpec("builtin")], size=64, workers=2, blind=True)
    split = open_split(str(tmp_path / "board"), "test")
    out = predict(split, Means(), tmp_path / "preds.jsonl").path
    predictions = file.read(out, split.ids)
    assert len(predictions.by_id) == split.n
    answers = open_split(str(tmp_path / "board.answers"), "test")
    assert predictions.meta["content_id"] == answers.identity["content_id"]


_KILLED = """
import os, signal, sys
from dubench.cli import main
from dubench.predictions import file

left, write_line = int(sys.argv.pop(1)), file.write_line

def write_or_die(*arguments):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    write_line(*arguments)

file.write_line = write_or_die
main()
"""


def test_kill_minus_nine_loses_no_whole_line(
    du110k: Path, split: Split, tmp_path: Path, dubench: Dubench
) -> None:
    out, fresh = tmp_path / "preds.jsonl", tmp_path / "fresh.jsonl"
    command = ["predict", "--model", "statistics", "--dataset", str(du110k), "--split", "train"]
    held = b""
    for more, lines in ((5, 6), (60, 66)):  # killed twice, in the midst of a batch; one is meta
        code = [sys.executable, "-c", _KILLED, str(more)]
        run = subprocess.run([*code, *command, "--out", out], capture_output=True)
        assert run.returncode == -signal.SIGKILL
        before, held = held, out.read_bytes()
        assert held.startswith(before)
        assert held.endswith(b"\n")
        assert len([json.loads(line) for line in held.splitlines()]) == lines
    for path in (out, fresh):
        assert dubench(*command, "--out", path).returncode == 0
    assert out.read_bytes().startswith(held)
    one, other = (
        {n: p.degradations for n, p in file.read(path, split.ids).by_id.items()}
        for path in (out, fresh)
    )
    assert one == other
    assert len(one) == split.n
