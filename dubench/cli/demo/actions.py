"""What a step consists of: a command as users type it, or something that no command does."""

import io
import shlex
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass

import typer

from dubench.cli.options import INTERRUPTED


@dataclass(frozen=True)
class Command:
    """A command line of dubench, run in this process; `arguments` stand after `dubench`."""

    arguments: tuple[str, ...]

    @property
    def line(self) -> str:
        """As it is typed."""
        return shlex.join(("dubench", *self.arguments))

    def run(self) -> str:
        """Run it; returns what it printed.

        Raises:
            InputError: as the command.
            typer.Exit: it ended with another exit code than 0, which is passed on.
        """
        from dubench.cli import app

        with redirect_stdout(io.StringIO()) as printed:
            code = app(list(self.arguments), standalone_mode=False)
        if code:
            if code != INTERRUPTED:
                print(printed.getvalue(), end="")
            raise typer.Exit(code)
        return printed.getvalue()


@dataclass(frozen=True)
class Script:
    """What is no command: `line` says in words what `action` does, which returns its output."""

    line: str
    action: Callable[[], str]

    def run(self) -> str:
        """Do it; returns what there is to say of it."""
        return self.action()


Action = Command | Script
