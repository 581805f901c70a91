"""What three models answer about the same pictures."""

from collections.abc import Mapping
from html import escape

import numpy as np

from dubench.cli.demo.page.pieces import Chapter, Demo, listed, own, picture, terminal
from dubench.cli.demo.page.samples import Sample, of_each_type, read_samples
from dubench.cli.demo.steps import MODELS
from dubench.dataset import open_split
from dubench.predictions.file import read
from dubench.predictions.record import Prediction
from dubench.scoring.score_files import read_score
from dubench.text import words
from leaderboard.site.samples import errors

_HARD = 2
"""Samples on which nano errs most."""


def predictions(demo: Demo) -> Chapter:
    """The chapter."""
    split = open_split(str(demo.out / "verified"))
    truth = split.ground_truth()
    answers = {model: read(demo.out / f"{model}.jsonl", split.ids).by_id for model in MODELS}
    error = np.nan_to_num(errors(read_score(demo.out / "nano.json").rows))
    hard = np.argsort(-error, kind="stable")[:_HARD].tolist()
    usual = [place for place in of_each_type(truth, 1, "folder/") if place not in hard]
    cards = [
        _card(sample, {model: by_id[sample.id] for model, by_id in answers.items()},
              "nano errs most here" if sample.place in hard else "")
        for sample in read_samples(split, truth, (*usual, *hard))
    ]  # fmt: skip
    mine = own(
        "With any other model (hf:…, openai:MODEL@URL, plugin:…)",
        "dubench predict --model openai:gpt-4o --dataset mine --out preds.jsonl",
    )
    body = f"""<p class="lead">A model sees the degraded picture alone, and answers with a type and
its parameters. <b>constant</b> says the same of every picture, <b>statistics</b> reads plain image
statistics, <b>nano</b> is a vision language model of 2.5 million parameters.</p>
{listed(cards, "pictures wide")}
{terminal(*demo.ran("predictions"))}
{mine}"""
    return Chapter("predictions", "Predictions", "Models answer", body)


def _card(sample: Sample, answers: Mapping[str, Prediction], remark: str) -> str:
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("truth", *answers))
    types = {name: _type(one) for name, one in answers.items()}
    rows = [_row("type", words(sample.type), types, right=words(sample.type))]
    for key, true in sample.values.items():
        assert isinstance(true, float)
        stated = {name: _value(one, sample.type, key) for name, one in answers.items()}
        rows.append(_row(words(key), f"{true:.3g}", stated))
    table = (
        f'<table class="answers"><thead><tr><td></td>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    image = picture(sample.degraded, f"{words(sample.type)}, degraded")
    beside = f"<p><b>{sample.id}</b>{f': {remark}' if remark else ''}</p>{table}"
    return f'<div class="asked">{image}<div>{beside}</div></div>'


def _row(name: str, true: str, answers: Mapping[str, str], right: str = "") -> str:
    cells = "".join(
        f"<td{' class=wrong' if right and text != right else ''}>{escape(text)}</td>"
        for text in answers.values()
    )
    return f'<tr><th scope="row">{escape(name)}</th><td><b>{escape(true)}</b></td>{cells}</tr>'


def _type(answer: Prediction) -> str:
    return ", ".join(words(one.type) for one in answer.degradations) or "–"


def _value(answer: Prediction, type_name: str, key: str) -> str:
    """What the answer says of a key; nothing where its type is another."""
    for one in answer.degradations:
        if one.type == type_name and isinstance(value := one.values.get(key), float | int):
            return f"{value:.3g}"
    return "–"
