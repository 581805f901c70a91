"""Scoring a file from end to end, on a real dataset, through the command line."""

import csv
import hashlib
import json
import shutil
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from dubench.dataset import TYPE_NAMES, GroundTruth, Split, open_split
from dubench.scoring.score import score
from dubench.scoring.score_files import write_score
from generators.build.generate import generate
from generators.dataset.manifest import write_manifest
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from generators.taxonomy import TYPES
from tests.on_disk import contents


@pytest.fixture(scope="session")
def train(du110k: Path) -> Split:
    return open_split(str(du110k), "train")


def perfect(split: Split, path: Path, spoil: float = 1.0, **meta: object) -> Path:
    """Write predictions that name every truth, each number times `spoil`."""
    true = split.ground_truth()
    known = {"model": "oracle", "dataset": split.where, "split": split.name, **split.identity}
    lines = [{"meta": known | meta}]
    for row, name in enumerate(true.ids):
        entry = TYPES[TYPE_NAMES[true.types[row]]]
        values = {key.name: (true.values[key.name][row] * spoil).tolist() for key in entry.keys}
        lines.append({"id": name, "type": entry.name, "parameters": values})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_truth_scores_full_marks(train: Split, tmp_path: Path) -> None:
    preds = perfect(train, tmp_path / "preds.jsonl")
    result = score(preds).result
    assert result.understanding.j_acc == result.understanding.t_f1 == 1
    assert result.understanding.p_abs["avg"] == 0
    assert result.understanding.skill["avg"] == 1
    assert result.coverage == 1
    assert result.n == train.n
    assert result.restoration is None
    assert result.predictions_sha256 == hashlib.sha256(preds.read_bytes()).hexdigest()
    assert result.recipe_id == train.identity["recipe_id"]
    assert result.content_id == train.identity["content_id"]


def test_five_percent_off_is_a_p_rel_of_five_percent(train: Split, tmp_path: Path) -> None:
    result = score(perfect(train, tmp_path / "preds.jsonl", 1.05)).result
    for name, value in result.understanding.p_rel.items():
        assert value == pytest.approx(0.05), name


def test_the_signature_names_what_a_score_depends_on(train: Split, tmp_path: Path) -> None:
    result = score(perfect(train, tmp_path / "preds.jsonl"), seed=7).result
    release = ".".join(version("dubench").split(".")[:2])
    assert result.signature.split("|") == [
        f"dubench:{release}",
        f"data:du110k@{train.identity['content_id'][:8]}",
        "split:train",
        f"n:{train.n}",
        "t-acc",
        "p-rel:uncapped",
        "ci:one-more-photograph-1000,seed-7",
    ]


def test_the_truth_with_its_certainty_scores_full_marks(train: Split, tmp_path: Path) -> None:
    preds = perfect(train, tmp_path / "preds.jsonl")
    lines = [json.loads(line) for line in preds.read_text().splitlines()]
    for line in lines[1:]:
        ranges = {}
        for key, value in line["parameters"].items():
            ranges[key] = np.stack([value, value], axis=-1).tolist()
        line |= {"type_probabilities": {line["type"]: 1}, "ranges": ranges}
    preds.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = score(preds).result
    assert result.certainty.types.brier == result.certainty.types.calibration_error == 0
    assert set(result.certainty.ranges.coverage.values()) == {1}
    assert set(result.certainty.ranges.interval_skill.values()) == {1}
    assert set(result.certainty.ranges.width.values()) == {0}
    words = "calibration:rms,15-equal-mass,debiased|brier:sum|ranges:0.9,winkler"
    assert result.signature.endswith(f"seed-0|{words}")


def test_missing_answers_and_prose(train: Split, tmp_path: Path) -> None:
    preds = perfect(train, tmp_path / "preds.jsonl")
    lines = preds.read_text().splitlines()[1:11]
    lines[0] = json.dumps({"id": json.loads(lines[0])["id"], "output": "I cannot say."})
    preds.write_text("\n".join(lines) + "\n")
    result = score(preds, train.where, "train").result
    assert result.coverage == pytest.approx(10 / train.n)
    assert result.parse_failures == 1
    assert result.understanding.t_acc == pytest.approx(9 / train.n)
    assert result.model == "preds"
    assert f"{train.n - 10} of {train.n} images have no answer" in result.notes[-1]


def test_the_constant_comes_from_train_or_the_preset(
    du110k: Path, copy: Path, tmp_path: Path
) -> None:
    split = open_split(str(du110k), "test")
    result = score(perfect(split, tmp_path / "preds.jsonl")).result
    assert result.understanding.oracle_constant.source == "the train split"
    for file in (copy / "data").glob("train-*"):
        file.unlink()
    result = score(tmp_path / "preds.jsonl", str(copy)).result
    assert result.understanding.oracle_constant.source == "the preset du110k"


def test_the_ground_truth_is_read_once(
    du110k: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preds = perfect(open_split(str(du110k), "test"), tmp_path / "preds.jsonl")
    read: list[str] = []
    ground_truth = Split.ground_truth

    def counted(split: Split) -> GroundTruth:
        read.append(split.name)
        return ground_truth(split)

    monkeypatch.setattr(Split, "ground_truth", counted)
    score(preds)
    assert sorted(read) == ["test", "train"]


def test_predictions_of_other_data_are_refused(train: Split, tmp_path: Path) -> None:
    preds = perfect(train, tmp_path / "preds.jsonl", recipe_id="f" * 64)
    with pytest.raises(InputError, match="made on a dataset with recipe_id ffffffffffff"):
        score(preds)
    preds = perfect(train, tmp_path / "preds.jsonl", content_id="f" * 64)
    assert "other pixels" in score(preds).result.notes[-1]


def test_a_dataset_that_is_elsewhere_now(
    train: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the meta line names is not fetched: a stranger wrote it."""
    fetched: list[str] = []
    monkeypatch.setattr("dubench.dataset._hub", lambda name, split: fetched.append(name))
    preds = perfect(train, tmp_path / "preds.jsonl", dataset="gone/away")
    with pytest.raises(InputError, match=r"was made on 'gone/away', .* give --dataset"):
        score(preds)
    assert not fetched
    assert score(preds, train.where).result.n == train.n


def test_a_test_split_that_calls_itself_train_gives_no_constant(
    du110k: Path, copy: Path, tmp_path: Path
) -> None:
    """A constant fitted to the very samples would look better than it is; a model beside it, too
    little."""
    honest = score(perfect(open_split(str(du110k), "test"), tmp_path / "a.jsonl", 1.05)).result
    for shard in (copy / "data").glob("train-*"):
        shard.unlink()
    for shard in (copy / "data").glob("test-*"):
        shutil.copy(shard, copy / "data" / shard.name.replace("test", "train"))
    result = score(perfect(open_split(str(copy), "test"), tmp_path / "b.jsonl", 1.05)).result
    assert honest.understanding.oracle_constant.source == "the train split"
    assert result.understanding.oracle_constant.source == "the preset du110k"


def test_from_the_command_line(dubench, train: Split, tmp_path: Path) -> None:
    perfect(train, tmp_path / "preds.jsonl", 1.1)
    run = dubench("score", "preds.jsonl", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    result = json.loads((tmp_path / "score.json").read_text())
    assert result["signature"] in run.stdout
    assert "0.100" in run.stdout
    rows = pq.read_table(tmp_path / result["per_sample"]).to_pylist()
    assert len(rows) == train.n
    assert np.mean([row["joint_right"] for row in rows]) == result["understanding"]["j_acc"]
    blurs = [row for row in rows if row["type"] == "blur"]
    assert np.mean([row["rel_sigma"] for row in blurs]) == pytest.approx(0.1)
    assert all(row["rel_gamma"] is None for row in blurs)


def test_a_score_takes_the_place_of_one_and_of_no_other_table(train: Split, tmp_path: Path) -> None:
    preds = perfect(train, tmp_path / "preds.jsonl")
    table = tmp_path / "score.parquet"
    pq.write_table(pq.read_table(train.files[0]), table)
    before = table.read_bytes()
    with pytest.raises(InputError, match=r"score.parquet: is not the per-sample table of a score"):
        write_score(tmp_path / "score.json", score(preds))
    assert table.read_bytes() == before
    table.unlink()
    for _ in range(2):
        write_score(tmp_path / "score.json", score(preds))
    assert pq.read_table(table).num_rows == train.n


def test_a_preset_of_two_types(dubench, tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(
        'name = "two"\nextends = "du110k"\ntypes = ["low_resolution", "blur"]\n'
    )
    preset, sources = str(tmp_path / "two.toml"), [SourceSpec("dead-leaves")]
    generate(400, tmp_path / "two", sources, preset, size=32, workers=1)
    split = open_split(str(tmp_path / "two"), "train")
    perfect(split, tmp_path / "a.jsonl")
    lines = perfect(split, tmp_path / "b.jsonl", model="stray").read_text().splitlines()
    answer = {"type": "haze", "parameters": {"atmospheric_light": 0.6, "transmission": 0.4}}
    lines[1] = json.dumps({"id": json.loads(lines[1])["id"]} | answer)
    (tmp_path / "b.jsonl").write_text("\n".join(lines))
    for name in "ab":
        run = dubench("score", f"{name}.jsonl", "--out", f"{name}.json", cwd=tmp_path)
        assert run.returncode == 0, run.stderr
        assert "gamma" not in run.stdout
    understanding = json.loads((tmp_path / "b.json").read_text())["understanding"]
    assert list(understanding["by_type"]) == ["blur", "low_resolution"]
    assert list(understanding["p_abs"]) == ["sigma", "scale", "avg"]
    assert understanding["t_acc"] == pytest.approx(1 - 1 / split.n)
    assert understanding["t_f1"] == pytest.approx(1, abs=0.5 / (split.n / 2 - 1))
    run = dubench("compare", "a.json", "b.json", "--json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    differences = {d["name"]: d for d in json.loads(run.stdout)["differences"]}
    assert "p_rel.gamma" not in differences
    assert all(differences[name]["interval"] for name in ("t_acc", "t_f1", "j_acc"))
    run = dubench("report", "a.json", "b.json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    table = (tmp_path / "report" / "tables" / "table1_p_rel.csv").read_text().splitlines()
    assert table[0].startswith("model,block,p_rel.sigma,p_rel.sigma.low")
    assert "p_rel.gamma" not in table[0]


def test_restored_images(dubench, train: Split, du110k: Path, tmp_path: Path) -> None:
    split = open_split(str(du110k), "test")
    perfect(split, tmp_path / "preds.jsonl")
    (tmp_path / "restored").mkdir()
    wanted: dict[str, list[float]] = {}
    true = split.ground_truth()
    for row, (name, degraded, clean) in enumerate(split.images("degraded", "clean")):
        shown = degraded
        if row:  # the first is left out: its degraded image stands in
            shown = np.asarray(np.round(0.5 * degraded + 0.5 * clean), np.uint8)
            Image.fromarray(shown).save(tmp_path / "restored" / f"{name}.png")
        psnr = peak_signal_noise_ratio(clean, shown, data_range=255)
        wanted.setdefault(TYPE_NAMES[true.types[row]], []).append(psnr)
    given = ["--restored", "restored", "--metrics", "psnr,ssim", "--json"]
    run = dubench("score", "preds.jsonl", *given, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    means = {name: float(np.mean(values)) for name, values in wanted.items()}
    for name, value in means.items():
        assert result["restoration"]["psnr"][name] == pytest.approx(value, abs=1e-6)
    assert result["restoration"]["psnr"]["avg"] == pytest.approx(np.mean(list(means.values())))
    assert result["restoration_coverage"] == pytest.approx(1 - 1 / split.n)
    assert result["signature"].endswith("|psnr:rgb|ssim:y,11x11")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("score nowhere.jsonl", "nowhere.jsonl"),
        ("score .", "Is a directory"),
        ("score empty.jsonl", "no predictions"),
        ("score table.csv", "line 1"),
        ("score cut.jsonl", "line 13"),
        ("score preds.jsonl --out score.txt", "name a .json file"),
        ("score preds.jsonl --out no/score.json", "does not exist"),
        ("score preds.jsonl --out manifest.json", "manifest.parquet: is not the per-sample table"),
        ("score preds.jsonl --out text.json", "text.parquet: is not the per-sample table"),
        ("score preds.json --out preds.json", "holds the predictions themselves"),
        ("score preds.jsonl --dataset nowhere", "no such folder"),
        ("score preds.jsonl --split tset", "dubench: --split tset: the splits are"),
        ("score preds.jsonl --metrics psnr", "nothing is restored"),
        ("score preds.jsonl --restored nowhere", "nowhere"),
        ("score preds.jsonl --seed -1", "--seed"),
        ("predict --dataset preds.jsonl", "no such folder"),
        ("predict --out no/preds.jsonl --dataset {du110k}", "the folder no does not exist"),
        ("predict --model nope --dataset {du110k}", "no such model"),
        ("compare score.json", "Missing argument"),
        ("compare table.json preds.jsonl", "not a score"),
        ("report table.json", "not a score"),
        ("report nowhere.json", "No such file"),
    ],
)
def test_mistakes_get_one_line_and_code_two(
    dubench_here, du110k: Path, tmp_path: Path, arguments: str, message: str
) -> None:
    preds = perfect(open_split(str(du110k), "test"), tmp_path / "preds.jsonl")
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "table.json").write_text('{"n": 3}')
    (tmp_path / "cut.jsonl").write_text(preds.read_text()[:-20])
    (tmp_path / "preds.json").write_bytes(preds.read_bytes())
    write_manifest(du110k, tmp_path / "manifest.parquet")
    (tmp_path / "text.parquet").write_text("no table")
    with (tmp_path / "table.csv").open("w") as file:
        csv.writer(file).writerows([["id", "type"], ["du-00000001", "blur"]])
    before = contents(tmp_path)
    run = dubench_here(*arguments.format(du110k=du110k).split(), cwd=tmp_path)
    assert run.returncode == 2, run.stdout
    assert run.stderr.startswith("dubench: ")
    lines = [line for line in run.stderr.splitlines() if line.startswith("dubench: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in run.stderr
    assert contents(tmp_path) == before
