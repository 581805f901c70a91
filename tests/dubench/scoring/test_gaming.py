"""Twenty ways to earn a better score without answering better: none of them works."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dubench.dataset import TYPE_NAMES, Split, open_split
from dubench.report.tables import tables
from dubench.scoring.compare import compare
from dubench.scoring.score import score
from dubench.scoring.score_files import Scored, read_score, write_score
from generators.build.generate import generate
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from generators.taxonomy import TYPES

Line = dict[str, Any]
Lines = list[Line]

HIGHER = ("t_acc", "t_f1", "j_acc", "skill.avg", "interval_skill.avg")
OF_THE_RIGHT_TYPE = ("interval_skill.avg",)
LOWER = ("p_rel_capped.avg", "p_abs.sigma", "false_alarms", "brier")


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    out = tmp_path_factory.mktemp("wild") / "made"
    generate(420, out, [SourceSpec("dead-leaves")], preset="du110k-wild", size=32, workers=1)
    return open_split(str(out), "train")


@pytest.fixture(scope="module")
def honest(split: Split) -> Lines:
    """A mediocre model that says how sure it is: right types in four of five, values off by some
    tenth."""
    rng = np.random.default_rng(0)
    true = split.ground_truth()
    lines: Lines = [{"meta": {"model": "honest", "dataset": split.where, "split": split.name}}]
    for row, name in enumerate(true.ids):
        given = TYPE_NAMES[true.types[row]]
        if rng.random() < 0.2:
            given = TYPE_NAMES[rng.integers(len(TYPE_NAMES))]
        parameters, ranges = {}, {}
        for key in TYPES[given].keys:
            value = true.values[key.name][row]
            if np.isnan(value).any():
                value = np.full(key.size, (key.low + key.high) / 2).squeeze()
            value = value * (1 + rng.normal(0, 0.1))
            parameters[key.name] = np.asarray(value).tolist()
            ends = np.sort([value * 0.83, value * 1.2], axis=0)
            ranges[key.name] = ends.T.tolist()
        probabilities = dict.fromkeys(TYPE_NAMES, 0.04) | {given: 1 - 0.04 * (len(TYPE_NAMES) - 1)}
        lines.append(
            {
                "id": name,
                "type": given,
                "parameters": parameters,
                "type_probabilities": probabilities,
                "ranges": ranges,
            }
        )
    return lines


def scored(lines: Lines, folder: Path) -> Scored:
    folder.mkdir(exist_ok=True)
    path = folder / "preds.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return score(path)


def is_none(line: Line) -> bool:
    return line.get("type") == "none"


def _on(chosen: Callable[[Line], bool], change: Callable[[Line], Line | None]) -> Any:
    def trick(lines: Lines) -> Lines:
        meta, *answers = lines
        changed = [change(line) if chosen(line) else line for line in answers]
        return [meta, *(line for line in changed if line is not None)]

    return trick


def unsure(line: Line) -> bool:
    """Where the model itself may doubt: every third answer."""
    return int(line["id"].rpartition("-")[2]) % 3 == 0


def bare(line: Line, **fields: Any) -> Line:
    return {"id": line["id"]} | fields


def without(line: Line, *names: str) -> Line:
    return {name: value for name, value in line.items() if name not in names}


WHOLE = {
    key.name: [[key.low, key.high]] * key.size if key.size > 1 else [key.low, key.high]
    for entry in TYPES.values()
    for key in entry.keys
}

# What each does to the predictions; none may improve a score, unless it is refused.
TRICKS: dict[str, Callable[[Lines], Lines]] = {
    "say nothing where the answer would be none": _on(is_none, lambda line: None),
    "an unknown type for none": _on(is_none, lambda line: bare(line, type="clean", parameters={})),
    "unreadable text for none": _on(is_none, lambda line: bare(line, output="hm")),
    "two types for none": _on(
        is_none,
        lambda line: bare(line, tuples=[["haze", "transmission", 0.5], ["blur", "sigma", 2]]),
    ),
    "leave out what one is unsure of": _on(unsure, lambda line: None),
    "answer in text that cannot be read where unsure": _on(unsure, lambda x: bare(x, output="?")),
    "name every type": _on(
        lambda line: True,
        lambda line: bare(
            line,
            tuples=[
                ["haze", "transmission", 0.5], ["low_light", "gamma", 2],
                ["blur", "sigma", 2], ["low_resolution", "scale", 2],
            ],
        ),
    ),
    "give every key there is": _on(
        lambda line: not is_none(line),
        lambda line: line | {"parameters": line["parameters"] | {"sharpness": 1.0}},
    ),
    "say the type without the numbers": _on(unsure, lambda x: x | {"parameters": {}, "ranges": {}}),
    "numbers without end": _on(unsure, lambda line: line | {"parameters": {"sigma": 1e9}}),
    "no number": _on(unsure, lambda line: line | {"parameters": {"sigma": float("nan")}}),
    "answer twice": lambda lines: [*lines, *lines[1:]],
    "answer samples that are not there": lambda lines: [*lines, lines[1] | {"id": "du-99999999"}],
    "name another dataset": lambda lines: [
        {"meta": lines[0]["meta"] | {"dataset": "a/b"}}, *lines[1:]
    ],
    "claim other data's content": lambda lines: [
        {"meta": lines[0]["meta"] | {"content_id": "0" * 64}}, *lines[1:]
    ],
    "state no probabilities where unsure": _on(unsure, lambda x: without(x, "type_probabilities")),
    "probabilities of 1 for every type": _on(
        unsure, lambda line: line | {"type_probabilities": dict.fromkeys(TYPE_NAMES, 1.0)}
    ),
    "a key's whole range where unsure": _on(
        unsure, lambda line: line | {"ranges": {name: WHOLE[name] for name in line["ranges"]}}
    ),
    "state no ranges where unsure": _on(unsure, lambda line: without(line, "ranges")),
    "ranges upside down": _on(
        unsure, lambda x: x | {"ranges": {name: ends[::-1] for name, ends in x["ranges"].items()}}
    ),
}  # fmt: skip
REFUSED = {
    "no number", "answer twice", "answer samples that are not there", "name another dataset",
    "claim other data's content", "probabilities of 1 for every type", "ranges upside down",
}  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_improves_a_score(trick: str, honest: Lines, split: Split, tmp_path: Path) -> None:
    before = scored(honest, tmp_path / "before")
    if trick in REFUSED:
        with pytest.raises(InputError):
            scored(TRICKS[trick](honest), tmp_path / "after")
        return
    after = scored(TRICKS[trick](honest), tmp_path / "after")
    for names, sign in ((HIGHER, 1), (LOWER, -1)):
        for name in names:
            was, now = (one.result.scores.get(name) for one in (before, after))
            if now is None:
                continue  # where nothing is stated there is no such score
            if (
                name in OF_THE_RIGHT_TYPE
                and after.result.scores["t_acc"] < before.result.scores["t_acc"]
            ):
                continue  # these rank nobody: see below
            assert sign * (now - was) <= 1e-9, (name, was, now)


@pytest.mark.parametrize("instead", [None, "hm"])
def test_who_leaves_out_the_hard_ones_is_never_bold(
    instead: str | None, honest: Lines, split: Split, tmp_path: Path
) -> None:
    """Scores «where the type is right» are of other samples for each model: they rank nobody."""
    truth = dict(zip(split.ids, split.ground_truth().types, strict=True))
    right = [x for x in honest[1:] if TYPE_NAMES[truth[x["id"]]] == x["type"]]
    kept = {line["id"] for line in right[:60]}
    rest = [bare(line, output=instead) for line in honest[1:] if instead and line["id"] not in kept]
    picky = scored([honest[0], *right[:60], *rest], tmp_path / "picky").result
    others = scored(honest, tmp_path / "honest").result
    for table in tables({"picky": picky, "honest": others}):
        assert not any(at == 0 for at, _ in table.best), table.name


def test_black_images_earn_no_rank(honest: Lines, split: Split, tmp_path: Path) -> None:
    """BRISQUE has no value for a uniform image: without the hard ones the mean would be better."""
    one = scored(honest, tmp_path / "one")
    two = Scored(one.result, replace(one.rows))
    rng = np.random.default_rng(1)
    one.rows.quality["brisque"] = rng.normal(40, 5, one.rows.n)
    quality = {"brisque": np.where(rng.random(one.rows.n) < 0.8, np.nan, 10.0)}
    two = Scored(one.result, replace(one.rows, quality=quality))
    assert "brisque.avg" not in {d.name for d in compare(one, two).differences}


@pytest.mark.parametrize("what", ["score", "interval", "rows of another"])
def test_an_edited_score_is_refused(what: str, honest: Lines, split: Split, tmp_path: Path) -> None:
    write_score(tmp_path / "score.json", scored(honest, tmp_path / "preds"))
    data = json.loads((tmp_path / "score.json").read_text())
    if what == "score":
        data["understanding"]["j_acc"] = 0.99
    elif what == "interval":
        data["intervals"]["j_acc"] = [0.98, 0.99]
    else:
        other = scored([honest[0], *honest[1:-40]], tmp_path / "other")
        write_score(tmp_path / "other.json", other)
        (tmp_path / "other.parquet").replace(tmp_path / "score.parquet")
    (tmp_path / "score.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match="run dubench score again"):
        read_score(tmp_path / "score.json")


@pytest.mark.parametrize("path", ["../clean.png", "/dev/zero", "link.png"])
def test_paths_lead_nowhere_else(path: str, honest: Lines, split: Split, tmp_path: Path) -> None:
    """Neither another's images nor whether a file exists."""
    Image.new("RGB", (32, 32)).save(tmp_path / "clean.png")
    (tmp_path / "preds").mkdir()
    (tmp_path / "preds" / "link.png").symlink_to(tmp_path / "clean.png")
    lines = [honest[0], honest[1] | {"restored": path}, *honest[2:]]
    with pytest.raises(InputError, match="outside"):
        scored(lines, tmp_path / "preds")
