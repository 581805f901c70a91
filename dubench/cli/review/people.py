"""Who may log in to a review."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import fail

Name = Annotated[str, typer.Argument(help="Letters, digits, dots, - or _.")]
Reviewed = Annotated[Path, typer.Option(help="Folder of the dataset.")]
Owner = Annotated[
    bool, typer.Option("--owner", help="Sees and settles what reviewers said; does not judge.")
]
_FOLDER = Path("du110k")


def add_reviewer(name: Name, dataset: Reviewed = _FOLDER, owner: Owner = False) -> None:
    """Let someone log in; asks for a password, or reads it from a pipe."""
    from annotation_ui.folder import quoted, review_of

    store = review_of(dataset)
    store.accounts.add(name, _password(name), "owner" if owner else "reviewer")
    print(f"{name} may log in; next: dubench review serve {quoted(dataset)}")


def set_password(name: Name, dataset: Reviewed = _FOLDER) -> None:
    """Give someone another password, which logs them out; asks for it, or reads a pipe."""
    from annotation_ui.folder import review_of

    accounts = review_of(dataset).accounts
    account = accounts.known(name)
    accounts.set_password(account.name, _password(account.name))
    print(f"{account.name} has another password")


def invite(
    name: Name,
    dataset: Reviewed = _FOLDER,
    owner: Owner = False,
    url: Annotated[
        str, typer.Option(help="Where the review is served.")
    ] = "http://127.0.0.1:7860/",
) -> None:
    """Print a link with which someone chooses a password, once, within a week."""
    from annotation_ui.folder import review_of

    token = review_of(dataset).accounts.invite(name, "owner" if owner else None)
    print(f"{url.rstrip('/')}/join#{token}")


def disable(name: Name, dataset: Reviewed = _FOLDER) -> None:
    """Let someone log in no more, at once; what they judged stays."""
    _set_disabled(name, dataset, True)


def enable(name: Name, dataset: Reviewed = _FOLDER) -> None:
    """Let someone log in again."""
    _set_disabled(name, dataset, False)


def _set_disabled(name: str, dataset: Path, disabled: bool) -> None:
    from annotation_ui.folder import review_of

    accounts = review_of(dataset).accounts
    account = accounts.known(name)
    accounts.set_disabled(account.name, disabled)
    print(f"{account.name} may {'not log in any more' if disabled else 'log in again'}")


def _password(name: str) -> str:
    from getpass import getpass

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass(f"Password for {name} (8 characters or more): ")
    if getpass("Again: ") != password:
        raise typer.Exit(fail("the two passwords differ; nothing was changed"))
    return password
