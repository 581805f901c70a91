"""Train models: by examples, and by what comes of their answers."""

import typer

from dubench.cli.training import learning, reinforcing

app = typer.Typer(help="Train a model.")
for command in (
    learning.statistics,
    learning.calibration,
    learning.prior,
    learning.sft,
    reinforcing.grpo,
    reinforcing.online,
):
    app.command()(command)
