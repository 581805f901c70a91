"""Fit the networks: one process and one thread each, so that sums have one order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.model import Network, Perceptron
from generators import engines

MEMBERS = 3
HIDDEN = (128, 64)
EPOCHS, BATCH = 30, 256
LEAST_STEPS = 120  # of a small dataset, which then is gone through more often
RATE, DECAY, DROPOUT = 2e-3, 1e-2, 0.2
_WARM_UP = 0.1  # share of the steps

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Job:
    """What one network learns: `targets` (n, out), distributions, from `inputs` (n, in)."""

    name: str
    inputs: Floats
    targets: Floats


def fit_all(
    jobs: Sequence[Job], seed: int, workers: int, on_progress: Callable[[int, int], None]
) -> dict[str, Network]:
    """Fit a network of MEMBERS for every job; `on_progress` is called with the epochs done, and of
    all."""
    done = 0

    def one_more(_: int) -> None:
        nonlocal done
        done += 1
        on_progress(done, total)

    tasks = [(job, MEMBERS * seed + member) for job in jobs for member in range(MEMBERS)]
    total = sum(_epochs(job) for job, _ in tasks)
    fitted = list(engines.run(_fit, tasks, workers, one_more))
    return {
        job.name: Network(fitted[MEMBERS * number : MEMBERS * (number + 1)])
        for number, job in enumerate(jobs)
    }


def _batches(job: Job) -> int:
    return -(-len(job.inputs) // BATCH)


def _epochs(job: Job) -> int:
    return max(EPOCHS, -(-LEAST_STEPS // _batches(job)))


def _fit(task: tuple[Job, int], report: Callable[[int], None]) -> Perceptron:
    """Cross-entropy, AdamW, one cycle of the learning rate."""
    import torch

    job, seed = task
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    inputs, targets = torch.from_numpy(job.inputs), torch.from_numpy(job.targets)
    widths = (inputs.shape[1], *HIDDEN)
    hidden: list[torch.nn.Module] = []
    for into, out_of in zip(widths, HIDDEN, strict=False):
        hidden += [torch.nn.Linear(into, out_of), torch.nn.ReLU(), torch.nn.Dropout(DROPOUT)]
    net = torch.nn.Sequential(*hidden, torch.nn.Linear(widths[-1], targets.shape[1]))
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    batches, epochs = _batches(job), _epochs(job)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=epochs * batches, pct_start=_WARM_UP
    )
    for epoch in range(epochs):
        for rows in torch.randperm(len(inputs)).chunk(batches):
            loss = torch.nn.functional.cross_entropy(net(inputs[rows]), targets[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        report(epoch)
    linear = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
    return Perceptron([(at.weight.detach().numpy(), at.bias.detach().numpy()) for at in linear])
