"""Run the steps of a demo, one after the other; an interrupted run goes on where it stopped."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from dubench.cli.demo import journal as journals
from dubench.cli.demo.journal import Journal, Ran
from dubench.cli.demo.steps import Step
from generators.errors import InputError


def run(out: Path, steps: Sequence[Step]) -> Journal:
    """Run `steps` in the folder `out`, or the rest of them; a finished demo is made anew.

    Raises:
        typer.Exit: a command failed or was interrupted; what is done is kept.
    """
    journal = journals.read(out)
    if journal is None or not _goes_on(journal, steps, out):
        journal = journals.write(out, Journal({}))
    count, number = sum(len(step.actions) for step in steps), 0
    for step in steps:
        if step.name not in journal.steps:
            resumed = step.resumes and journal.begun == step.name
            journal = journals.write(out, replace(journal, begun=step.name))
            done = _run_step(out, step, resumed, number, count)
            journal = replace(journal, steps={**journal.steps, step.name: done})
            journals.write(out, journal)
        number += len(step.actions)
    return journal


def _run_step(out: Path, step: Step, resumed: bool, before: int, count: int) -> tuple[Ran, ...]:
    """Run a step's actions; `before` of all `count` actions come before them."""
    if not resumed:
        for name in step.makes:
            _remove(out / name)
    done = []
    for at, action in enumerate(step.actions, before + 1):
        print(f"[{at:2}/{count}] {action.line}", file=sys.stderr, flush=True)
        start = perf_counter()
        try:
            output = action.run()
        except InputError:
            if not resumed:
                raise
            return _run_step(out, step, False, before, count)  # another version left it
        shown = output.replace(str(out.absolute()), str(out))
        done.append(Ran(action.line, shown, round(perf_counter() - start, 2)))
    return tuple(done)


def _goes_on(journal: Journal, steps: Sequence[Step], out: Path) -> bool:
    """Whether what is done is the beginning of `steps`, and still there."""
    done = {name: [ran.line for ran in rans] for name, rans in journal.steps.items()}
    planned = {step.name: [action.line for action in step.actions] for step in steps[: len(done)]}
    there = all((out / name).exists() for step in steps[: len(done)] for name in step.makes)
    return not journal.finished and list(done.items()) == list(planned.items()) and there


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
