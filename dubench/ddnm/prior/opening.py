"""Open a prior: the bundled one, one that `dubench train prior` made, or a UNet of diffusers."""

from importlib.util import find_spec

from dubench.ddnm.prior.folder import BUNDLED, ONNX, is_own
from dubench.ddnm.priors import Prior
from generators.errors import InputError
from generators.files import from_home

CPU = "cpu"


DTYPES = ("float32", "bfloat16", "float16")


def open_prior(
    where: str | None, device: str = CPU, torch: bool = False, dtype: str = DTYPES[0]
) -> Prior:
    """The prior in a folder, or on the Hub; the bundled one where none is named.

    On a CPU, a prior that was exported runs in OpenCV: as fast as in torch, without a second's
    wait for its import, and to the same estimates within 1e-4.

    Args:
        device: cpu, cuda or cuda:1.
        torch: its arrays must be torch's.
        dtype: of its layers' products, one of DTYPES; half precisions are for GPUs.

    Raises:
        InputError: it is no pixel-space prior of RGB pictures, cannot be had, or needs torch; or
            `dtype` is unknown, or for GPUs alone.
    """
    if dtype not in DTYPES:
        raise InputError(f"--dtype {dtype}: choose one of {', '.join(DTYPES)}")
    if dtype != DTYPES[0] and device == CPU:
        raise InputError(f"--dtype {dtype}: on a CPU it would only be slower; add --device cuda")
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
    import torch as library

    from dubench.ddnm.prior.opened import OwnPrior, open_diffusers

    products = getattr(library, dtype)
    if own:
        from dubench.ddnm.prior.files import load

        return OwnPrior(load(folder).to(device), products)
    return open_diffusers(str(where), device, products)
