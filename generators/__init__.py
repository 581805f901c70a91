"""What a degradation is and how a dataset of degradations is made.

`generators.degrade` applies one degradation to one image; `generators.Degrade` does so as a torch
transform.
"""

from typing import Any

__all__ = ["Degrade", "degrade"]


def __getattr__(name: str) -> Any:
    # Late: much of the package needs no OpenCV, and a command's help should not wait for it.
    if name in __all__:
        from generators import api

        return getattr(api, name)
    raise AttributeError(f"module 'generators' has no attribute {name!r}")
