"""What holds for every module of the package."""

import pkgutil
from importlib import import_module

import pytest

import annotation_ui

MODULES = [info.name for info in pkgutil.walk_packages(annotation_ui.__path__, "annotation_ui.")]


@pytest.mark.parametrize("name", MODULES)
def test_no_module_hides_a_function_of_its_own_name(name: str) -> None:
    """Importing it would put the module where its package's users look for the function."""
    module = import_module(name)
    assert not callable(getattr(module, name.rpartition(".")[2], None))
