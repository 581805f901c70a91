"""The whole story in one command: from photographs to a leaderboard, ending in one page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dubench.cli.options import resumable

if TYPE_CHECKING:
    from dubench.cli.demo.steps import Extent

NEEDED = ("torch", "transformers", "krippendorff")


def demo(
    out: Annotated[
        Path, typer.Option(help="Folder to write to; an earlier demo's is replaced.")
    ] = Path("demo"),
) -> None:
    """Go all the way from photographs to a leaderboard, offline, and show it in one page."""
    from dubench.cli.demo.steps import Extent

    print(run_demo(out, Extent()))


def run_demo(out: Path, extent: "Extent") -> Path:
    """Run every step of the demo in the folder `out`, or what an interrupted run has left of them;
    returns the page.

    Raises:
        InputError: a package of NEEDED is missing, or `out` holds something else.
        typer.Exit: a command failed, or was interrupted.
    """
    from dubench.cli.demo.journal import check_out
    from dubench.cli.demo.page import write_page
    from dubench.cli.demo.run import run
    from dubench.cli.demo.steps import steps
    from dubench.packages import check_training
    from generators.lock import hold_folder

    check_training(*NEEDED, what="the demo", extra="train,review")
    check_out(out)
    with resumable(f"what is in {out} is safe"), hold_folder(out):
        journal = run(out, steps(out, extent))
        return write_page(out, journal)
