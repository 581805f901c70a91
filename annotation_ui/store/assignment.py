"""Who is given which item: the rules, as questions to the database."""

import sqlite3
from datetime import datetime

from annotation_ui.store.records import OwnProgress
from annotation_ui.store.tables import stamp

# A repeat comes when its reviewer has judged this many others since.
REPEAT_GAP = 10
# Gold items come this far apart, lest one who joins late gets all of the early ones in a row.
GOLD_GAP = 5

_LOOKING = """
  (SELECT count(*) FROM leases WHERE leases.item = items.item
   AND leases.reviewer <> :reviewer AND leases.expires > :now)
"""
_MINE = """
  EXISTS (SELECT 1 FROM verdicts
          WHERE verdicts.item = items.item AND verdicts.reviewer = :reviewer)
"""
_SINCE_ORIGINAL = """
  (SELECT count(*) FROM verdicts AS later WHERE later.reviewer = :reviewer AND later.n > (
     SELECT n FROM verdicts AS original
     WHERE original.item = items.of_item AND original.reviewer = :reviewer))
"""
_NEXT = f"""
  SELECT item FROM items
  WHERE judged < needs AND item <> :besides AND kind <> :without
    AND NOT {_MINE} AND judged + {_LOOKING} < needs
    AND (kind <> 'repeat' OR {_SINCE_ORIGINAL} >= {REPEAT_GAP})
  ORDER BY rank LIMIT 1
"""
_RECENT_GOLD = f"""
  SELECT count(*) FROM (
    SELECT kind FROM verdicts JOIN items USING (item)
    WHERE reviewer = :reviewer ORDER BY n DESC LIMIT {GOLD_GAP}
  ) WHERE kind = 'gold'
"""
_DONE = """
  SELECT (SELECT count(*) FROM events WHERE action = 'submit' AND reviewer = :reviewer)
    - (SELECT count(*) FROM events WHERE action = 'undo' AND reviewer = :reviewer)
"""
_LEFT = f"""
  SELECT count(*) FROM items WHERE judged < needs AND NOT (judged > 0 AND {_MINE}) AND (
    kind <> 'repeat' OR EXISTS (
      SELECT 1 FROM items AS original WHERE original.item = items.of_item AND (
        original.judged < original.needs OR EXISTS (
          SELECT 1 FROM verdicts
          WHERE verdicts.item = original.item AND verdicts.reviewer = :reviewer))))
"""


def next_item(
    db: sqlite3.Connection, reviewer: str, now: datetime, besides: str = ""
) -> str | None:
    """The first item by rank, `besides` one, that needs a reviewer, and not one who has judged it.

    Repeats wait until ten others were judged after the original. Gold waits until five others
    were judged after the last gold, unless nothing else is left.
    """
    known = {"reviewer": reviewer, "now": stamp(now), "besides": besides}
    recent = db.execute(_RECENT_GOLD, known).fetchone()[0]
    for without in ("gold", "") if recent else ("",):
        row = db.execute(_NEXT, known | {"without": without}).fetchone()
        if row:
            return row["item"]
    return None


def has_room(db: sqlite3.Connection, item: str, reviewer: str, now: datetime) -> bool:
    """Whether verdicts and others' running leases leave the item room for this reviewer's.

    As long as the reviewer's own lease runs this is so: nobody is given what it counts for.
    """
    known = {"reviewer": reviewer, "now": stamp(now), "item": item}
    question = f"SELECT judged + {_LOOKING} < needs FROM items WHERE item = :item"
    return bool(db.execute(question, known).fetchone()[0])


def own_progress(db: sqlite3.Connection, reviewer: str) -> OwnProgress:
    """How many items this reviewer judged, and may still be given, others' leases aside."""
    counts = [
        db.execute(question, {"reviewer": reviewer}).fetchone() for question in (_DONE, _LEFT)
    ]
    return OwnProgress(*(count for (count,) in counts))
