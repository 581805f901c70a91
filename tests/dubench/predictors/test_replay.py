"""Replay: the same records again."""

import json
from pathlib import Path

import pytest

from dubench.dataset import open_split
from dubench.predictions import file
from dubench.predictions.run import predict
from dubench.predictors import load_predictor
from dubench.predictors.replay import Replay
from generators.errors import InputError

FORMS = [
    {"type": "blur", "parameters": {"sigma": 3.25}, "latency_s": 0.5},
    {"tuples": [["low_resolution", "scale", 3]], "latency_s": 0.25},
    {"output": "Dense fog. [T-haze][K-atmospheric_light][V-0.35] \u2028…", "latency_s": 1.5},
]


def test_a_split_is_replayed(du110k: Path, tmp_path: Path) -> None:
    split = open_split(str(du110k), "test")
    first = tmp_path / "first.jsonl"
    records = [{"id": name} | FORMS[i % 3] for i, name in enumerate(split.ids)]
    meta = {"meta": {"model": "someone", "delta": 0.05, "prompt": "What is wrong?"}}
    lines = [json.dumps(line, ensure_ascii=False) for line in (meta, *records[::-1])]
    first.write_text("\n".join(lines), "utf-8")
    again = predict(split, load_predictor(f"replay:{first}"), tmp_path / "again.jsonl").path
    first_line, *replayed = [json.loads(line) for line in again.read_text().splitlines()]
    assert sorted(replayed, key=lambda record: split.ids.index(record["id"])) == records
    # The grid that `output` was written on goes along, and so the meaning.
    assert first_line["meta"] | meta["meta"] == first_line["meta"]
    before, after = (file.read(path).by_id for path in (first, again))
    assert {n: p.failure for n, p in before.items()} == {n: p.failure for n, p in after.items()}


@pytest.mark.parametrize(
    ("folder", "restored", "map_"),
    [("runs", "a.png", "t/a.png"), (".", "runs/a.png", "runs/t/a.png")],
)
def test_paths_lead_to_the_same_files(tmp_path: Path, folder, restored, map_) -> None:
    (replayed,) = replay_with_files(tmp_path).replay(["a"], tmp_path / folder)
    assert replayed == {"type": "haze", "restored": restored, "maps": {"transmission": map_}}


def test_paths_that_no_score_would_open_are_left_out_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "runs" / "t").mkdir(parents=True)
    replay = replay_with_files(tmp_path)
    assert replay.replay(["a"], tmp_path / "elsewhere") == [{"type": "haze"}]
    (replayed,) = replay.replay(["a"], tmp_path / "runs" / "t")
    assert replayed == {"type": "haze", "maps": {"transmission": "a.png"}}
    (note,) = replay.notes
    assert note.startswith("3 paths of restored images and maps were left out")


def replay_with_files(folder: Path) -> Replay:
    preds = folder / "runs" / "preds.jsonl"
    preds.parent.mkdir(exist_ok=True)
    record = {"id": "a", "type": "haze", "restored": "a.png", "maps": {"transmission": "t/a.png"}}
    preds.write_text(json.dumps(record))
    return Replay(str(preds))


def test_a_missing_prediction_is_named(tmp_path: Path) -> None:
    preds = tmp_path / "preds.jsonl"
    preds.write_text('{"id": "a", "type": "none"}')
    with pytest.raises(InputError, match="no prediction of b"):
        Replay(str(preds)).replay(["b"], tmp_path)
