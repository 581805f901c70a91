"""Check the installation."""

from importlib.metadata import packages_distributions

from generators.errors import InputError

OURS = ("generators", "dubench", "annotation_ui", "leaderboard")


def check_owners() -> None:
    """Raise InputError if another installed package owns one of our package names."""
    owners = packages_distributions()
    for name in OURS:
        others = sorted({owner for owner in owners.get(name, []) if owner != "dubench"})
        if others:
            raise InputError(
                f"the package {others[0]} also installs a module named {name!r}, and which of the "
                f"two Python finds is chance; uninstall it (pip uninstall {others[0]}) or give "
                "dubench an environment of its own"
            )
