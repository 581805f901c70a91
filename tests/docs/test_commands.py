"""Every command in the pages is one that dubench has, with options and values that it takes."""

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from dubench.cli import app
from dubench.ddnm.methods import METHODS
from dubench.predictors import KNOWN
from dubench.scoring.restored.metrics import METRICS, SETS
from generators.depth.attach import DepthSpec
from generators.engines import check as check_engine
from generators.errors import InputError
from generators.presets import load as load_preset
from generators.sources.pools import SourceSpec
from generators.taxonomy import TYPES
from tests.docs.pages import PAGES, ROOT, SCRIPTS, commands, name, spans

ROOT_COMMAND = typer.main.get_command(app)
MODELS = {known.partition(":")[0] for known in KNOWN}


def one_of(*values: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        assert value in values, f"{value} is none of {', '.join(values)}"

    return check


def metrics(value: str) -> None:
    assert value in SETS or set(value.split(",")) <= METRICS.keys(), value


# What an option takes beyond its type, by the parameter's name.
VALUES: dict[str, Callable[[str], object]] = {
    "depth": DepthSpec.parse,
    "engine": lambda value: check_engine(value, None),
    "form": one_of("eee", "hub"),
    "method": one_of(*METHODS),
    "metrics": metrics,
    "preset": load_preset,
    "source": SourceSpec.parse,
    "split": one_of("train", "validation", "test"),
    "type_name": one_of(*TYPES),
}
# The pages that add a preset or a type before they name it.
ADDED = {"docs/adding-a-degradation.md": {"five", "motion_blur"}}


def walk(words: list[str]) -> tuple[Any, list[str]]:
    """The command or group of commands that `words` begin with, and what is left of them."""
    command, rest = ROOT_COMMAND, words
    while rest and hasattr(command, "commands"):
        if rest[0] not in command.commands:
            raise InputError(f"there is no command {' '.join(words)}")
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


def flags(command: Any) -> set[str]:
    return {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)}


def leaves(command: Any = ROOT_COMMAND) -> Iterator[Any]:
    if hasattr(command, "commands"):
        for below in command.commands.values():
            yield from leaves(below)
    else:
        yield command


def problem(words: list[str], added: Collection[str] = ()) -> str:
    """What is wrong with a command, or nothing."""
    try:
        _check(words, added)
    except (AssertionError, InputError) as error:
        return str(error)
    except Exception as error:
        # What typer raises; its classes' home differs between versions.
        if not hasattr(error, "format_message"):
            raise
        return str(error.format_message())
    return ""


def _check(words: list[str], added: Collection[str]) -> None:
    """Parse a command as the command line does, but for what only a disk can say."""
    command, rest = walk(words)
    assert command in leaves(), f"{' '.join(words)} wants a command after it"
    given = command.make_context(command.name, list(rest)).params
    for option, value in given.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            if option in VALUES and one is not None and not one.isupper() and one not in added:
                VALUES[option](one)
    asked = given.get("model") or given.get("params")
    if asked and command.name in ("predict", "diagnose", "restore"):
        model = asked.partition(":")[0]
        is_known = asked == "truth" or asked.endswith(".jsonl")
        assert model in MODELS or model.isupper() or is_known, f"no model {asked}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands(page: Path) -> None:
    wrong = []
    for command in commands(page):
        if why := problem(command.arguments, ADDED.get(command.page, ())):
            wrong.append(f"{command.page}:{command.line}: {command.text}\n  {why}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in SCRIPTS], ids=name)
def test_commands_in_prose(page: Path) -> None:
    """Commands and options in the text exist; arguments may be left out there."""
    every = {flag for command in leaves() for flag in flags(command)}
    wrong = []
    for span in spans(page):
        words = span.removeprefix("dubench ").split()
        if span.startswith("--"):
            known = every
        elif span.startswith("dubench ") or (words[0] in ROOT_COMMAND.commands and words[1:]):
            try:
                known = flags(walk(words)[0])
            except InputError as error:
                wrong.append(str(error))
                continue
        else:
            continue
        wrong += [f"{span}: no {word}" for word in words if word[:2] == "--" and word not in known]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_of_the_repository(page: Path) -> None:
    """Targets of make and scripts that are named exist."""
    text = page.read_text("utf-8")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"[`\n]make ([a-z-]+)", text)) <= set(targets)
    for script in re.findall(r"\bpython ([\w/]+\.py)\b", text):
        assert (ROOT / script).is_file(), script


def test_a_renamed_flag_is_noticed() -> None:
    assert not problem(["generate", "--n", "8", "--source", "folder=PHOTOS@2"])
    for wrong in (
        "generate --count 8",
        "generate --n many",
        "generate --n",
        "generat --n 8",
        "train",
        "verify",
        "degrade photo.jpg --type fog",
        "generate --preset du111k",
        "generate --source folders=PHOTOS",
        "generate --engine spark",
        "predict --model statistic",
        "restore photo.jpg --method magic",
        "score preds.jsonl --metrics psnr,ssi",
        "review settle DIR ID maybe",
    ):
        assert problem(wrong.split()), wrong
