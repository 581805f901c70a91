"""A test split whose answers are kept apart, for the host of a board.

The test split is made with a secret seed as a dataset of its own, in `OUT.answers`, which the
host keeps. What goes into `OUT` are its ids and degraded images alone, and a hash that commits
the host to the answers.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from generators.build.job import GenerateResult, Job, Progress
from generators.build.produce import produce
from generators.dataset.cards.card import card
from generators.dataset.folder import match_recipe
from generators.dataset.info import FILE, BlindSplit, DatasetInfo
from generators.dataset.order import ROW_GROUP
from generators.dataset.recipe import Recipe, share_out
from generators.dataset.schema import schema
from generators.errors import InputError
from generators.files import beside, whole, write_whole
from generators.lock import hold_folder
from generators.sources.pools import Pool

COLUMNS = ("id", "degraded")


def answers_folder(out: Path) -> Path:
    """Where the answers to the blind test split of `out` are."""
    return beside(out, ".answers")


def produce_blind(
    out: Path, job: Job, pools: Sequence[Pool], workers: int | None, progress: Progress
) -> GenerateResult:
    """Make train and validation in `out` and the test split beside it, its answers apart."""
    splits = job.recipe.splits
    if not splits["test"]:
        raise InputError("--blind: so few samples leave no test split; ask for --n 100 or more")
    answers = answers_folder(out)
    if (out / FILE).exists() and not (answers / FILE).exists():
        if not DatasetInfo.read(out).blind:
            raise InputError(f"{out} holds a dataset that is not blind; choose another --out")
        raise InputError(
            f"{answers} is missing, which holds the answers to the blind test split of {out}: put "
            "it back, or choose another --out for another test split"
        )
    open_splits = {**splits, "test": 0}
    public = replace(job.recipe, splits=open_splits, pools=share_out(open_splits, list(pools)))
    match_recipe(out, replace(job, recipe=public).info)  # before any answers are made
    hidden_splits = {"train": 0, "validation": 0, "test": splits["test"]}
    hidden = replace(
        job.recipe,
        splits=hidden_splits,
        pools=share_out(hidden_splits, list(pools)),
        seed=_secret_seed(answers),
        first=public.n,
    )
    with hold_folder(answers):
        kept = produce(answers, replace(job, recipe=hidden), workers, progress)
    _check_commitment(out, answers, kept.identity["test"].content_id)
    result = produce(out, replace(job, recipe=public), workers, progress)
    _copy_without_answers(answers, out, hidden)
    blind = BlindSplit(splits["test"], kept.identity["test"].content_id)
    info = replace(DatasetInfo.read(out), blind=blind)
    write_whole(out / "README.md", card(info))
    info.write(out)
    return replace(result, new=result.new + kept.new, blind=hidden.n)


def _check_commitment(out: Path, answers: Path, content_id: str) -> None:
    there = DatasetInfo.read(out).blind if (out / FILE).exists() else None
    if there and there.commitment != content_id:
        raise InputError(
            f"{answers} holds the answers to another blind test split than {out} shows; put those "
            "back that were made with it"
        )


def _secret_seed(answers: Path) -> int:
    if (answers / FILE).exists():
        return DatasetInfo.read(answers).recipe.seed
    return secrets.randbits(63)


def _copy_without_answers(answers: Path, out: Path, hidden: Recipe) -> None:
    """Copy ids and degraded images of the hidden test split, and nothing else."""
    full = schema()
    features = json.loads(full.metadata[b"huggingface"])["info"]["features"]
    info = {"info": {"features": {name: features[name] for name in COLUMNS}}}
    bare = pa.schema([full.field(name) for name in COLUMNS], {"huggingface": json.dumps(info)})
    for shard in hidden.shards:
        target = out / "data" / f"blind-{shard.name}"
        source = pq.ParquetFile(answers / "data" / shard.name)
        with whole(target) as part, pq.ParquetWriter(part, bare, write_page_index=True) as writer:
            for batch in source.iter_batches(ROW_GROUP, columns=list(COLUMNS)):
                writer.write_table(pa.Table.from_batches([batch]).cast(bare))
