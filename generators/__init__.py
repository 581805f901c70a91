"""What a degradation is and how a dataset of degradations is made.

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generators.api import Degrade as Degrade
    from generators.api import degrade as degrade
    from generators.batched.stream import Stream as Stream
    from generators.build.generate import generate as generate
    from generators.build.generate import regenerate as regenerate
    from generators.build.verify import verify as verify
    from generators.dataset.manifest import write_manifest as write_manifest
    from generators.dataset.preview import preview as preview
    from generators.depth.attach import DepthSpec as DepthSpec
    from generators.errors import InputError as InputError
    from generators.sample import Sample as Sample
    from generators.sources.pools import SourceSpec as SourceSpec
    from generators.taxonomy import Degradation as Degradation

__all__ = [
    "Degradation",
    "Degrade",
    "DepthSpec",
    "InputError",
    "Sample",
    "SourceSpec",
    "Stream",
    "degrade",
    "generate",
    "preview",
    "regenerate",
    "verify",
    "write_manifest",
]

_MODULES = {
    "Degradation": "generators.taxonomy",
    "Degrade": "generators.api",
    "DepthSpec": "generators.depth.attach",
    "InputError": "generators.errors",
    "Sample": "generators.sample",
    "SourceSpec": "generators.sources.pools",
    "Stream": "generators.batched.stream",
    "degrade": "generators.api",
    "generate": "generators.build.generate",
    "preview": "generators.dataset.preview",
    "regenerate": "generators.build.generate",
    "verify": "generators.build.verify",
    "write_manifest": "generators.dataset.manifest",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'generators' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
