"""The distributions of `generators.presets`, many draws at once as tensors.

The same distributions, not the same numbers, as `Preset.draw`; nothing is rounded to five digits.
"""

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import torch
from torch import Tensor

from generators.presets import POSTPROCESS, RECORDED, SUBSAMPLING, Preset

_STANDARD = NormalDist()


def draw(
    preset: Preset, type_name: str, count: int, generator: torch.Generator
) -> dict[str, Tensor]:
    """Draw every value of a type, `count` times, in the preset's order.

    Returns:
        per value a float32 tensor (count,), or (count, n) for a vector of n entries, on the
        generator's device.
    """
    values: dict[str, Tensor] = {}
    for name, distribution in preset.draws.get(type_name, {}).items():
        values[name] = _draw(distribution, count, generator, values)
    return {name: value.float() for name, value in values.items()}


def draw_postprocess(preset: Preset, count: int, generator: torch.Generator) -> dict[str, Tensor]:
    """As `Preset.draw_postprocess`, for `count` pictures: float32 (count,) by name, 0 where there
    is none; empty for a preset without."""
    section, values = preset.postprocess, dict[str, Tensor]()
    for name, share in POSTPROCESS.items():
        if name not in section:
            continue
        happens = _uniforms((count,), generator) < section[share]
        amount = _draw(section[name], count, generator, {}) * happens
        values[RECORDED.get(name, name)] = (amount if name == "noise" else amount.round()).float()
    if SUBSAMPLING in section:
        values[SUBSAMPLING] = _draw(section[SUBSAMPLING], count, generator, {}).float()
    return values


def _draw(
    spec: Mapping[str, Any], count: int, generator: torch.Generator, earlier: Mapping[str, Tensor]
) -> Tensor:
    """`count` draws of one distribution, float64; see `distributions.draw`."""
    if "normal" in spec:
        (mean, sd), (low, high) = spec["normal"], spec["range"]
        floor, ceiling = (_STANDARD.cdf((end - mean) / sd) for end in (low, high))
        shares = floor + _uniforms((count,), generator) * (ceiling - floor)
        return (mean + sd * _quantile(shares)).clamp(low, high)
    if "uniform" in spec:
        low, high = spec["uniform"]
        return low + _uniforms((count,), generator) * (high - low)
    if "log_uniform" in spec:
        low, high = map(math.log, spec["log_uniform"])
        return torch.exp(low + _uniforms((count,), generator) * (high - low))
    if "choice" in spec:
        options = _tensor(spec["choice"], generator)
        return options[(_uniforms((count,), generator) * len(options)).long()]
    if "mixture" in spec:
        # Uniform on the simplex: exponential spacings.
        options = _tensor(spec["mixture"], generator)
        parts = -torch.log1p(-_uniforms((count, len(options)), generator))
        return parts @ options / parts.sum(dim=1, keepdim=True)
    if "product" in spec:
        factors = [_draw(part, count, generator, earlier) for part in spec["product"]]
        return torch.stack(factors).prod(dim=0)
    if "sum" in spec:
        return torch.stack([_draw(part, count, generator, earlier) for part in spec["sum"]]).sum(0)
    law = spec["power_law"]
    scatter = law["sd"] * _quantile(_uniforms((count,), generator))
    return torch.exp(law["slope"] * earlier[law["of"]].log() + law["intercept"] + scatter)


def _uniforms(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.rand(shape, dtype=torch.float64, device=generator.device, generator=generator)


def _quantile(shares: Tensor) -> Tensor:
    """The standard normal's quantiles, kept finite."""
    return torch.special.ndtri(shares.clamp(1e-16, 1 - 1e-16))


def _tensor(options: Any, generator: torch.Generator) -> Tensor:
    return torch.tensor(options, dtype=torch.float64, device=generator.device)
