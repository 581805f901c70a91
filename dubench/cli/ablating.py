"""The paper's ablations, on nano."""

from pathlib import Path
from typing import Annotated

import typer

from dubench.cli.options import Json, Workers, print_json, resumable
from generators.lock import hold_beside


def ablate(
    dataset: Annotated[
        str, typer.Option(help="Folder, Parquet glob or Hub name; its train split is learnt from.")
    ] = "du110k",
    test: Annotated[
        str | None,
        typer.Option(help="Dataset whose test split is scored; that of --dataset unless given."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for all of it.")] = Path("ablation"),
    seconds: Annotated[
        float, typer.Option(help="CPU time for each arm that learns from first weights.")
    ] = 600,
    reward_seconds: Annotated[
        float, typer.Option(help="CPU time for each arm that goes on from those of all views.")
    ] = 300,
    seeds: Annotated[int, typer.Option(help="How often each arm is trained.")] = 3,
    tables: Annotated[
        str,
        typer.Option(
            help="Of views (Table 4), training (Table 5) and grid (Figure 7): whose arms to train."
        ),
    ] = "views,training,grid",
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Train nano without each view, rationale, fine grid and reward, at equal CPU time; resumable.

    The paper's Tables 4 and 5 and Figure 7, with a verdict on each of its claims.
    """
    from dubench.duvlm.ablation import ablate as run
    from dubench.duvlm.ablation.result import Ablation
    from dubench.report import ablation
    from generators.typed_json import to_json

    def on_seed(result: Ablation) -> None:
        ablation.write(result, out)

    chosen = [table.strip() for table in tables.split(",")]
    with resumable(f"what is in {out} is safe"), hold_beside(out):
        result = run(dataset, out, test, seconds, reward_seconds, seeds, chosen, workers, on_seed)
    if as_json:
        print_json(to_json(result))
        return
    ablation.show(result)
    print(out)
