"""Open a prior: the bundled one, one that `dubench train prior` made, or a UNet of diffusers."""

from importlib.util import find_spec

from dubench.ddnm.prior.folder import BUNDLED, ONNX, is_own
from dubench.ddnm.priors import Prior
from generators.errors import InputError
from generators.files import from_home

CPU = "cpu"


def open_prior(where: str | None, device: str = CPU, torch: bool = False) -> Prior:
    """The prior in a folder, or on the Hub; the bundled one where none is named.

    On a CPU, a prior that was exported runs in OpenCV: as fast as in torch, without a second's
    wait for its import, and to the same estimates within 1e-4.

    Args:
        device: cpu, cuda or cuda:1.
        torch: its arrays must be torch's.

    Raises:
        InputError: it is no pixel-space prior of RGB pictures, cannot be had, or needs torch.
    """
    folder = BUNDLED if where is None else from_home(where)
    own = is_own(folder)
    if own and device == CPU and not torch and (folder / ONNX).exists():
        from dubench.ddnm.prior.opencv import OpenCVPrior

        return OpenCVPrior(folder)
    if find_spec("torch") is None:
        raise InputError(
            f"--prior {where or 'bundled'}: with this method and device it needs torch, which is "
            'missing: pip install "dubench[train]", or use --method pnp'
        )
    from generators.batched.render import check_device

    check_device(device)
    from dubench.ddnm.prior.opened import OwnPrior, open_diffusers

    if own:
        from dubench.ddnm.prior.files import load

        return OwnPrior(load(folder).to(device))
    return open_diffusers(str(where), device)
