"""A board in the format of Every Eval Ever (schema 0.3.0, https://evalevalai.com): per submission
one record of its scores with intervals, and a line per sample."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from dubench.dataset import TYPE_NAMES
from dubench.report.formats import Better
from dubench.scoring.intervals import CONFIDENCE, RESAMPLES
from dubench.scoring.restored.metrics import METRICS
from dubench.scoring.result import AVERAGE
from dubench.scoring.sample_scores import STATUSES, SampleScores, keys_of
from dubench.text import words
from leaderboard.site import samples
from leaderboard.stored.board import Board, Epoch
from leaderboard.stored.submission import Entry

SCHEMA = "0.3.0"
_HEADLINE = f"p_rel.{AVERAGE}"
_QUESTION = "Which degradation did this photograph suffer, and by which parameters? Image "

_SHARES: dict[str, tuple[str, str]] = {
    "t_acc": ("T-Acc", "the type of degradation is right"),
    "t_f1": ("T-F1", "macro F1 over the types"),
    "j_acc": ("J-Acc", "the type and exactly its keys are right"),
}
_ERRORS = {
    "p_rel": (
        "P-Rel",
        "relative error of the values; under a wrong type or wrong keys 1",
        "Infinity",
    ),
    "p_rel_capped": ("P-Rel capped", "the same, each sample at most 1", 1.0),
}


def write(board: Board, epoch: Epoch, entries: list[Entry], out: Path) -> list[Path]:
    """Write data/COLLECTION/DEVELOPER/MODEL/UUID.json below `out`, with the samples beside.

    The samples of a blind epoch that is open are left out, for they tell the answers.
    """
    collection = _plain(f"dubench-{epoch.dataset}")
    files = []
    for entry in entries:
        developer, model = _plain(entry.card.organisation), _plain(entry.card.title)
        name = _uuid(entry)
        home = Path("data") / collection / developer / model
        (out / home).mkdir(parents=True, exist_ok=True)
        record = _record(board, epoch, entry, f"{developer}/{model}", collection)
        if not epoch.secret:
            path = home / f"{name}_samples.jsonl"
            lines = list(_samples(record, entry.scored.rows))
            text = "".join(f"{json.dumps(line, allow_nan=False)}\n" for line in lines)
            (out / path).write_text(text, "utf-8")
            record["detailed_evaluation_results"] = {
                "format": "jsonl",
                "file_path": str(path),
                "hash_algorithm": "sha256",
                "checksum": hashlib.sha256(text.encode()).hexdigest(),
                "total_rows": len(lines),
            }
            files.append(out / path)
        target = out / home / f"{name}.json"
        target.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", "utf-8")
        files.append(target)
    return files


def _record(
    board: Board, epoch: Epoch, entry: Entry, model_id: str, collection: str
) -> dict[str, Any]:
    card, result = entry.card, entry.result
    when = str(datetime.fromisoformat(entry.submission.added).timestamp())
    ours = entry.submission.status in ("reference", "self-reported")
    return {
        "schema_version": SCHEMA,
        "evaluation_id": f"{collection}/{model_id}/{when}",
        "evaluation_timestamp": card.date,
        "retrieved_timestamp": when,
        "source_metadata": {
            "source_name": board.title,
            "source_type": "evaluation_run",
            "source_organization_name": board.title,
            "evaluator_relationship": "first_party" if ours else "third_party",
            "additional_details": {"status": entry.submission.status},
        },
        "eval_library": {
            "name": "dubench",
            "version": result.versions.get("dubench", epoch.scorer),
            "additional_details": {"signature": result.signature},
        },
        "model_info": {
            "name": card.title,
            "id": model_id,
            "developer": card.organisation,
            "additional_details": {
                "deployment_type": "unknown",
                "model_availability": "open_weights" if card.open_weights else "closed_weights",
                "revision": card.revision,
                "licence": card.licence,
                "link": card.link,
                "training_data": card.training.data,
            },
        },
        "evaluation_results": [_result(epoch, entry, *of) for of in _metrics(entry)],
    }


def _metrics(entry: Entry) -> Iterator[tuple[str, str, str, Better, Any, Any]]:
    """(score, name, what it is, better side, lowest, highest) of what the entry has."""
    for name, (title, what) in _SHARES.items():
        yield name, title, what, "higher", 0.0, 1.0
    for score, (title, what, most) in _ERRORS.items():
        for key in (AVERAGE, *entry.result.keys):
            of = "mean over the keys" if key == AVERAGE else f"of {words(key)}"
            yield f"{score}.{key}", f"{title}, {of}", what, "lower", 0.0, most
    for metric in entry.result.restoration or ():
        higher = METRICS[metric].higher_is_better
        title, what = f"{metric} of restored images", "mean over the types"
        better: Better = "higher" if higher else "lower"
        yield f"{metric}.{AVERAGE}", title, what, better, "-Infinity", "Infinity"


def _result(
    epoch: Epoch,
    entry: Entry,
    name: str,
    title: str,
    what: str,
    better: Better,
    low: Any,
    high: Any,
) -> dict[str, Any]:
    result = entry.result
    interval = result.intervals.get(name)
    uncertainty = {
        "confidence_interval": {
            "lower": interval[0],
            "upper": interval[1],
            "confidence_level": CONFIDENCE,
            "method": "Bayesian bootstrap over photographs, with one photograph more",
        },
        "num_samples": result.n,
        "num_bootstrap_samples": RESAMPLES,
    } if interval else {"num_samples": result.n}  # fmt: skip
    return {
        "evaluation_result_id": name,
        "evaluation_name": f"{epoch.dataset} {name}",
        "source_data": {
            "dataset_name": epoch.dataset,
            "source_type": "other",
            "additional_details": {"content_id": epoch.content_id, "split": epoch.split},
        },
        "metric_config": {
            "evaluation_description": f"{title}: {what}",
            "metric_id": f"dubench.{name}",
            "metric_name": title,
            "lower_is_better": better == "lower",
            "score_type": "continuous",
            "min_score": low,
            "max_score": high,
        },
        "score_details": {"score": result.scores[name], "uncertainty": uncertainty},
    }


def _samples(record: dict[str, Any], rows: SampleScores) -> Iterator[dict[str, Any]]:
    """A line per sample: truth, answer, and 1 − its capped relative error."""
    errors = samples.errors(rows)
    joint = rows.joint
    headline = next(r for r in record["evaluation_results"]
                    if r["evaluation_result_id"] == _HEADLINE)  # fmt: skip
    for place, name in enumerate(rows.ids):
        answered = samples.answered(rows, place)
        answer = json.dumps({"type": answered, "parameters": _values(rows, place, answered)})
        truth = TYPE_NAMES[rows.types[place]]
        right = bool(joint[place])
        score = float(right) if errors[place] != errors[place] else 1 - float(errors[place])
        yield {
            "schema_version": SCHEMA,
            "evaluation_id": record["evaluation_id"],
            "model_id": record["model_info"]["id"],
            "evaluation_name": headline["evaluation_name"],
            "evaluation_result_id": _HEADLINE,
            "sample_id": name,
            "interaction_type": "single_turn",
            "input": {
                "raw": f"{_QUESTION}{name}",
                "reference": [
                    json.dumps(
                        {"type": truth, "parameters": _values(rows, place, truth, true=True)}
                    )
                ],
            },
            "output": {"raw": [answer]},
            "answer_attribution": [
                {
                    "turn_idx": 0,
                    "source": "output.raw",
                    "extracted_value": answer,
                    "extraction_method": "custom",
                    "is_terminal": True,
                }
            ],
            "evaluation": {"score": score, "is_correct": right},
            "metadata": {
                "status": STATUSES[rows.status[place]],
                "severity": rows.severity[place] or "none",
            },
        }


def _values(
    rows: SampleScores, place: int, type_name: str, *, true: bool = False
) -> dict[str, Any]:
    columns = rows.truth if true else rows.answer
    if type_name not in TYPE_NAMES:
        return {}
    values = {key: columns[key][place] for key in keys_of([type_name]) if key in columns}
    return {
        key: value.tolist() if value.ndim else float(value)
        for key, value in values.items()
        if not (value != value).any()
    }


def _uuid(entry: Entry) -> uuid.UUID:
    """The same for the same submission, of the form that the format wants."""
    digest = hashlib.sha256(f"{entry.submission.epoch}/{entry.submission.id}".encode()).digest()
    return uuid.UUID(bytes=digest[:16], version=4)


def _plain(name: str) -> str:
    """A name as a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "unknown"
