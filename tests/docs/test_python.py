"""The Python in the pages compiles, and what it takes from these packages is there."""

import ast
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Block, blocks, name

PACKAGES = ("generators", "dubench", "annotation_ui", "leaderboard")

# Its blocks are pieces of files; tests/adding_a_degradation applies them.
PIECES = "docs/adding-a-degradation.md"


def python(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language == "python"]


def names(module: str) -> set[str]:
    """What a module of these packages defines, without importing it."""
    path = ROOT / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    found = {below.stem for below in path.iterdir()} if path.is_dir() else set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def missing(tree: ast.AST) -> list[str]:
    """Names of these packages that a program imports or reads, and that are not there."""
    wrong = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in PACKAGES:
            there = names(str(node.module))
            wrong += [f"{node.module}.{one.name}" for one in node.names if one.name not in there]
        elif isinstance(node, ast.Import):
            for one in node.names:
                if one.name.partition(".")[0] in PACKAGES:
                    names(one.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            package = node.value.id
            if package in PACKAGES and node.attr not in names(package):
                wrong.append(f"{package}.{node.attr}")
    return wrong


@pytest.mark.parametrize("page", [page for page in PAGES if python(page)], ids=name)
def test_python(page: Path) -> None:
    for block in python(page):
        if block.page != PIECES:
            tree = ast.parse(block.text, f"{block.page}:{block.line}")
            assert not missing(tree), f"{block.page}:{block.line}"


def test_a_renamed_function_is_noticed() -> None:
    assert not missing(ast.parse("import dubench\nfrom generators import degrade\ndubench.load"))
    assert missing(ast.parse("from generators import degrade_it")) == ["generators.degrade_it"]
    assert missing(ast.parse("import dubench\ndubench.load_it()")) == ["dubench.load_it"]
    with pytest.raises(FileNotFoundError):
        missing(ast.parse("from dubench.nowhere import thing"))
