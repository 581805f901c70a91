"""Train the prior on photographs of one's own: `dubench train prior`."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dubench.ddnm.prior.folder import BATCH, BUNDLED, WEIGHTS, Shape, read_shape, read_training
from dubench.notes import note
from dubench.packages import check_training
from dubench.progress import counting
from generators import engines
from generators.errors import InputError
from generators.files import from_home


@dataclass(frozen=True)
class TrainedPrior:
    """A prior and how it does.

    Attributes:
        path: its folder.
        patches: seen.
        psnr: mean PSNR in dB on photographs held out, by the noise's level of 255.
    """

    path: Path
    patches: int
    psnr: dict[str, float]


def train_prior(
    sources: Sequence[str],
    out: Path,
    patches: int = 3_000_000,
    model: str | None = None,
    seed: int = 0,
    workers: int | None = None,
    device: str = "cpu",
    batch: int = BATCH,
    widths: tuple[int, ...] | None = None,
) -> TrainedPrior:
    """Train a prior, show bars and what was left out on stderr, and write it to `out`, a folder.

    A run that was stopped goes on where its last checkpoint is, to the weights it would have had.

    Args:
        sources: of clean photographs, as `generate` takes them; 6,000 are learnt from at most.
        out: gets config.json, the weights, prior.onnx, history.json and checkpoint.pt.
        patches: of 48² pixels to see, those that `model` has seen among them.
        model: folder of a prior of dubench's to go on from, or `bundled`; one is begun unless
            given.
        seed: of everything drawn.
        workers: processes that read photographs, and on a GPU draw patches; on a CPU training uses
            torch's own threads.
        device: cpu, or cuda.
        batch: patches of a step, a multiple of four; a GPU needs hundreds to be busy.
        widths: channels of the network at each resolution, the finest first; those of `model`, or
            of `Shape`, unless given.

    Raises:
        InputError: torch is missing, no photograph is usable, `out` holds another run, `model`
            is no prior of dubench's, has seen as many patches or other widths, or a number is
            out of its range.
    """
    check_training("torch", "onnx")
    if patches < 1:
        raise InputError(f"--patches {patches}: choose at least one")
    if batch < 4 or batch % 4:
        raise InputError(f"--batch {batch}: choose a multiple of four")
    if widths is not None and min(widths, default=0) < 1:
        raise InputError("--widths: choose numbers above 0, such as 32,64,96,128")
    from dubench.ddnm.prior.export import export
    from dubench.ddnm.prior.train.loop import Run, train
    from dubench.ddnm.prior.train.photographs import read
    from dubench.training import check_apart
    from generators.batched.render import check_device

    check_device(device)
    folder, start, weights, shape = None, 0, "", Shape(widths or Shape().widths)
    if model:
        folder = BUNDLED if model == "bundled" else from_home(model)
        check_apart(out, folder)
        seen, shape = read_training(folder).patches, read_shape(folder)
        if widths not in (None, shape.widths):
            raise InputError(f"--widths: those of {model} are {shape.widths}; drop it")
        if patches <= seen:
            raise InputError(f"--patches {patches}: {model} has seen {seen:,}; choose more")
        start = math.ceil(seen / batch)
        weights = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    with counting("photographs") as on_progress:
        pictures, held_out = read(
            sources, seed, engines.processes(workers), out / "spools", on_progress, note
        )
    if not pictures or not held_out:
        raise InputError(
            "--source: a prior needs at least two photographs; name a folder of some hundreds"
        )
    out.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(picture.data)
    run = Run(patches, seed, digest.hexdigest(), start, weights, batch, shape.widths)
    drawing = 0 if device == "cpu" else engines.processes(workers)
    with counting("patches") as on_progress:
        state = train(run, pictures, held_out, out, device, on_progress, folder, drawing)
    export(state.average, out)
    return TrainedPrior(out, patches, state.history[-1]["psnr"])
