"""A card is what its author says, and nothing that a page, a table or a parser would obey."""

from pathlib import Path

import pytest

from generators.errors import InputError
from leaderboard.stored.card import EXAMPLE, missing, read_card
from tests.leaderboard.boards import CARD, card


def test_the_example_is_a_card(tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text(EXAMPLE)
    read = read_card(path)
    assert read.parameters == 3_100_000_000
    assert (read.training.preset_seen, read.training.photographs_seen) == ("yes", "no")
    assert read.date == "2026-11-27"
    assert missing(path) == []


@pytest.mark.parametrize(
    "text",
    ["1.10", "0123456", "12:30", "yes", "off", "1_000", "0x1f", "1e+3", "2026-11-27 10:00:00"],
)
def test_a_revision_is_what_was_written(tmp_path: Path, text: str) -> None:
    path = card(tmp_path / "card.yaml")
    names = ("revision", "licence", "prompt")
    kept = [line for line in path.read_text().splitlines() if not line.startswith(names)]
    path.write_text("\n".join([*kept, *(f"{name}: {text}  # as it is" for name in names)]))
    read = read_card(path)
    assert (read.revision, read.licence, read.prompt) == (text, text, text)


def test_what_is_missing_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text("model: mine\ntraining: {data: x}\n")
    lines = missing(path)
    assert "link is missing" in lines
    assert "training.preset_seen is missing" in lines
    assert "model is missing" not in lines


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"model": "<script>alert(1)</script>"}, "model"),
        ({"model": "=HYPERLINK(1)"}, "model"),
        ({"model": "@SUM(A1)"}, "model"),
        ({"model": r"\input{/etc/passwd}"}, "model"),
        ({"model": "a" * 81}, "model"),
        ({"model": "a\x1b[31m"}, "model"),
        ({"model": ""}, "model"),
        ({"run": "-1+2"}, "run"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"link": "JaVaScRiPt://x/%0aalert(1)"}, "link"),
        ({"link": "data:text/html,x"}, "link"),
        ({"link": "https://user:password@example.org"}, "link"),
        ({"link": 'https://e.org/" onclick="x'}, "link"),
        ({"contact": "nobody"}, "contact"),
        ({"parameters": -1}, "parameters"),
        ({"parameters": "7B"}, "parameters"),
        ({"date": "yesterday"}, "date"),
        ({"open_weights": "maybe"}, "open_weights"),
        ({"licence": "a\u202eb"}, "licence"),
        ({"training": {"data": "x", "preset_seen": "perhaps", "photographs_seen": "no"}}, "preset"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_refused_in_one_line_that_names_the_field(
    tmp_path: Path, fields: dict[str, object], named: str
) -> None:
    with pytest.raises(InputError, match=named) as caught:
        read_card(card(tmp_path / "card.yaml", **fields))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a: &a [1,1,1]\nb: [*a,*a,*a]\n", "aliases"),
        ("model: x\nmodel: y\n", "twice"),
        ("model: !!python/object/apply:os.system [id]\n", "could not determine a constructor"),
        ("[" * 5000, "not a card"),
        ("- a\n- b\n", "not a card"),
        ("model: [", "line"),
        ("x" * 70_000, "64 kB"),
        ("a: 1\x00", "not a card"),
    ],
)
def test_hostile_yaml_is_refused(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "card.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=named):
        read_card(path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    card(tmp_path / "real.yaml")
    (tmp_path / "card.yaml").symlink_to(tmp_path / "real.yaml")
    with pytest.raises(InputError, match="no regular file"):
        read_card(tmp_path / "card.yaml")


def test_every_field_is_needed_but_run_and_notes(tmp_path: Path) -> None:
    for name in CARD:
        path = tmp_path / "card.yaml"
        card(path)
        path.write_text("".join(f"{line}\n" for line in path.read_text().splitlines()
                                if not line.startswith((f"{name}:", " "))))  # fmt: skip
        assert any(name in line for line in missing(path)), name
