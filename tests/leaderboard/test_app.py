"""The form's answers, and the page on a real server."""

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from dubench.dataset import Split
from leaderboard.app import add_in_process
from leaderboard.stored import board as boards
from leaderboard.stored.submission import entries
from tests.leaderboard.boards import answers, card


def _count(board: Path) -> int:
    return len(entries(board, boards.read(board).epoch))


def test_without_files_it_asks_for_them(board: Path) -> None:
    assert add_in_process(board, None, None, None) == ("upload predictions first", False)
    assert add_in_process(board, "x", None, None) == ("upload a card first", False)


def test_what_takes_too_long_is_ended_and_adds_nothing(
    board: Path, data: Split, tmp_path: Path
) -> None:
    preds = answers(data, tmp_path / "preds.jsonl")
    message, good = add_in_process(
        board, str(preds), str(card(tmp_path / "c.yaml")), None, longest=0.05
    )
    assert not good
    assert "nothing was added" in message
    assert _count(board) == 2


def test_what_is_killed_leaves_nothing_behind(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "temporary"
    home.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    monkeypatch.setenv("TMPDIR", str(home))
    python, begun = tmp_path / "python", tmp_path / "begun"
    python.write_text(f"#!/bin/sh\nmktemp -d && touch {begun}\nexec sleep 60\n")
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    message, _ = add_in_process(board, "x", "x", None, longest=2)
    assert "nothing was added" in message
    assert begun.exists()
    assert not list(home.iterdir())


def test_a_malformed_file_is_named_without_the_servers_folders(
    board: Path, data: Split, tmp_path: Path
) -> None:
    preds = answers(data, tmp_path / "preds.jsonl")
    with preds.open("a") as file:
        file.write("{cut")
    message, good = add_in_process(board, str(preds), str(card(tmp_path / "c.yaml")), None)
    assert not good
    assert "preds.jsonl line 18" in message
    assert str(tmp_path) not in message
    assert len(message.splitlines()) == 1


@pytest.mark.slow
def test_a_submission_through_the_page(board: Path, data: Split, tmp_path: Path) -> None:
    client = pytest.importorskip("gradio_client", reason="gradio is not installed")
    from leaderboard.app import board_blocks

    app = board_blocks(board)
    app.launch(prevent_thread_lock=True, quiet=True, blocked_paths=[str(board)])
    try:
        page = client.Client(app.local_url, verbose=False)
        preds = answers(data, tmp_path / "preds.jsonl")
        files = [client.handle_file(str(preds)),
                 client.handle_file(str(card(tmp_path / "card.yaml"))), None]  # fmt: skip
        assert "nothing is missing" in page.predict(*files, api_name="/check")
        assert _count(board) == 2
        message, shown = page.predict(*files, api_name="/submit")
        assert "added" in message
        assert "model" in [row[2] for row in shown["data"]]
        assert _count(board) == 3
        odd = tmp_path / "odd.jsonl"
        shutil.copyfile(tmp_path / "card.yaml", odd)
        other = client.handle_file(str(card(tmp_path / "other.yaml", model="other")))
        message, _ = page.predict(client.handle_file(str(odd)), other, None, api_name="/submit")
        assert "odd.jsonl line 1: not a JSON object" in message
    finally:
        app.close()
