"""Check the installation."""

import re
from importlib.metadata import Distribution, distributions

from generators.errors import InputError

OURS = ("generators", "dubench", "annotation_ui", "leaderboard")
_INSTALLED = re.compile(rf"^({'|'.join(OURS)})(?:/[^,]*)?\.py,", re.MULTILINE)


def check_owners() -> None:
    """Raise InputError if another installed package owns one of our package names."""
    for other in distributions():
        owned = _owned(other)
        if owned and other.name != "dubench":
            raise InputError(
                f"the package {other.name} also installs a module named {owned[0]!r}, and which "
                f"of the two Python finds is chance; uninstall it (pip uninstall {other.name}) or "
                "give dubench an environment of its own"
            )


def _owned(distribution: Distribution) -> list[str]:
    """Which of our names it installs.

    As `importlib.metadata.packages_distributions` finds them, which looks at every file of every
    package and so takes longer than many a command.
    """
    declared = distribution.read_text("top_level.txt")
    if declared and declared.strip():
        return [name for name in OURS if name in declared.split()]
    return sorted(set(_INSTALLED.findall(distribution.read_text("RECORD") or "")))
