"""Train the models that dubench ships, on data of your own."""

import typer

app = typer.Typer(help="Train a model.", no_args_is_help=True)
