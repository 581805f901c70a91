"""The paper's ablations on nano: `dubench ablate`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from dubench.dataset import GroundTruth, Split, open_split
from dubench.duvlm.ablation.arms import ARMS, BASE, TABLES, Arm
from dubench.duvlm.ablation.result import Ablation, ArmResult
from dubench.packages import check_training
from dubench.progress import counting
from generators import engines
from generators.errors import InputError
from generators.files import write_whole
from generators.typed_json import from_json, to_json

if TYPE_CHECKING:
    from dubench.duvlm.ablation.crops import Crops
    from dubench.duvlm.ablation.fitting import Spent
    from dubench.duvlm.ablation.judging import Terms
    from dubench.duvlm.model.answering import Answering
    from dubench.duvlm.reinforcement.pairs import Pairs
    from dubench.duvlm.train.samples import Samples

RESULT, SPENT, TERMS, CROPS = "ablation.json", "spent.json", "terms.npz", "crops"

OnProgress = Callable[[float], None]
OnSeed = Callable[[Ablation], None]


@dataclass(frozen=True)
class Study:
    """What the arms share.

    Attributes:
        train, test: splits. out: the folder of all of it.
        seconds, reward_seconds: of CPU time for each arm.
        arms: in the order in which they are trained.
        crops: of `train`. samples: of `test`.
    """

    train: Split
    test: Split
    out: Path
    seconds: float
    reward_seconds: float
    arms: tuple[Arm, ...]
    crops: "Crops"
    samples: "Samples"

    @cached_property
    def ground_truth(self) -> GroundTruth:
        """Of `test`."""
        return self.test.ground_truth()

    @cached_property
    def pairs(self) -> "tuple[Pairs, Pairs]":
        """Of `train` and of `test`."""
        from dubench.duvlm.reinforcement.pairs import Pairs

        return Pairs(self.train.where, self.train.name), Pairs(self.test.where, self.test.name)

    def folder(self, arm: str, seed: int) -> Path:
        """Of an arm trained with a seed."""
        return self.out / arm / f"seed{seed}"

    def seconds_of(self, arm: Arm) -> float:
        """CPU time that an arm has."""
        return self.reward_seconds if arm.further else self.seconds


def ablate(
    dataset: str,
    out: Path,
    test: str | None = None,
    seconds: float = 600,
    reward_seconds: float = 300,
    seeds: int = 3,
    tables: Sequence[str] = tuple(TABLES),
    workers: int | None = None,
    on_seed: OnSeed = lambda result: None,
) -> Ablation:
    """Train every arm with every seed, show a bar on stderr, and judge them all on one test split.

    A run that was stopped goes on with the same arguments, and with more `seeds` to these. Arms
    that learn from examples go on at their last checkpoint, those with a reward begin anew.

    Args:
        dataset: whose train split is learnt from: folder, Parquet glob or Hub name.
        out: gets ablation.json, and the arms' models and terms in a folder each.
        test: whose test split is scored; that of `dataset` unless given.
        seconds: of CPU time for each arm from first weights. It is that of this process, so that
            a busy machine does not bend it.
        reward_seconds: for each that goes on from those of the arm with everything: with more
            examples, or with a reward.
        seeds: 0 … seeds − 1.
        tables: of TABLES, whose arms are trained.
        workers: processes that reduce the crops.
        on_seed: called with the result so far when a seed is done in all arms.

    Raises:
        InputError: a package is missing; an argument or a dataset is not what it should be; `out`
            holds another run; the disk is full, or a loss is no longer a number.
    """
    check_training("torch", "torchvision", "transformers", "trl", "peft", "datasets")
    for flag, value in (("seconds", seconds), ("reward-seconds", reward_seconds), ("seeds", seeds)):
        if not value > 0:
            raise InputError(f"--{flag} {value}: choose more than 0")
    for table in tables:
        if table not in TABLES:
            raise InputError(f"--tables {table}: the tables are {', '.join(TABLES)}")
    wanted = {name for table in tables for name in TABLES[table]}
    arms = tuple(arm for arm in ARMS if arm.name in wanted)
    workers = engines.processes(workers)
    splits = open_split(dataset, "train"), open_split(test or dataset, "test")
    _check(*splits)
    from dubench.duvlm.ablation.crops import crops_of, joined
    from dubench.duvlm.reinforcement import begin
    from dubench.duvlm.runs import quiet

    quiet()
    train, scored = (str(split.identity["content_id"]) for split in splits)
    begin(
        out, {"train": train, "test": scored, "seconds": seconds, "reward_seconds": reward_seconds}
    )
    with counting("files of crops") as on_progress:
        crops, tested = (crops_of(split, out / CROPS, workers, on_progress) for split in splits)
    study = Study(*splits, out, seconds, reward_seconds, arms, crops, joined(tested.parts))
    total = round(seeds * sum(map(study.seconds_of, arms)))
    before = 0.0

    def on_arm(spent: float) -> None:
        on_spent(round(min(before + spent, total)), total)

    with counting("CPU-seconds") as on_spent:
        for seed in range(seeds):
            for arm in arms:
                _train_and_judge(study, arm, seed, on_arm)
                before += study.seconds_of(arm)
            result = summarize(study, seed + 1)
            write_whole(out / RESULT, json.dumps(to_json(result), indent=1) + "\n")
            on_seed(result)
    return result


def _check(train: Split, test: Split) -> None:
    presets = [split.preset for split in (train, test)]
    ranges = [preset.own_ranges if preset else {} for preset in presets]
    if ranges[0] != ranges[1]:
        raise InputError(
            f"--test {test.where}: its preset has other ranges of values than {train.where}; "
            "make both with one preset"
        )


def _train_and_judge(study: Study, arm: Arm, seed: int, on_progress: OnProgress) -> None:
    import numpy as np

    from dubench.duvlm.ablation.judging import judge
    from dubench.duvlm.model.files import load

    folder = study.folder(arm.name, seed)
    if not (folder / TERMS).exists():
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / SPENT).exists():
            _train(study, arm, seed, on_progress)
        answering, _ = load(folder)
        _, pairs = study.pairs
        terms = judge(answering, study.samples, study.ground_truth, pairs, study.test.preset)
        part = folder / "part.npz"
        np.savez(part, **terms)  # type: ignore[arg-type]
        part.replace(folder / TERMS)
    on_progress(study.seconds_of(arm))


def _train(study: Study, arm: Arm, seed: int, on_progress: OnProgress) -> None:
    """Train an arm, and write the model and what it took."""
    from dubench.duvlm.ablation.fitting import fit
    from dubench.duvlm.model.files import Notes, load, save
    from dubench.training import CHECKPOINT, writing

    folder, base = study.folder(arm.name, seed), study.folder(BASE, seed)
    seconds = study.seconds_of(arm)
    if arm.further in ("naive", "structured"):
        from dubench.duvlm.ablation.rewarding import reinforce

        pairs, _ = study.pairs
        spent = reinforce(base, pairs, arm.further, seconds, seed, folder, on_progress)
    else:
        ranges = study.train.preset.own_ranges if study.train.preset else {}
        notes = Notes(arm.delta, arm.views, ranges=ranges, rationale=arm.rationale)
        answering = load(base)[0] if arm.further else _fresh(notes, seed)
        spent = fit(
            answering, study.crops, seconds, (seed, int(bool(arm.further))), folder, on_progress
        )
        with writing(folder):
            save(folder, answering, notes)
    write_whole(folder / SPENT, json.dumps(asdict(spent)) + "\n")
    (folder / CHECKPOINT).unlink(missing_ok=True)


def _fresh(notes: Any, seed: int) -> "Answering":
    from dubench.duvlm.model import nano
    from dubench.duvlm.model.answering import Answering

    words = nano.tokenizer(notes.vocabulary)
    model = nano.new(words, seed, notes.vocabulary)
    return Answering(model, words, notes.vocabulary, notes.views)


def _spent(folder: Path) -> "Spent":
    from dubench.duvlm.ablation.fitting import Spent

    return from_json(Spent, json.loads((folder / SPENT).read_text("utf-8")), str(folder / SPENT))


def summarize(study: Study, seeds: int) -> Ablation:
    """The result of the first `seeds` seeds."""
    import numpy as np

    from dubench.duvlm.ablation.estimates import score
    from dubench.duvlm.ablation.judging import rounding
    from dubench.duvlm.ablation.summary import columns_of, scores_of, verdicts
    from dubench.predictions.grammar import Grid
    from dubench.scoring.intervals import codes

    clusters = codes(study.ground_truth.clusters)
    terms: dict[str, list[Terms]] = {}
    arms = {}
    for arm in study.arms:
        folders = [study.folder(arm.name, seed) for seed in range(seeds)]
        terms[arm.name] = [dict(np.load(folder / TERMS)) for folder in folders]
        took = [_spent(folder) for folder in folders]
        scores, by_seed = scores_of(terms[arm.name], clusters)
        valid = [one.valid for one in took if one.valid is not None]
        arms[arm.name] = ArmResult(
            mean(one.cpu_seconds for one in took),
            mean(one.images for one in took),
            mean(one.steps for one in took),
            scores,
            by_seed,
            mean(valid) if valid else None,
        )
    preset = study.test.preset
    ranges = preset.own_ranges if preset else {}
    grid = [arm for arm in study.arms if arm.name in TABLES["grid"]]
    deltas = [arm.delta for arm in grid] if len(grid) > 1 else []
    rounded = {
        str(delta): rounding(study.ground_truth, study.pairs[1], Grid(delta, ranges), preset)
        for delta in deltas
    }
    return Ablation(
        str(study.train.identity["content_id"]),
        str(study.test.identity["content_id"]),
        study.seconds,
        study.reward_seconds,
        seeds,
        len(study.samples),
        int(clusters.max()) + 1,
        arms,
        verdicts(terms, clusters),
        {
            delta: {name: score(columns) for name, columns in columns_of(each).items()}
            for delta, each in rounded.items()
        },
    )
