"""Packages that only some commands need."""

from importlib.util import find_spec

from generators.errors import InputError


def check_training(*packages: str, what: str = "training", extra: str = "train") -> None:
    """Raise InputError unless the `packages` that a training, or `what`, needs are installed."""
    for package in packages:
        if find_spec(package) is None:
            raise InputError(
                f"{what} needs {package}, which is missing; install dubench with its extra: "
                f"dubench[{extra}]"
            )
