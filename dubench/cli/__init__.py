"""The `dubench` command: every sub-command is a few lines over a function that does the work."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from dubench.cli import (
    datasets,
    diagnosing,
    generating,
    predicting,
    restoring,
    review,
    scoring,
    tolerance,
    training,
)
from dubench.cli.options import fail
from generators.errors import InputError

app = typer.Typer(
    name="dubench",
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
    scoring.score,
    scoring.compare,
    scoring.report,
):
    app.command()(command)
app.add_typer(training.app, name="train")
app.add_typer(review.app, name="review")


def main() -> None:
    """Run the command line; a user's mistake is one line on stderr and exit code 2."""
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], standalone_mode=False))
    except InputError as error:
        sys.exit(fail(str(error)))
    except Exception as error:
        # What typer raises for a wrong option; its classes' home differs between versions.
        if not hasattr(error, "format_message"):
            raise
        sys.exit(fail(f"{error.format_message().rstrip('.')}; see --help"))


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
