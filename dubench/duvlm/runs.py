"""What runs of training share where TRL trains: whose folder it is, and what the trainer may do.

A launcher such as `accelerate launch` starts a process for each GPU, all with the same command: the
first of them holds the folder, writes and reports.
"""

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators import engines
from generators.errors import InputError
from generators.lock import hold_beside

if TYPE_CHECKING:
    from transformers import Trainer as _Base
else:
    _Base = object

RUN, CHECKPOINTS = "run.json", "checkpoints"


def is_first() -> bool:
    """Whether this process is the first of those that a launcher started; one by itself is."""
    return os.environ.get("RANK", "0") == "0"


def share_of(workers: int | None) -> int:
    """How many workers `--workers` means to this process: its share of the cores if None, which
    all that a launcher started on this machine part; InputError if below one."""
    if workers is not None:
        return engines.processes(workers)
    return max(1, engines.cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


@contextmanager
def hold_run(out: Path) -> Iterator[None]:
    """Hold the folder of a run for all processes of one launch; raises as `hold_beside`."""
    with hold_beside(out) if is_first() else nullcontext():
        yield


def open_device(device: str) -> None:
    """Check a device, and let `cuda` be this process's own of the GPUs.

    Raises:
        InputError: there is no such device.
    """
    import torch

    from generators.batched.render import check_device

    if check_device(device).type == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))


def quiet() -> None:
    """Keep libraries from reporting what is trained to their makers, and from talking between."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|trl|peft")
    from transformers.utils import logging as its_logging

    logging: Any = its_logging
    logging.disable_progress_bar()
    logging.set_verbosity_error()


def identity_text(identity: Mapping[str, Any]) -> str:
    """What the file RUN says of a run."""
    return json.dumps(identity, indent=1) + "\n"


def check_same_run(out: Path, identity: Mapping[str, Any]) -> None:
    """Raise InputError if the file RUN in the folder `out` says that it holds another run."""
    before = json.loads((out / RUN).read_text("utf-8"))
    now = json.loads(identity_text(identity))
    changed = [name for name in now if before.get(name) != now[name]]
    if changed:
        raise InputError(
            f"{out} holds a run with other options ({changed[0]}: {before.get(changed[0])}); go on "
            "with them, or choose another --out"
        )


def checkpoint_number(folder: Path) -> int:
    """The step of a folder `checkpoint-STEP`."""
    return int(folder.name.rpartition("-")[2])


@contextmanager
def within_memory(device: object, remedy: str) -> Iterator[None]:
    """Turn lack of a GPU's memory inside into an InputError with a remedy."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError:
        raise InputError(f"the memory of {device} does not suffice; {remedy}") from None


class Discreet(_Base):
    """For a trainer of TRL, before its own class: checkpoints that a full disk spares, no card of
    theirs, and no word to anybody of what is trained."""

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        from dubench.training import writing

        save: Any = super()._save_checkpoint
        with writing(Path(str(self.args.output_dir))):
            save(model, trial)
            if is_first():
                self.beside_checkpoint(Path(str(self.args.output_dir)))

    def beside_checkpoint(self, out: Path) -> None:
        """Write what else a checkpoint in the folder `out` needs."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """None: checkpoints are for going on alone."""

    def _send_telemetry(self) -> None:
        """None: nobody is told what is trained."""
