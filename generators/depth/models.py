"""Depth guessed by a model: a pass over photographs before any shard, kept in a cache."""

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from generators import engines
from generators.depth.prepared import Quantity, prepare, write_prepared
from generators.engines import OnProgress
from generators.errors import InputError, UnreadableError
from generators.files import from_home
from generators.sources import photographs

DEFAULT = "depth-anything/Depth-Anything-V2-Small-hf"

# As transformers gives it, after its own post-processing (Depth Pro's inverts what it predicts).
# Left out: CHMv2 gives canopy height; Prompt Depth Anything expects LiDAR's too.
_QUANTITIES: dict[str, Callable[[Any], Quantity]] = {
    "depth_anything": lambda config: (
        "depth" if config.depth_estimation_type == "metric" else "disparity"
    ),
    "depth_pro": lambda config: "depth",
    # The heads of DINOv2 for NYU and KITTI, which alone have this layer, give metres; Intel's
    # models, like MiDaS, inverse depth up to scale and shift.
    "dpt": lambda config: "depth" if config.add_projection else "disparity",
    "glpn": lambda config: "depth",
    "tipsv2_dpt": lambda config: "depth",
    "zoedepth": lambda config: "depth",
}
# Published without these weights, which nothing uses: the first fusion has one input only.
_UNUSED = "fusion_stage.layers.0.residual_layer1."
# What Depth Pro looks at; the others look at less.
_INPUT_SIDE = 1536
_CHUNK = 32
_DIGITS = 12
# All that changes what a model gives.
_MODEL_FILES = (".json", ".safetensors", ".bin")


def estimate(
    photos: Iterable[tuple[str, Path]],
    model: str,
    cache: Path,
    device: str,
    on_progress: OnProgress,
) -> dict[str, Path]:
    """Depth of every photograph by a depth-estimation model of transformers.

    The map of a photograph is the prepared form (`depth.prepared`) in `cache`, named
    `<sha256>-<revision>.png`. What is there already is not made again, so a second run costs
    nothing and a stopped one goes on. Photographs pass through the model one by one: in a batch
    their depth would depend, in its last bits, on their neighbours.

    Models give depth or, as most relative ones, inverse depth, and each is brought to depth by
    its architecture: Depth Anything by its `depth_estimation_type`, DPT by its head (MiDaS or
    DINOv2); Depth Pro, GLPN, TIPSv2 and ZoeDepth give metres.

    Args:
        photos: SHA-256 of each photograph's file, and the file.
        model: name on the Hugging Face Hub, such as `DEFAULT`, or a local folder.
        cache: folder of the maps; made where it is missing.
        device: `cpu`, `cuda`, … as torch names it.
        on_progress: called with the number of photographs done, and of all.

    Returns:
        The map's path by the photograph's SHA-256.

    Raises:
        InputError: a package is missing, the model is unknown or gives no depth, the device is
            not there, or a photograph cannot be read or is not the file it was.
        OSError: a map cannot be written.
    """
    files = dict(photos)
    place = _locate(model)
    maps = {sha256: cache / f"{sha256}-{place.revision}.png" for sha256 in files}
    missing = [sha256 for sha256, path in maps.items() if not path.exists()]
    done = len(maps) - len(missing)
    on_progress(done, len(maps))
    if not missing:
        return maps
    network = _Network(place, device)
    # One photograph passes through the model while the other cores read and write theirs.
    with ThreadPoolExecutor(engines.cores()) as pool:
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            images = pool.map(lambda sha256: _load(files[sha256], sha256), chunk)
            jobs = [
                pool.submit(_keep, network(image), network.quantity, files[sha256], maps[sha256])
                for sha256, image in zip(chunk, images, strict=True)
            ]
            for job in jobs:
                job.result()
                done += 1
                on_progress(done, len(maps))
    return maps


def revision(model: str) -> str:
    """Twelve hex digits that pin a model: the Hub's commit, or a hash over a folder's files.

    Raises:
        InputError: there is no such model, or the Hub cannot be reached and never was.
    """
    return _locate(model).revision


class _Place(NamedTuple):
    """Where a model is: a folder, or a name on the Hub and the commit to take."""

    model: str
    commit: str | None
    revision: str


def _locate(model: str) -> _Place:
    folder = from_home(model)
    if not folder.is_dir():
        commit = _commit(model)
        return _Place(model, commit, commit[:_DIGITS])
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in _MODEL_FILES:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return _Place(str(folder), None, digest.hexdigest()[:_DIGITS])


def _commit(model: str) -> str:
    """The commit that a name stands for now or, out of the Hub's reach, when last seen."""
    try:
        from huggingface_hub import errors, hf_hub_download
    except ImportError:
        raise _packages_missing() from None
    try:
        return Path(hf_hub_download(model, "config.json")).parent.name
    except errors.HFValidationError:
        reason = "neither a folder nor a name on the Hugging Face Hub (OWNER/NAME)"
    except errors.GatedRepoError:
        reason = "its owner grants access one by one: ask on its page, then `hf auth login`"
    except (errors.RepositoryNotFoundError, errors.RemoteEntryNotFoundError):
        reason = "no such model on the Hugging Face Hub"
    except OSError:
        reason = (
            "the Hugging Face Hub cannot be reached and no copy is kept here; connect, or "
            "give the folder of a copy"
        )
    raise InputError(f"depth model {model}: {reason}. The usual choice is {DEFAULT}")


def _packages_missing() -> InputError:
    return InputError('a depth model needs transformers and torch: pip install "dubench[train]"')


class _Network:
    """A model in memory: a photograph in, its depth or disparity out."""

    def __init__(self, place: _Place, device: str) -> None:
        try:
            import torch
            import transformers
        except ImportError:
            raise _packages_missing() from None
        self.device = _device(device)
        auto: Any = transformers
        where = {"revision": place.commit or "main", "trust_remote_code": False}
        name = place.model
        try:
            config = auto.AutoConfig.from_pretrained(name, **where)
            self.quantity = _quantity(name, config)
            self.processor = auto.AutoImageProcessor.from_pretrained(name, **where)
            network, report = auto.AutoModelForDepthEstimation.from_pretrained(
                name,
                dtype=torch.float32,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # named below
                **where,
            )
        except InputError:
            raise
        except Exception as error:  # each format's reader has its own, SafetensorError for one
            raise InputError(
                f"depth model {name} cannot be loaded ({_brief(error)}); get a whole copy, or "
                f"take {DEFAULT}"
            ) from None
        lacking = {*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])}
        needed = sorted(key for key in lacking if _UNUSED not in key)
        if needed:
            raise InputError(
                f"depth model {name} lacks {len(needed)} weights such as {needed[0]}: it was not "
                f"trained for depth, or the copy is not whole; take {DEFAULT}"
            )
        self.network = network.eval().to(self.device)

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Depth or disparity, float32 (h, w), of an image, uint8 (h, w, 3) RGB."""
        import torch

        inputs = self.processor(
            images=image, return_tensors="pt", input_data_format="channels_last"
        )
        with torch.inference_mode():
            outputs = self.network(**inputs.to(self.device))
            # By place, as transformers' pipeline does: ZoeDepth calls the argument otherwise.
            (result,) = self.processor.post_process_depth_estimation(outputs, [image.shape[:2]])
        return result["predicted_depth"].cpu().numpy()


def _device(name: str) -> Any:
    import torch

    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"--device {name} is not there ({_brief(error)}); choose --device cpu"
        ) from None
    return device


def _quantity(model: str, config: Any) -> Quantity:
    if config.model_type not in _QUANTITIES:
        raise InputError(
            f"depth model {model} is a {config.model_type}; known to tell depth are "
            f"{', '.join(_QUANTITIES)}. Take {DEFAULT}, or make maps yourself and give their folder"
        )
    return _QUANTITIES[config.model_type](config)


def _load(path: Path, sha256: str) -> NDArray[np.uint8]:
    try:
        pixels, digest = photographs.load(path)
    except UnreadableError as error:
        raise InputError(f"{path}: {error}; put it back or leave it out, and run again") from None
    if digest != sha256:
        raise InputError(f"{path} has changed since the run began; run again")
    height, width = pixels.shape[:2]
    scale = _INPUT_SIDE / max(height, width)
    if scale >= 1:
        return np.require(pixels, requirements="W")  # torch wants to be able to write
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _keep(raw: NDArray[np.float32], quantity: Quantity, photo: Path, path: Path) -> None:
    # Models end in a ReLU or a bicubic resize: 0 or less is as far, or as near, as they can say.
    raw = np.maximum(raw, np.finfo(np.float32).tiny)
    try:
        prepared = prepare(raw, quantity, raw.shape)
    except UnreadableError as error:
        raise InputError(
            f"{photo}: its depth by the model {error}; choose another model or leave it out"
        ) from None
    write_prepared(path, prepared)


def _brief(error: Exception) -> str:
    """The first sentence: libraries add paragraphs of advice."""
    return str(error).strip().partition("\n")[0].partition(". ")[0][:160]
