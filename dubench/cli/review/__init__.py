"""The human pass over a tenth of a dataset, in the browser."""

import typer

from dubench.cli.review import passing, people, results

app = typer.Typer(help="Let people verify a tenth of a dataset, in the browser.")
for command in (
    passing.plan,
    passing.overlap,
    passing.serve,
    passing.status,
    passing.finalize,
    passing.export,
    passing.backup,
    passing.restore,
    people.add_reviewer,
    people.invite,
    people.set_password,
    people.disable,
    people.enable,
    results.results,
    results.settle,
    results.hand_out,
    results.discard,
):
    app.command()(command)
