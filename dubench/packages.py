"""Packages that only some commands need."""

from importlib.util import find_spec

from generators.errors import InputError


def check_training(*packages: str) -> None:
    """Raise InputError unless the `packages` that a training needs are installed."""
    for package in packages:
        if find_spec(package) is None:
            raise InputError(
                f"training needs {package}, which is missing; install dubench with its extra: "
                "dubench[train]"
            )
