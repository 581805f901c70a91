"""The form's answers, and the page on a real server."""

import shutil
from pathlib import Path

import pytest

from dubench.dataset import Split
from leaderboard import board as boards
from leaderboard.app import run
from leaderboard.submission import entries
from tests.leaderboard.boards import answers, card


def _count(board: Path) -> int:
    return len(entries(board, boards.read(board).epoch))


def test_without_files_it_asks_for_them(board: Path) -> None:
    assert run(board, None, None, None) == ("upload predictions first", False)
    assert run(board, "x", None, None) == ("upload a card first", False)


def test_what_takes_too_long_is_ended_and_adds_nothing(
    board: Path, data: Split, tmp_path: Path
) -> None:
    preds = answers(data, tmp_path / "preds.jsonl")
    told, good = run(board, str(preds), str(card(tmp_path / "c.yaml")), None, longest=0.05)
    assert not good
    assert "nothing was added" in told
    assert _count(board) == 2


def test_a_malformed_file_is_named_without_the_servers_folders(
    board: Path, data: Split, tmp_path: Path
) -> None:
    preds = answers(data, tmp_path / "preds.jsonl")
    with preds.open("a") as file:
        file.write("{cut")
    told, good = run(board, str(preds), str(card(tmp_path / "c.yaml")), None)
    assert not good
    assert "preds.jsonl line 18" in told
    assert str(tmp_path) not in told
    assert len(told.splitlines()) == 1


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
        told, shown = page.predict(*files, api_name="/submit")
        assert "added" in told
        assert "model" in [row[2] for row in shown["data"]]
        assert _count(board) == 3
        odd = tmp_path / "odd.jsonl"
        shutil.copyfile(tmp_path / "card.yaml", odd)
        other = client.handle_file(str(card(tmp_path / "other.yaml", model="other")))
        told, _ = page.predict(client.handle_file(str(odd)), other, None, api_name="/submit")
        assert "odd.jsonl line 1: not a JSON object" in told
    finally:
        app.close()
