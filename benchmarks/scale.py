"""Ten thousand shards on a simulated cluster whose nodes die and are slow, by the real schedule.

python benchmarks/scale.py             # a minute
python benchmarks/scale.py --help
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import machine
import numpy as np
from simulated_cluster import SimulatedCluster

from generators.engines.scheduling import Schedule
from generators.errors import InputError

HOUR = 3600.0
SECONDS, SPREAD = 5.5, 0.15  # of a shard of 700 pairs on one core, measured; log-normal


@dataclass(frozen=True)
class Case:
    """A cluster.

    Attributes:
        name: in the table.
        mean_life: seconds that a node lives on average, exponentially distributed.
        slow: every so manieth node takes four times as long; none if 0.
    """

    name: str
    mean_life: float = float("inf")
    slow: int = 0


CASES = (
    Case("no failure"),
    Case("one node in 20 four times slower", slow=20),
    Case("a node lives a day on average", 24 * HOUR),
    Case("an hour", HOUR),
    Case("ten minutes", HOUR / 6),
    Case("ten minutes, and one in 20 slow", HOUR / 6, 20),
    Case("two minutes", HOUR / 30),
)


@dataclass(frozen=True)
class Run:
    """What came of one run.

    Attributes:
        deaths: of nodes.
        retries: tasks begun again.
        lost: core time of lost tasks, as a share of that of the others.
        makespan: simulated time, as a multiple of the work shared out over all cores.
        there: how many of the cores were there, on average.
        queued: the most tasks that waited for a core.
        held: the most results that waited for one before them.
        cpu_us: CPU microseconds of the schedule and the simulation per task.
        given_up: whether a task was lost too often.
    """

    deaths: int
    retries: int
    lost: float
    makespan: float
    there: float
    queued: int
    held: int
    cpu_us: float
    given_up: bool


def simulate(case: Case, shards: int, nodes: int, cores: int, seed: int) -> Run:
    rng = np.random.default_rng(seed)
    tasks = (SECONDS * rng.lognormal(-(SPREAD**2) / 2, SPREAD, shards)).tolist()
    cluster = SimulatedCluster(
        cores,
        [4.0 if case.slow and node % case.slow == 0 else 1.0 for node in range(nodes)],
        lambda: float(rng.exponential(case.mean_life)) if case.mean_life < np.inf else np.inf,
    )
    done = yielded = held = 0

    def on_result(_: None) -> None:
        nonlocal done, held
        done += 1
        held = max(held, done - yielded)

    schedule = Schedule(cluster, tasks, on_result)
    given_up, start = False, time.process_time()
    try:
        for _ in schedule.results():
            yielded += 1
    except InputError:
        given_up = True
    cpu = time.process_time() - start
    ideal = sum(tasks) / (nodes * cores)
    return Run(
        cluster.deaths,
        schedule.lost,
        cluster.wasted / cluster.done,
        cluster.now / ideal,
        cluster.there / (nodes * cores * cluster.now),
        cluster.most_queued,
        held,
        1e6 * cpu / shards,
        given_up,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shards", type=int, default=10_000)
    parser.add_argument("--nodes", type=int, default=25)
    parser.add_argument("--cores", type=int, default=8, help="of a node")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    columns: dict[str, Callable[[Run], float]] = {
        "deaths": lambda run: run.deaths,
        "retries": lambda run: run.retries,
        "work lost, %": lambda run: 100 * run.lost,
        "makespan / ideal": lambda run: run.makespan,
        "cores there, %": lambda run: 100 * run.there,
        "largest queue": lambda run: run.queued,
        "results held": lambda run: run.held,
        "CPU a task, µs": lambda run: run.cpu_us,
        "given up": lambda run: run.given_up,
    }
    print(f"| {options.shards:,} shards | {' | '.join(columns)} |")
    print("|---" * (len(columns) + 1) + "|")
    for case in CASES:
        print(case.name, file=sys.stderr)
        runs = [
            simulate(case, options.shards, options.nodes, options.cores, seed)
            for seed in range(options.seeds)
        ]
        cells = [_cell([value(run) for run in runs]) for value in columns.values()]
        print(f"| {case.name} | {' | '.join(cells)} |")
    print(f"\n{machine.describe(('numpy',))}")


def _cell(values: list[float]) -> str:
    """Median (least–most)."""
    middle, least, most = (
        f"{v:,.0f}" if v >= 100 else f"{v:.3g}"
        for v in (statistics.median(values), min(values), max(values))
    )
    return middle if least == most else f"{middle} ({least}–{most})"


if __name__ == "__main__":
    main()
