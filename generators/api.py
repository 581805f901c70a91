"""Degrade single images: a function for one, a transform for a torch dataset."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from generators import decoding, presets
from generators.depth import crop_depth, procedural
from generators.errors import InputError, UnreadableError, plain_errors
from generators.physics import Depth, Image, compose
from generators.postprocess import draw_postprocess
from generators.randomness import Purpose, check_seed, stream
from generators.sample import Sample, draw, render
from generators.taxonomy import KEYS, TYPES, Value, degradation_type

LEAST_SIDE = 16
REDRAWS = 100  # the last is kept: an image may have no plausible fog


@plain_errors()
def degrade(
    image: NDArray | PillowImage.Image,
    type: str,
    parameters: Mapping[str, object] | None = None,
    seed: int = 0,
    *,
    depth: NDArray | None = None,
    preset: str = "du110k",
) -> Sample:
    """Apply one degradation to one image, of any size.

    Args:
        image: a Pillow image of any mode, turned upright; or an array (H, W), (H, W, 3) RGB or
            (H, W, 4) RGBA of uint8, uint16, or floats in [0, 1]. Transparency is laid over white.
        type: name of a degradation, as in the taxonomy.
        parameters: values of its keys; those not given are drawn from `preset`.
        seed: of every draw; the same seed gives the same image.
        depth: (H, W), larger is farther, any unit, for haze; guessed from the image if absent.
        preset: name of a bundled preset or path of a TOML file.

    Returns:
        The sample: `.degraded`, `.clean`, `.depth`, `.tuples`, `.values`.

    Raises:
        InputError: unknown type, key or preset; a value out of range; an unusable image.

    Examples:
        >>> from PIL import Image
        >>> from generators import degrade
        >>> from generators.sources.pools import BUNDLED
        >>> photograph = Image.open(BUNDLED / "bridge-by-sander-klootwijk.jpg")
        >>> sample = degrade(photograph, "blur", {"sigma": 3.0})
        >>> sample.tuples
        [('blur', 'sigma', 3.0)]
        >>> sample.degraded.shape
        (640, 1138, 3)
    """
    check_seed(seed)
    wanted, chosen = degradation_type(type), presets.load(preset)
    given = {
        name: chosen.keys[wanted.key(name).name].check(value)
        for name, value in (parameters or {}).items()
    }
    clean = _pixels(image)
    stored = _depth(clean, depth, seed) if wanted.needs_depth else None
    key = (seed, 0, 0)
    rng = stream(*key, Purpose.PARAMETERS)
    for _ in range(REDRAWS):
        drawn = draw(chosen, [wanted.name], rng, stored, given)
        if given or compose.plausible(drawn):
            break
    after = draw_postprocess(chosen, key)
    return Sample(drawn, clean, render(clean, drawn, after, stored, key), stored, after)


class Degrade:
    """A transform that degrades each image anew, for a torch dataset.

    Draws follow torch's own random state, as torchvision's transforms do: `torch.manual_seed`
    and a DataLoader's workers behave as usual.

    Attributes:
        columns: what the entries of `parameters` mean, (key, position) each.

    Examples:
        >>> from PIL import Image
        >>> from generators import Degrade
        >>> from generators.sources.pools import BUNDLED
        >>> photograph = Image.open(BUNDLED / "bridge-by-sander-klootwijk.jpg")
        >>> pair = Degrade("du110k-wild")(photograph)
        >>> pair["degraded"].shape
        torch.Size([3, 640, 1138])
        >>> pair["parameters"].shape
        torch.Size([15])
    """

    columns: ClassVar = [(key.name, i) for key in KEYS.values() for i in range(key.size)]

    def __init__(self, preset: str = "du110k", types: list[str] | None = None) -> None:
        """Degrade by `types`, each as likely; by default those of `preset`, as often as there."""
        self._preset = preset
        self._types = [degradation_type(t).name for t in types or presets.load(preset).cycle]

    def __call__(self, image: NDArray | PillowImage.Image) -> dict[str, Any]:
        """Degrade one image, as `degrade` takes it.

        Returns:
            `degraded` and `clean`, float32 tensors (3, H, W) in [0, 1]; `type`, an index into
            the taxonomy's types; `parameters`, float32 with an entry per column, NaN where a key
            is another type's.
        """
        import torch

        seed = int(torch.randint(2**62, ()))
        type_name = self._types[int(torch.randint(len(self._types), ()))]
        sample = degrade(image, type_name, seed=seed, preset=self._preset)
        values = sample.parameters
        parameters = [_entry(values.get(name), i) for name, i in self.columns]
        return {
            "degraded": torch.tensor(sample.degraded).permute(2, 0, 1).float().div(255),
            "clean": torch.tensor(sample.clean).permute(2, 0, 1).float().div(255),
            "type": list(TYPES).index(type_name),
            "parameters": torch.tensor(parameters),
        }


def _entry(value: Value | None, position: int) -> float:
    if value is None:
        return float("nan")
    return value[position] if isinstance(value, tuple) else value


def _pixels(image: NDArray | PillowImage.Image) -> Image:
    try:
        pixels = decoding.of_image(image)
    except UnreadableError as error:
        raise InputError(str(error)) from None
    if min(pixels.shape[:2]) < LEAST_SIDE:
        raise InputError(f"an image needs at least {LEAST_SIDE} pixels a side")
    return pixels


def _depth(clean: Image, given: NDArray | None, seed: int) -> Depth:
    height, width = clean.shape[:2]
    if given is not None and given.shape != (height, width):
        raise InputError(f"depth is {given.shape}, the image is {(height, width)}")
    if given is not None and not np.isfinite(given).all():
        raise InputError("depth holds values that are not finite")
    known = given is not None
    coarse = given if known else procedural.guess(clean, stream(seed, 0, 0, Purpose.SCENE))
    fitted = crop_depth.fit(
        np.asarray(coarse, np.float32), (0, 0, width, height), clean.shape, clean, snap=not known
    )
    return crop_depth.store(fitted)
