"""Every command after `generate` knows the fifth type, and takes a preset of two types."""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.adding_a_degradation.conftest import Run

KEYS = {"length", "angle"}
SPOKEN = {"motion_blur": "Camera-Shake", "low_light": "night"}


def rows(dataset: Path, split: str = "train") -> Iterator[dict[str, Any]]:
    for file in sorted((dataset / "data").glob(f"{split}-*")):
        yield from pq.read_table(file, columns=["id", "tuples"]).to_pylist()


def right_answers(dataset: Path) -> list[dict[str, Any]]:
    """The train split's ground truth, in each of the forms that a prediction may have."""
    answers = []
    for number, row in enumerate(rows(dataset)):
        triples = [(t["type"], t["key"], *t["value"]) for t in row["tuples"]]
        type_name = triples[0][0]
        values = {key: v[0] if len(v) == 1 else v for _, key, *v in triples}
        forms = (
            {"type": type_name, "parameters": values},
            {"tuples": [[type_name, key, value] for key, value in values.items()]},
            {"output": json.dumps({"type": SPOKEN.get(type_name, type_name), **values})},
        )
        answers.append({"id": row["id"], **forms[number % len(forms)]})
    return answers


def write(path: Path, answers: list[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(answer)}\n" for answer in answers), "utf-8")
    return path


@pytest.fixture(scope="module")
def scores(cli: Run, five: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """score.json of the right answers, of both baselines, and of one trained on five types."""
    home = tmp_path_factory.mktemp("scores")
    trained = home / "trained.safetensors"
    cli("train", "statistics", "--dataset", five, "--out", trained, "--workers", 2)
    models = {"constant": "constant", "shipped": "statistics", "trained": f"statistics:{trained}"}
    files = {"right": write(home / "right.jsonl", right_answers(five))}
    for name, model in models.items():
        files[name] = home / f"{name}.jsonl"
        options = ("--dataset", five, "--split", "train", "--out", files[name])
        cli("predict", "--model", model, *options)
    for name, file in files.items():
        cli("score", file, "--dataset", five, "--split", "train", "--out", home / f"{name}.json")
    return {name: home / f"{name}.json" for name in files}


def understanding(scores: dict[str, Path], name: str) -> dict[str, Any]:
    return json.loads(scores[name].read_text("utf-8"))["understanding"]


def test_right_answers_have_full_marks(scores: dict[str, Path]) -> None:
    result = understanding(scores, "right")
    assert result["t_acc"] == result["t_f1"] == result["j_acc"] == 1
    assert result["p_rel"].keys() >= KEYS
    assert max(result["p_rel"].values()) < 1e-6
    assert result["oracle_constant"]["p_rel"].keys() >= KEYS


def test_the_shipped_baseline_answers_for_the_types_it_knows(scores: dict[str, Path]) -> None:
    shipped, constant = (understanding(scores, name) for name in ("shipped", "constant"))
    by_type = shipped["by_type"]
    assert by_type["motion_blur"]["t_acc"] == 0
    assert shipped["confusion"]["blur"]["motion_blur"] == 0
    assert shipped["t_acc"] > constant["t_acc"]
    assert constant["p_rel"]["angle"] == 1
    assert min(by_type[name]["t_acc"] for name in ("haze", "low_light", "blur")) > 0.7


def test_a_baseline_trained_on_it_knows_it(scores: dict[str, Path]) -> None:
    result = understanding(scores, "trained")
    assert result["by_type"]["motion_blur"]["j_acc"] > 0.8
    assert max(result["p_rel"][key] for key in KEYS) < 1


def test_report_and_comparison_show_it(cli: Run, scores: dict[str, Path], tmp_path: Path) -> None:
    cli("report", *scores.values(), "--out", tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert "motion blur" in page
    assert "angle" in page
    compared = json.loads(cli("compare", scores["constant"], scores["right"], "--json").stdout)
    assert {d["name"].removeprefix("p_rel.") for d in compared["differences"]} >= KEYS


def test_a_review_has_gold_of_it(cli: Run, five: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(five, tmp_path / "five"))
    review = tmp_path / "five.review"
    found: list[tuple[str, str]] = []
    # Two of the four types get a wrong value, by a secret: not every plan has it among them.
    for _ in range(30):
        shutil.rmtree(review, ignore_errors=True)
        cli("review", "plan", copy, "--fraction", 1, "--workers", 1)
        with closing(sqlite3.connect(review / "review.sqlite")) as db:
            found = db.execute(
                "SELECT shown, json_extract(expected, '$.detail') FROM items "
                "WHERE type = 'motion_blur' AND json_extract(expected, '$.why') = 'wrong parameter'"
            ).fetchall()
        if found:
            break
    ((shown, detail),) = found
    says = re.fullmatch(r"length is ([\d.]+), shown as ([\d.]+)", detail)
    assert says
    right, wrong = map(float, says.groups())
    assert wrong / right == pytest.approx(2.5 if wrong > right else 0.4, rel=1e-3)
    length = json.loads(shown)["tuples"][0]
    assert length == ["motion_blur", "length", pytest.approx(wrong, rel=1e-4)]


REVIEW = """
import sys
from pathlib import Path
from annotation_ui.folder import review_of

store = review_of(Path(sys.argv[1]))
store.accounts.add("ada", "a long password")
store.accounts.add("ben", "a long password")
moved = sorted(item.sample_id for item in store.items()
               if item.type == "motion_blur" and item.role == "sample")
for name in ("ada", "ben"):
    while lease := store.lease(name):
        if lease.item.sample_id == moved[0]:
            store.submit(lease.token, name, "reject", ["other"], "the path is bent", seconds=4)
        else:
            store.submit(lease.token, name, "accept", seconds=2)
print(moved[0])
"""


def test_people_review_it(run: Run, cli: Run, five: Path) -> None:
    cli("review", "plan", five, "--fraction", 1, "--workers", 2)
    done = run("-c", REVIEW, five)
    assert done.returncode == 0, done.stderr
    rejected = done.stdout.strip()
    cli("review", "status", five)
    verified = five.with_name("verified")
    cli("review", "finalize", five, "--out", verified, "--workers", 2)
    ids = {row["id"] for split in ("train", "validation", "test") for row in rows(verified, split)}
    assert rejected not in ids
    assert f"{rejected}-r1" in ids
    audit = json.loads(cli("verify", verified, "--json", "--workers", 2).stdout)
    assert audit["exact"] == 150
    assert not audit["problems"]


def test_a_preset_of_two_types(cli: Run, tmp_path: Path) -> None:
    """One answer of a type that the preset has not is one wrong answer, not a type's F1 of 0."""
    preset = tmp_path / "two.toml"
    preset.write_text('name = "two"\nextends = "five"\ntypes = ["blur", "motion_blur"]\n', "utf-8")
    options = ("--size", 64, "--workers", 2, "--source", "dead-leaves")
    cli("generate", "--n", 400, *options, "--preset", preset, "--out", tmp_path / "two")
    right = right_answers(tmp_path / "two")
    stray = [{"id": right[0]["id"], "type": "haze", "parameters": {}}, *right[1:]]
    files = []
    for name, answers in (("right", right), ("stray", stray)):
        file = write(tmp_path / f"{name}.jsonl", answers)
        files.append(tmp_path / f"{name}.json")
        where = ("--dataset", tmp_path / "two", "--split", "train", "--out", files[-1])
        cli("score", file, *where)
    result = json.loads(files[1].read_text("utf-8"))["understanding"]
    each = len(right) // 2
    assert result["t_acc"] == pytest.approx(1 - 1 / len(right))
    assert result["t_f1"] == pytest.approx((1 + 2 * (each - 1) / (2 * each - 1)) / 2)
    comparison = json.loads(cli("compare", *files, "--json").stdout)
    average = next(d for d in comparison["differences"] if d["name"] == "p_rel.avg")
    assert average["interval"] is not None
    cli("report", *files, "--out", tmp_path / "report")
