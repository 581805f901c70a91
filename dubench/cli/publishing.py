"""Publish datasets and boards."""

from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import Json, note, print_json
from generators.errors import InputError


def publish(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a dataset or of a board.")
    ],
    to: Annotated[str, typer.Option(help="OWNER/NAME of the repository on the Hub.")],
    title: Annotated[
        str | None, typer.Option(help="Of a dataset as a benchmark; that of its folder by default.")
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="If the repository is made: for you alone.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would go up or be removed; send nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Publish a dataset, or a board's pages as a Space, on the Hugging Face Hub."""
    from dubench.publish import RepoType, check_repo, dataset_files, outdated
    from dubench.publish import publish as run
    from leaderboard.exchange.publish import site_files
    from leaderboard.stored.board import FILE

    check_repo(to)
    kind: RepoType = "space" if (folder / FILE).is_file() else "dataset"
    files = (
        site_files(folder)
        if kind == "space"
        else dataset_files(folder, title or folder.absolute().name)
    )
    total = sum(file.size for file in files)
    address: str | None = None
    removed: list[str] | None = None
    if not dry_run:
        done = run(files, to, kind, private=private)
        address, removed = done.address, done.removed
    else:
        try:
            removed = outdated(files, to, kind)
        except InputError as error:
            note(f"what would be removed from {to} is not listed, since it cannot be seen: {error}")
    if as_json:
        listed = [{"path": file.path, "bytes": file.size} for file in files]
        print_json(
            {"to": to, "type": kind, "files": listed, "bytes": total, "removed": removed,
             "commit": address}
        )  # fmt: skip
        return
    if dry_run:
        for file in files:
            print(f"{file.size:>14,}  {file.path}")
        for path in removed or []:
            print(f"{'removed':>14}  {path}")
    what = "would go to" if dry_run else "are in"
    gone = f"; {len(removed):,} of before removed" if removed else ""
    print(f"{len(files):,} files, {total / 1e6:,.1f} MB, {what} the {kind} {to}{gone}")
    if address:
        print(address)
