"""A restorer of one's own: `--method plugin:package.module:Class`."""

from typing import Any

import numpy as np

from dubench.ddnm.degraded import Degraded, Image
from dubench.plugins import Plugin
from dubench.text import brief
from generators.errors import InputError

GROUP = "dubench.restorers"
"""Entry points of this group are restorers: `plugin:NAME`."""


class PluginRestorer:
    """A class, made without arguments, whose `restore` takes and gives an (H, W, 3) uint8 image.

    docs/restorers.md shows one, and how published restorers are wrapped.

    Args:
        what: `package.module:Class`, found in the working folder too, or an entry point's name of
            GROUP.

    Raises:
        InputError: there is no such class, or it is not a restorer.
    """

    def __init__(self, what: str) -> None:
        self._plugin = Plugin("--method", what, GROUP)
        if not callable(getattr(self._plugin.made, "restore", None)):
            raise InputError(
                f"{self._plugin.label} has no restore(image, degradation, transmission); see "
                "docs/restorers.md"
            )

    def __call__(self, degraded: Degraded) -> Image:
        """What the plugin's `restore` makes of it.

        Raises:
            InputError: it raised something, or did not give an image of the same size.
        """
        if degraded.degradation.type == "none":
            return degraded.image
        known = {"type": degraded.degradation.type, "parameters": dict(degraded.degradation.values)}
        restore, seen = self._plugin.made.restore, degraded.transmission
        result: Any = self._plugin.call("restore", restore, degraded.image, known, seen)
        shape = degraded.image.shape
        if not isinstance(result, np.ndarray) or result.dtype != np.uint8 or result.shape != shape:
            raise InputError(
                f"{self._plugin.label}: restore gave {brief(result)}, not a uint8 array of "
                f"{shape[0]}×{shape[1]}×3"
            )
        return result
