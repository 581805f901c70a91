"""The pages, their fenced blocks, and the commands in them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = [ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]
"""Pages that speak of scripts beside dubench, whose options they name."""

PAGES = [ROOT / "README.md", *SCRIPTS, *sorted((ROOT / "docs").glob("*.md"))]

_FENCED = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_SHELLS = {"", "bash", "console", "sh"}
_ENDS = set("|;&<>()")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, in which language, and what."""

    page: str
    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """One call of dubench, `arguments` without the word itself, and `text`, its shell command."""

    page: str
    line: int
    arguments: list[str]
    text: str


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    text = page.read_text("utf-8")
    for match in _FENCED.finditer(text):
        line = text.count("\n", 0, match.start()) + 2
        yield Block(name(page), line, match["language"], match["text"])


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCED.sub("", page.read_text("utf-8"))


def spans(page: Path) -> list[str]:
    """The code in a page's prose."""
    return _SPAN.findall(prose(page))


def shell_lines(block: Block) -> Iterator[tuple[int, str]]:
    """Line number and text of each command of a block: behind `$ ` where there is such a line."""
    if block.language not in _SHELLS:
        return
    lines = block.text.splitlines()
    prompts = any(line.startswith("$ ") for line in lines)
    at, parts = 0, list[str]()
    for number, line in enumerate(lines, block.line):
        if parts and (parts[-1].endswith("\\") or (prompts and line.startswith("> "))):
            parts.append(line.removeprefix("> ") if prompts else line)
            continue
        if parts:
            yield at, "\n".join(parts)
        parts = [line.removeprefix("$ ")] if line.startswith("$ ") or not prompts else []
        at = number
    if parts:
        yield at, "\n".join(parts)


def words(text: str) -> list[str]:
    """A shell command in words, without comments; what ends a command is a word of its own."""
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(lexer)


def commands(page: Path) -> Iterator[Command]:
    """Every call of dubench in the blocks of a page."""
    for block in blocks(page):
        for line, text in shell_lines(block):
            if "dubench" in text:
                for arguments in _calls(words(text)):
                    yield Command(block.page, line, arguments, text)


def _calls(shell: list[str]) -> Iterator[list[str]]:
    for at, word in enumerate(shell):
        if word == "dubench.cli" or (word == "dubench" and shell[at - 1 : at] != ["-m"]):
            rest = shell[at + 1 :]
            ends = [i for i, other in enumerate(rest) if set(other) <= _ENDS]
            yield rest[: ends[0] if ends else None]
