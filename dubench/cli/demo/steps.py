"""The steps from photographs to a board."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dubench.cli.demo.actions import Action, Command, Script
from dubench.cli.demo.card import write_card
from dubench.cli.demo.scripted_review import review
from generators.sources.pools import BUNDLED

MODELS = ("constant", "statistics", "nano")
BY_TRUTH = ("identity", "bilateral", "wiener", "analytic", "pnp", "ddnm+")
"""Ways to restore that are told the degradation."""

BY_NANO = "pnp"
"""The way that also restores by what nano answered."""

TOUCHED = {
    "haze": ("picosdeeuropa-by-aitzol-berasategi.jpg", "haze", "transmission=0.4"),
    "dark": ("bridge-by-sander-klootwijk.jpg", "low_light", "gamma=2.5"),
    "blur": ("dragonfly-by-bolly.jpg", "blur", "sigma=2"),
}
"""Photographs that are degraded for the diagnosis: file, type, and a value."""

UNTOUCHED = "friends-by-aitzol-berasategi.jpg"


@dataclass(frozen=True)
class Extent:
    """How much the demo makes.

    Attributes:
        pairs: of the dataset; so many that intervals need no more photographs and scenes.
        reviewed: share of them that is reviewed.
        restored: pairs of the dataset that is restored.
        photographs: whether whole photographs are restored as well.
    """

    pairs: int = 400
    reviewed: float = 0.1
    restored: int = 8
    photographs: bool = True


@dataclass(frozen=True)
class Step:
    """Some commands that belong together.

    Attributes:
        name: of the step.
        actions: in their order.
        makes: names in the demo's folder; all of them are there when it is done.
        resumes: whether, interrupted, its commands go on with what they have made; else that is
            taken away and they begin anew.
    """

    name: str
    actions: tuple[Action, ...]
    makes: tuple[str, ...]
    resumes: bool = True


def steps(out: Path, extent: Extent) -> list[Step]:
    """Every step of a demo in the folder `out`, in order."""
    return [
        _photographs(out), _dataset(out, extent), _review(out, extent), _verified(out),
        _diagnoses(out), _predictions(out), _scores(out), *_restorations(out, extent),
        _board(out),
    ]  # fmt: skip


def _command(*words: object) -> Command:
    return Command(tuple(map(str, words)))


def _photographs(out: Path) -> Step:
    def copy() -> str:
        shutil.copytree(BUNDLED, out / "photos", dirs_exist_ok=True)
        return f"{len(list((out / 'photos').glob('*.jpg')))} photographs"

    copied = Script(f"copy the photographs that come with dubench to {out / 'photos'}", copy)
    return Step("photographs", (copied,), ("photos",))


def _sources(out: Path) -> tuple[object, ...]:
    return ("--source", f"folder={out / 'photos'}")


def _dataset(out: Path, extent: Extent) -> Step:
    data = out / "dataset"
    many = "--n", extent.pairs, "--test-only"
    scenes = "--source", "dead-leaves"
    return Step(
        "dataset",
        (
            _command("generate", *many, *_sources(out), *scenes, "--out", data),
            _command("verify", data),
            _command("preview", data),
        ),
        ("dataset",),
    )


def _review(out: Path, extent: Extent) -> Step:
    data = out / "dataset"
    return Step(
        "review",
        (
            _command("review", "plan", data, "--fraction", extent.reviewed, "--overlap", 1),
            Script(f"two scripts review {data}, in the place of people", lambda: review(data)),
            _command("review", "status", data),
        ),
        ("dataset.review",),
        resumes=False,
    )


def _verified(out: Path) -> Step:
    scenes = "--source", "dead-leaves"
    finalize = "review", "finalize", out / "dataset", "--out", out / "verified"
    return Step(
        "verified",
        (_command(*finalize, *_sources(out), *scenes), _command("verify", out / "verified")),
        ("verified",),
    )


def _diagnoses(out: Path) -> Step:
    files = [out / f"{name}.png" for name in TOUCHED]
    degraded = [
        _command("degrade", out / "photos" / photo, "--type", type_name, "--set", value,
                 "--out", file)
        for file, (photo, type_name, value) in zip(files, TOUCHED.values(), strict=True)
    ]  # fmt: skip
    looked_at = *files, out / "photos" / UNTOUCHED
    diagnosed = _command("diagnose", *looked_at, "--evidence", out / "evidence")
    return Step("diagnoses", (*degraded, diagnosed), (*(file.name for file in files), "evidence"))


def _predictions(out: Path) -> Step:
    return Step(
        "predictions",
        tuple(
            _command("predict", "--model", model, "--dataset", out / "verified",
                     "--out", out / f"{model}.jsonl")
            for model in MODELS
        ),
        tuple(f"{model}.jsonl" for model in MODELS),
    )  # fmt: skip


def _scores(out: Path) -> Step:
    return Step(
        "scores",
        tuple(
            _command("score", out / f"{model}.jsonl", "--out", out / f"{model}.json")
            for model in MODELS
        ),
        tuple(f"{model}.json" for model in MODELS),
    )


def _restorations(out: Path, extent: Extent) -> Iterator[Step]:
    few, answers = out / "few", out / "few-nano.jsonl"
    many = "--n", extent.restored, "--test-only", "--seed", 3
    yield Step(
        "few",
        (
            _command("generate", *many, *_sources(out), "--out", few),
            _command("predict", "--model", "nano", "--dataset", few, "--out", answers),
        ),
        (few.name, answers.name),
    )
    runs = [(name, "truth", restored(name)) for name in BY_TRUTH]
    runs.append((BY_NANO, str(answers), restored(BY_NANO, by_nano=True)))
    for method, params, folder in runs:
        flags = "--params", params, "--method", method
        score = "score", answers, "--dataset", few, "--restored", out / folder
        measured = "--metrics", "psnr,ssim", "--out", out / f"{folder}.json"
        yield Step(
            folder,
            (
                _command("restore", "--dataset", few, *flags, "--out", out / folder),
                _command(*score, *measured),
            ),
            (folder, f"{folder}.json"),
        )
    if extent.photographs:
        files = [out / f"{name}.png" for name in TOUCHED]
        whole = _command("restore", *files, "--out", out / "restored-photographs", "--compare")
        yield Step("restored-photographs", (whole,), ("restored-photographs",))


def restored(method: str, by_nano: bool = False) -> str:
    """The name of the folder, and of the step, of images that a method restored."""
    return f"restored-{method.replace('+', '-plus')}{'-by-nano' if by_nano else ''}"


def _board(out: Path) -> Step:
    board, card = out / "board", out / "nano.yaml"
    title = "--title", "Demo board"
    return Step(
        "board",
        (
            _command("leaderboard", "epoch", board, "--dataset", out / "verified", *title),
            Script(f"write {card}, what the submitter says of the model", lambda: write_card(card)),
            _command("leaderboard", "add", out / "nano.jsonl", "--card", card, "--board", board),
            _command("leaderboard", "check", board),
            _command("leaderboard", "build", board),
        ),
        (board.name, card.name),
        resumes=False,
    )
