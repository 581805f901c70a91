"""The photographs and scenes that a worker cuts crops from, kept decoded while there is room."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from generators.crops import Clean, open_photograph, open_scene
from generators.dataset.manifest import ManifestRow
from generators.dataset.recipe import Recipe, Slot
from generators.errors import InputError, UnreadableError
from generators.sources.pools import Photograph

ROOM = 64 << 20
"""Bytes of decoded photographs, and of depth that was given, that a worker keeps."""

Photographs = list[dict[str, list[Photograph]]]
"""Per pool, in the recipe's order, its photographs by split; empty for scenes."""


@dataclass
class CleanImages:
    """Opens the photographs and scenes of one recipe."""

    recipe: Recipe
    photographs: Photographs
    _decoded: OrderedDict[str, Clean] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def open(self, slot: Slot, number: int) -> Clean:
        """The `number`-th photograph or scene of the slot's pool and split.

        Raises:
            InputError: the file can no longer be read. Another in its place would make another
                dataset under the same name.
        """
        photos = self.photographs[slot.pool]
        if photos:
            return self._photograph(photos[slot.split][number])
        return self._scene(slot.split, number)

    def open_for(self, row: ManifestRow) -> Clean:
        """The photograph or scene that a manifest's row names; raises as `open`."""
        if row.source == "dead-leaves":
            split, _, number = row.source_id.partition("/")
            return self._scene(split, int(number))
        return self._photograph(self._by_hash[row.provenance.photograph])

    def _photograph(self, photo: Photograph) -> Clean:
        try:
            return self._keep(photo.sha256, lambda: open_photograph(photo, self.recipe.size))
        except (OSError, UnreadableError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(
                f"{photo.path}: {reason}; it could be read when the run began: put it back, and "
                "run the same command to go on"
            ) from None

    def _scene(self, split: str, number: int) -> Clean:
        seed, size = self.recipe.seed, self.recipe.size
        return self._keep(f"{split}/{number}", lambda: open_scene(seed, split, number, size))

    def _keep(self, name: str, open_: Callable[[], Clean]) -> Clean:
        """What `open_` gives, or gave before; the longest unused make room."""
        if name in self._decoded:
            self._decoded.move_to_end(name)
            return self._decoded[name]
        clean = self._decoded[name] = open_()
        self._bytes += clean.nbytes
        while len(self._decoded) > 1 and self._bytes > ROOM:
            self._bytes -= self._decoded.popitem(last=False)[1].nbytes
        return clean

    @cached_property
    def _by_hash(self) -> dict[str, Photograph]:
        return {
            photo.sha256: photo
            for pool in self.photographs
            for photos in pool.values()
            for photo in photos
        }
