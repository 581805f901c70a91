"""Train DU-VLM: `dubench train sft`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dubench.duvlm.views import PHOTOGRAPH, check_views
from dubench.packages import check_training
from dubench.progress import counting
from generators import engines
from generators.errors import InputError
from generators.files import write_whole
from generators.typed_json import from_json

if TYPE_CHECKING:
    from dubench.duvlm.train.loop import Run, State

CHART_ALONE = 0.25
"""Share of the pictures that are seen before the photograph joins the chart."""
SAMPLES = "samples"


@dataclass(frozen=True)
class TrainedSft:
    """A model and how it does.

    Attributes:
        path: its folder.
        images: seen.
        scores: per preset or dataset, on photographs held out: `t_acc`, `false_alarms` and
            `p_rel`; empty where there are none.
    """

    path: Path
    images: int
    scores: dict[str, Any]


def train_sft(
    sources: Sequence[str],
    out: Path,
    images: int = 4_000_000,
    chart_alone: int | None = None,
    views: Sequence[str] = ("chart",),
    seed: int = 0,
    workers: int | None = None,
    device: str = "cpu",
) -> TrainedSft:
    """Train nano, show bars on stderr, and write it to `out`, a folder that is a model at any time.

    A run that was stopped goes on where its last checkpoint is, to the weights it would have had.
    With a larger `images` it goes on for longer: best before the rate has begun to fall.

    Args:
        sources: of clean photographs, as `generate` takes them; three in a hundred are held out.
        out: gets the model, history.json, curves.png, checkpoint.pt and samples/ (about 50 kB for
            each twentieth of `images`).
        images: degraded crops to see in all, each about twenty times.
        chart_alone: so many of them with the chart alone; unless given as many as the run in `out`
            was begun with, or a quarter.
        views: shown beside the photograph.
        seed: of everything drawn.
        workers: processes that make samples; training uses torch's own threads.
        device: cpu, or cuda.

    Raises:
        InputError: a package is missing, sources are unusable, `out` holds another run or one that
            has seen more, the disk is full, or the loss is no longer a number.
    """
    check_training("torch", "torchvision", "transformers")
    if not sources:
        raise InputError(
            "--source: nano learns from clean photographs, degraded on the way; name "
            "folder=PHOTOS, or builtin to try it out"
        )
    if images < 1:
        raise InputError(f"--images {images}: choose at least one")
    shown = (PHOTOGRAPH, *check_views(views))
    if "chart" not in shown and chart_alone:
        raise InputError("--chart-alone needs the chart among --views")
    import torch

    from dubench.baseline.file import find
    from dubench.baseline.file import read as read_statistics
    from dubench.duvlm import chart
    from dubench.duvlm.model import nano
    from dubench.duvlm.model.answering import Answering
    from dubench.duvlm.teacher import Teacher
    from dubench.duvlm.tokens import NANO
    from dubench.duvlm.train import loop, samples
    from dubench.duvlm.train.supply import Supply
    from dubench.duvlm.train.targets import Targeting
    from dubench.training import CHECKPOINT
    from generators.batched.render import check_device

    place = check_device(device)
    workers = engines.processes(workers)
    with counting("photographs") as on_progress:
        plan = samples.plan(sources, out / "spools", seed, workers, on_progress, shown)
    folder = out / SAMPLES
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}") from None
    _match(folder / "plan.json", plan.identity)
    with counting("validation samples") as on_progress:
        samples.make_validation(plan, folder, workers, on_progress)
    names = [recipe.preset.name for recipe in plan.recipes]
    held = {name: samples.read(folder / samples.validation_name(name), shown) for name in names}
    words = nano.tokenizer()
    answering = Answering(nano.new(words, seed).to(place), words, NANO, shown)
    targeting = Targeting(words, NANO, Teacher(read_statistics(find(samples.MIXTURE[0])), NANO))
    alone = 0
    if "chart" in shown:
        begun = loop.chart_alone_of(out / CHECKPOINT) if chart_alone is None else chart_alone
        alone = round(images * CHART_ALONE) if begun is None else begun
    run = loop.Run(seed, alone, plan.identity, chart.form())
    supply = Supply(plan, folder, seed, images, workers)
    with counting("chunks of samples") as on_progress:
        supply.wait(on_progress)
    torch.set_flush_denormal(True)  # they cost a hundred times the others
    try:
        with counting("images") as on_progress:
            state = loop.train(
                run, images, answering, targeting, supply.fetch, held, out, on_progress,
                lambda state: write(out, state, run),
            )  # fmt: skip
    finally:
        torch.set_flush_denormal(False)
    return TrainedSft(out, images, state.history[-1]["scores"])


def write(out: Path, state: "State", run: "Run") -> None:
    """Write the averaged model of a run as it is now, and its curves."""
    from dubench.baseline.certainty import Calibration
    from dubench.duvlm.model.files import Notes, save
    from dubench.duvlm.train.curves import draw

    last = state.history[-1] if state.history else None
    training = {
        "images": state.seen,
        "seed": run.seed,
        "cpu_hours": round(state.cpu_seconds / 3600, 2),
        "samples": run.samples,
        "validation": last and {name: last[name] for name in ("images", "scores")},
    }
    views = state.average.views if state.seen > run.chart_alone else ("chart",)
    calibration = Calibration()
    if last:
        calibration = from_json(Calibration, last["calibration"], "history")
    save(out, state.average, Notes(views=views, calibration=calibration, training=training))
    if state.history:
        write_whole(out / "curves.png", draw(state.history))


def _match(path: Path, identity: list[Any]) -> None:
    """Raise InputError where the samples in a folder are of other photographs or another seed."""
    if not path.exists():
        write_whole(path, json.dumps(identity) + "\n")
    elif json.loads(path.read_text("utf-8")) != identity:
        raise InputError(
            f"{path.parent} holds samples of other photographs or of another seed; go on with the "
            "same --source and --seed, or choose another --out"
        )
