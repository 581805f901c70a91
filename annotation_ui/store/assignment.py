"""Who is given which item: the rules, as questions to the database."""

import sqlite3
from datetime import datetime, timedelta

from annotation_ui.store.records import OwnProgress
from annotation_ui.store.tables import stamp

# A repeat comes when its reviewer has judged this many others since.
REPEAT_GAP = 10
# Gold items come this far apart, lest one who joins late gets all of the early ones in a row.
GOLD_GAP = 5
# A lease that ends later than this is of a clock that was set back since: it holds nothing.
LONGEST_LEASE = timedelta(hours=1)

_LOOKING = """
  (SELECT count(*) FROM leases WHERE leases.item = items.item
   AND leases.reviewer <> :reviewer AND leases.expires > :now AND leases.expires <= :latest)
"""
# What the reviewer has judged or skipped, even if the owner made the verdict void.
_MINE = """
  ({item}.touched > 0 AND EXISTS (
    SELECT 1 FROM events AS mine
    WHERE mine.item = {item}.item AND mine.reviewer = :reviewer
      AND mine.action IN ('submit', 'skip') AND NOT EXISTS (
        SELECT 1 FROM events AS back
        WHERE back.action IN ('undo', 'discard') AND back.action = 'undo'
          AND back.token = mine.token)))
"""
_OPEN = "{item}.judged < {item}.needs AND {item}.closed IS NULL"
_SINCE_ORIGINAL = """
  (SELECT count(*) FROM verdicts AS later WHERE later.reviewer = :reviewer AND later.n > (
     SELECT n FROM verdicts AS original
     WHERE original.item = items.of_item AND original.reviewer = :reviewer))
"""
_NEXT = f"""
  SELECT item FROM items
  WHERE judged < needs AND closed IS NULL AND item <> :besides AND kind <> :without
    AND NOT {_MINE.format(item="items")} AND judged + {_LOOKING} < needs
    AND (kind <> 'repeat' OR (EXISTS (
      SELECT 1 FROM verdicts AS original
      WHERE original.item = items.of_item AND original.reviewer = :reviewer
    ) AND {_SINCE_ORIGINAL} >= :gap))
  ORDER BY rank LIMIT 1
"""
_RECENT_GOLD = f"""
  SELECT count(*) FROM (
    SELECT kind FROM verdicts JOIN items USING (item)
    WHERE reviewer = :reviewer ORDER BY n DESC LIMIT {GOLD_GAP}
  ) WHERE kind = 'gold'
"""
_DONE = "SELECT count(*) FROM given WHERE reviewer = :reviewer"
_LEFT = f"""
  SELECT count(*) FROM items
  WHERE judged < needs AND closed IS NULL AND NOT {_MINE.format(item="items")} AND (
    kind <> 'repeat' OR EXISTS (
      SELECT 1 FROM items AS original WHERE original.item = items.of_item AND (
        {_OPEN.format(item="original")} AND NOT {_MINE.format(item="original")}
        OR EXISTS (
          SELECT 1 FROM verdicts
          WHERE verdicts.item = original.item AND verdicts.reviewer = :reviewer))))
"""
_OTHERS = f"""
  SELECT count(*) FROM items
  WHERE judged < needs AND closed IS NULL AND kind = 'sample' AND {_MINE.format(item="items")}
"""


def next_item(
    db: sqlite3.Connection, reviewer: str, now: datetime, besides: str = ""
) -> str | None:
    """The first item by rank, `besides` one, that needs a reviewer, and not one who has judged it.

    Repeats wait until ten others were judged after the original, and gold until five others were
    judged after the last gold, unless nothing else is left.
    """
    known = {"reviewer": reviewer, "besides": besides, **_moment(now)}
    recent = db.execute(_RECENT_GOLD, known).fetchone()[0]
    ways = [("gold", REPEAT_GAP)] if recent else []
    for without, gap in (*ways, ("", REPEAT_GAP), ("", 0)):
        row = db.execute(_NEXT, known | {"without": without, "gap": gap}).fetchone()
        if row:
            return row["item"]
    return None


def has_room(db: sqlite3.Connection, item: str, reviewer: str, now: datetime) -> bool:
    """Whether verdicts and others' running leases leave the item room for this reviewer's.

    As long as the reviewer's own lease runs this is so: nobody is given what it counts for.
    """
    known = {"reviewer": reviewer, "item": item, **_moment(now)}
    question = (
        f"SELECT judged + {_LOOKING} < needs AND closed IS NULL FROM items WHERE item = :item"
    )
    return bool(db.execute(question, known).fetchone()[0])


def waiting_for_others(db: sqlite3.Connection, reviewer: str) -> int:
    """How many samples this reviewer has judged or skipped that want another person still."""
    return db.execute(_OTHERS, {"reviewer": reviewer}).fetchone()[0]


def own_progress(db: sqlite3.Connection, reviewer: str) -> OwnProgress:
    """How many items this reviewer judged, and may still be given, others' leases aside."""
    counts = [
        db.execute(question, {"reviewer": reviewer}).fetchone() for question in (_DONE, _LEFT)
    ]
    return OwnProgress(*(count for (count,) in counts))


def _moment(now: datetime) -> dict[str, str]:
    return {"now": stamp(now), "latest": stamp(now + LONGEST_LEASE)}
