"""The `dubench` command: every sub-command is a few lines over a function that does the work."""

import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dubench.cli import (
    ablating,
    datasets,
    demo,
    diagnosing,
    generating,
    leaderboard,
    predicting,
    publishing,
    restoring,
    review,
    scoring,
    terminal,
    tolerance,
    training,
)
from dubench.cli.options import INTERRUPTED, fail
from generators.errors import InputError, plain_errors


class _Commands(TyperGroup):
    """Say that Ctrl-C stopped a command of which nothing more can be said."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            fail("stopped")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name="dubench",
    cls=_Commands,
    help="Benchmarks of parametric image degradation understanding: make, verify, score.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    diagnosing.diagnose,
    generating.generate,
    datasets.verify,
    datasets.preview,
    datasets.manifest,
    generating.degrade,
    predicting.predict,
    restoring.restore,
    tolerance.tolerance,
    ablating.ablate,
    scoring.score,
    scoring.compare,
    scoring.report,
    publishing.publish,
    demo.demo,
):
    app.command()(command)
app.add_typer(training.app, name="train")
app.add_typer(review.app, name="review")
app.add_typer(leaderboard.app, name="leaderboard")


def main() -> None:
    """Run the command line; what goes wrong is one line on stderr and exit code 2."""
    terminal.prepare()
    try:
        with plain_errors():
            sys.exit(_run())
    except InputError as error:
        sys.exit(fail(str(error)))


def _run() -> int | None:
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        return terminal.end_of_pipe()
    except typer.Abort:  # Ctrl-C at a question
        fail("stopped")
        return INTERRUPTED
    except Exception as error:
        # What typer raises for a wrong option; its classes' home differs between versions.
        if not hasattr(error, "format_message"):
            raise
        raise InputError(f"{error.format_message().rstrip('.')}; see --help") from None


def _version(asked: bool) -> None:
    if asked:
        print(f"dubench {version('dubench')}")
        raise typer.Exit


@app.callback()
def _start(
    _: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print it.")
    ] = False,
) -> None:
    from dubench.cli.environment import check_owners

    check_owners()
