"""LPIPS, NIQE, BRISQUE and CLIP-IQA through pyiqa, which is imported late and may be missing."""

import contextlib
import io
import socket
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Compute = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.float64]]

_PATIENCE = 10.0
"""Seconds until a server that does not answer counts as out of reach."""


class MissingError(Exception):
    """A metric cannot be had here; the message says in one line why, and the remedy."""


def check_pyiqa() -> None:
    """Import pyiqa.

    Raises:
        MissingError: it, or something it needs, is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the packages it imports
            import pyiqa  # noqa: F401
    except ImportError as error:
        raise MissingError(_no_package(error)) from None


def weights_home() -> Path:
    """The folder whose files pyiqa uses: $TORCH_HOME/hub, or ~/.cache/torch/hub."""
    import torch

    return Path(torch.hub.get_dir())


def load(name: str, files: Sequence[str], needs_reference: bool, device: "torch.device") -> Compute:
    """The metric that pyiqa calls `name`, ready on `device`.

    It takes (B, H, W, 3) uint8 RGB restored and clean images and gives (B,) values, NaN where an
    image has none (NIQE and BRISQUE of a uniform one). Weights that are not there are downloaded.

    Args:
        name: `lpips`, `niqe`, `brisque` or `clipiqa`.
        files: its weights, relative to `weights_home()`.
        needs_reference: whether the metric looks at the clean images.
        device: as `generators.batched.render.check_device` gives it.

    Raises:
        MissingError: the weights can be neither found nor downloaded, or are broken; or a package
            is missing.
    """
    import pyiqa

    try:
        # pyiqa prints on stdout what it loads; a download shows its own bar on stderr.
        with contextlib.redirect_stdout(io.StringIO()), _impatient(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net = pyiqa.create_metric(name, device=device).net
    except ImportError as error:  # pyiqa imports each metric's own needs late
        raise MissingError(_no_package(error)) from None
    except Exception as error:  # whatever a server, the disk or a broken file may raise
        paths = [weights_home() / file for file in files]
        for file, path in zip(files, paths, strict=True):
            if not path.exists():
                raise MissingError(
                    f"{path} is missing and cannot be downloaded ({_line(error)}): put it there, "
                    f"or set TORCH_HOME to a folder that has hub/{file}"
                ) from None
        raise MissingError(
            f"its weights cannot be loaded ({_line(error)}): delete "
            f"{' and '.join(map(str, paths))} to have them downloaded again"
        ) from None

    def compute(restored: NDArray[np.uint8], clean: NDArray[np.uint8]) -> NDArray[np.float64]:
        pair = (restored, clean) if needs_reference else (restored,)
        try:
            return _measure(net, pair, device)
        except _no_value():
            if len(restored) == 1:
                return np.array([np.nan])
        # One image without a value must not cost the others theirs.
        single = [compute(restored[i : i + 1], clean[i : i + 1]) for i in range(len(restored))]
        return np.concatenate(single)

    return compute


def _measure(
    net: Any, images: Sequence[NDArray[np.uint8]], device: "torch.device"
) -> NDArray[np.float64]:
    import torch

    from generators.batched.render import upload

    tensors = [upload(stack, device).permute(0, 3, 1, 2).float() / 255 for stack in images]
    # TF32 would make a GPU's LPIPS differ from a CPU's; pyiqa's own wrapper allows it.
    exact = torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False)
    with torch.no_grad(), exact, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="cov")  # NIQE of a single block
        values = net(*tensors)
    return np.asarray(values.reshape(-1).double().cpu().numpy())


def _no_value() -> tuple[type[BaseException], ...]:
    """What NIQE (not finite) and BRISQUE (no variance) raise on an image without structure."""
    import torch

    return (torch.linalg.LinAlgError, AssertionError)  # type: ignore[attr-defined]


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _no_package(error: ImportError) -> str:
    return f'the package pyiqa cannot be imported ({_line(error)}): pip install "dubench[iqa]"'


def _line(error: Exception) -> str:
    """The first line of what went wrong, without the wrapping of urllib."""
    inner = getattr(error, "reason", error)
    return (str(inner).strip().partition("\n")[0] or type(error).__name__)[:200]
