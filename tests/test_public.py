"""The public face: what `import dubench` and `import generators` offer, and its examples."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dubench
import generators

NAMES = {
    dubench: [
        "Degradation", "DepthSpec", "InputError", "SourceSpec", "compare", "degrade", "diagnose",
        "generate", "load", "load_predictor", "load_score", "predict", "preview", "regenerate",
        "score", "train_calibration", "train_statistics", "verify", "write_manifest",
        "write_report", "write_score",
    ],
    generators: [
        "Degradation", "Degrade", "DepthSpec", "InputError", "Sample", "SourceSpec", "Stream",
        "degrade", "generate", "preview", "regenerate", "verify", "write_manifest",
    ],
}  # fmt: skip

# In an order in which each finds what it needs in the working folder.
EXAMPLES = [
    "generators.degrade", "generators.Degrade", "generators.Stream", "generators.generate",
    "generators.verify", "generators.preview", "generators.write_manifest",
    "generators.regenerate", "dubench.load", "dubench.load_predictor", "dubench.diagnose",
    "dubench.predict", "dubench.score", "dubench.write_score", "dubench.load_score",
    "dubench.compare", "dubench.write_report", "dubench.train_statistics",
    "dubench.train_calibration",
]  # fmt: skip

IMPORT_ALL = """
import pkgutil, sys
from importlib import import_module
import dubench, generators

for package in (generators, dubench):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        import_module(module.name)
"""

RUN_EXAMPLES = f"""
import doctest
{IMPORT_ALL}
runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
for path in sys.argv[1:]:
    package, name = path.split(".")
    function = getattr(sys.modules[package], name)
    examples = doctest.DocTestParser().get_doctest(function.__doc__, {{}}, path, None, None)
    if not any(f"{{name}}(" in example.source for example in examples.examples):
        sys.exit(f"no example calls {{path}}")
    runner.run(examples, clear_globs=False)
sys.exit(1 if runner.failures else 0)
"""


@pytest.mark.parametrize("package", list(NAMES))
def test_the_names(package) -> None:
    assert list(package.__all__) == NAMES[package]
    assert set(package.__all__) <= set(dir(package))
    for name in package.__all__:
        assert callable(getattr(package, name))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = package.nothing


@pytest.mark.parametrize("package", list(NAMES))
def test_type_checkers_see_the_same_names(package) -> None:
    tree = ast.parse(Path(package.__file__).read_text("utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = [alias.asname for node in block.body for alias in node.names]
    assert sorted(imported) == sorted(package.__all__)


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, dubench, generators\n"
        "heavy = {'torch', 'cv2', 'pyarrow', 'matplotlib', 'numpy', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_every_function_has_an_example() -> None:
    functions = {
        f"{package.__name__}.{name}"
        for package in NAMES
        for name in package.__all__
        # What dubench offers from generators is tried there.
        if not (package is dubench and name in generators.__all__)
        and (name[0].islower() or name in ("Degrade", "Stream"))
    }
    assert functions == set(EXAMPLES)


def test_the_examples_run_with_every_module_imported(tmp_path: Path) -> None:
    """No module hides a function of the same name, and what the docstrings show is true."""
    run = subprocess.run(
        [sys.executable, "-c", RUN_EXAMPLES, *EXAMPLES],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
