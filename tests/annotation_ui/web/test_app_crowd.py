"""Ten reviewers at once over HTTP; the server is killed twice meanwhile."""

from pathlib import Path

import pytest

pytest.importorskip("gradio_client", reason="gradio is not installed")

from tests.annotation_ui.web.crowd import review_together


@pytest.mark.parametrize("items", [60, pytest.param(300, marks=pytest.mark.slow)])
def test_no_verdict_is_lost_and_no_item_judged_too_often(
    items: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    outcome = review_together(tmp_path / "du110k", items, people=10, kills=2)
    assert outcome.integrity == "ok"
    assert (outcome.lost, outcome.altered, outcome.twice) == (0, 0, 0)
    assert (outcome.over, outcome.open) == (0, 0)
    assert outcome.kept == items + (items + 5) // 6
    # What was kept without being confirmed is what the killed server could not answer any more.
    assert outcome.kept - 20 <= outcome.confirmed <= outcome.kept
