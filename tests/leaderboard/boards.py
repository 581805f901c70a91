"""Boards of answers as wrong as one asks, and cards to go with them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from dubench.dataset import TYPE_NAMES, Split
from dubench.scoring.score_files import Scored, write_score
from generators.taxonomy import TYPES
from generators.typed_json import to_json
from leaderboard.stored import board as boards
from leaderboard.stored import submission
from leaderboard.stored.board import Epoch
from leaderboard.stored.card import EXAMPLE, Card, card_of
from leaderboard.stored.submission import Status, Submission

CARD = {
    "model": "model",
    "revision": "1",
    "link": "https://example.org/model",
    "licence": "MIT",
    "open_weights": True,
    "parameters": 1_000_000,
    "organisation": "Lab",
    "contact": "a@example.org",
    "prompt": "none",
    "date": "2026-11-27",
    "training": {"data": "photographs", "preset_seen": "yes", "photographs_seen": "no"},
}
"""A card as JSON has it."""

assert set(yaml.safe_load(EXAMPLE)) == set(CARD)


def card(path: Path, **fields: object) -> Path:
    """Write a card with some fields changed."""
    path.write_text(yaml.safe_dump(CARD | fields), "utf-8")
    return path


def answers(data: Split, path: Path, wrong: float = 0.1, seed: int = 0, **fields: object) -> Path:
    """Write predictions of a split whose values are off by a share `wrong` of normal noise."""
    true, rng = data.ground_truth(), np.random.default_rng(seed)
    meta = {"model": "model", "dataset": data.where, "split": data.name, **data.identity}
    lines: list[dict[str, object]] = [{"meta": meta}]
    for row, name in enumerate(true.ids):
        entry = TYPES[TYPE_NAMES[true.types[row]]]
        noise = 1 + wrong * rng.normal()
        values = {k.name: (true.values[k.name][row] * noise).tolist() for k in entry.keys}
        lines.append({"id": name, "type": entry.name, "parameters": values, **fields})
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def synthetic(
    folder: Path, models: dict[str, Scored], *, blind: bool = False, **fields: object
) -> Path:
    """A board of these scores, in one epoch; `constant` and `statistics` are its own rows.

    A name may be MODEL · RUN; `fields` go to the cards.
    """
    board = boards.create(folder, "A board")
    first = next(iter(models.values())).result
    epoch = Epoch(
        1, "made-up", "test", "du110k", first.n, str(first.content_id), first.recipe_id,
        blind, "0.1", "psnr,ssim", "2026-11-01",
    )  # fmt: skip
    boards.write(folder, replace(board, epochs=(epoch,)))
    for place, (name, scored) in enumerate(models.items()):
        model, _, run = name.partition(" · ")
        store(folder, epoch, card_of(CARD | {"model": model, "run": run} | fields, "card"), scored,
              f"2026-11-02T00:00:{place:02}", "reference" if model in ("constant", "statistics")
              else "verified")  # fmt: skip
    return folder


def store(
    folder: Path, epoch: Epoch, card: Card, scored: Scored, added: str, status: Status
) -> None:
    """Put a submission on a board as `add` does, without predictions."""
    name = submission.name_for(card, card.title.encode().hex() + "0" * 8)
    part = submission.begin(submission.epoch_folder(folder, epoch), name)
    write_score(part / submission.SCORE, scored)
    (part / submission.CARD).write_text(json.dumps(to_json(card)))
    (part / submission.CONTACT).write_text(card.contact)
    hashes = submission.hashes(part)
    submission.finish(part, Submission(name, epoch.number, added, status, None, (), hashes))
