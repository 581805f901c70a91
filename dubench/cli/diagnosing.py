"""Say what is wrong with photographs."""

import json
from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import fail


def diagnose(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Photographs, and folders of them.")
    ],
    model: Annotated[
        str | None,
        typer.Option(help="As of dubench predict; statistics:du110k-real unless given."),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(help="Folder for a PNG each: spectrum, edges, probabilities, ranges."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON per photograph.")
    ] = False,
) -> None:
    """Say what is wrong with photographs: nothing or a type, how severe, by which values."""
    from dubench.diagnosing import DEFAULT_MODEL, open_model
    from dubench.diagnosing.run import run
    from dubench.diagnosing.terminal import show
    from dubench.progress import counting

    predictor = open_model(model or DEFAULT_MODEL)
    done = []
    failed = False
    try:
        with counting("photographs") as on_progress:
            for path, result in run(paths, predictor, evidence, on_progress):
                if isinstance(result, str):
                    failed = True
                    fail(result)
                    line = {"error": result}
                else:
                    done.append((path, result))
                    line = result.to_json()
                if as_json:
                    print(json.dumps({"photograph": str(path)} | line), flush=True)
    finally:
        if done and not as_json:
            show(done)
    raise typer.Exit(2 if failed else 0)
