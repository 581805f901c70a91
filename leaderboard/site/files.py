"""The ranking as files: CSV, JSON and LaTeX."""

from dubench.report.formats import Cell, Row, Table
from generators.typed_json import to_json
from leaderboard.ranking.standings import Standing, Standings
from leaderboard.stored.board import Board


def ranking(board: Board, standings: Standings) -> Table:
    """The ranking as a table of a report."""
    rows = tuple(
        Row(
            row.name,
            "score",
            tuple(
                Cell(row.values.get(c.name), row.intervals.get(c.name)) for c in standings.columns
            ),
            row.entry.result.signature,
        )
        for row in standings.rows
    )
    remarks = ("In brackets: 95 % intervals from resampling photographs.",)
    return Table("ranking", board.title, standings.columns, rows, remarks)


def as_json(board: Board, standings: Standings) -> dict[str, object]:
    """Everything that the ranking shows, and the ranks by every score."""
    return {
        "title": board.title,
        "epoch": to_json(standings.epoch),
        "photographs": standings.clusters,
        "models": [_model(row) for row in standings.rows],
    }


def _model(row: Standing) -> dict[str, object]:
    card = to_json(row.entry.card)
    del card["contact"]
    return {
        "model": row.name,
        "submissions": [run.submission.id for run in row.runs],
        "status": row.entry.submission.status,
        "card": card,
        "scores": {
            name: {
                "value": value,
                "interval": list(row.intervals[name]) if name in row.intervals else None,
                "rank": to_json(row.ranks[name]) if name in row.ranks else None,
                "runs": list(row.spread[name]) if name in row.spread else None,
                "against_statistics": list(row.against[name]) if name in row.against else None,
            }
            for name, value in row.values.items()
        },
        "nearly_identical_to": list(row.twins),
        "signature": row.entry.result.signature,
        "predictions_sha256": row.entry.result.predictions_sha256,
    }
