"""Steps one after the other: kept when interrupted, made anew when finished."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from dubench.cli.demo import journal as journals
from dubench.cli.demo.actions import Command, Script
from dubench.cli.demo.journal import Journal, check_out
from dubench.cli.demo.run import run
from dubench.cli.demo.steps import Extent, Step, steps
from generators.errors import InputError


def step(out: Path, name: str, did: list[str], resumes: bool = True, stop: str = "") -> Step:
    """A step that appends its name to its file, and stops on the way if it is `stop`."""

    def act() -> str:
        did.append(name)
        with (out / name).open("a") as file:
            file.write(name)
        if stop == name:
            raise typer.Exit(130)
        return f"{out.absolute()}/{name}"

    return Step(name, (Script(f"make {name}", act),), (name,), resumes)


@pytest.mark.parametrize(("resumes", "left"), [(True, "bb"), (False, "b")])
def test_an_interrupted_run_goes_on(tmp_path: Path, resumes: bool, left: str) -> None:
    did: list[str] = []
    first = [step(tmp_path, name, did, resumes, stop="b") for name in "abc"]
    with pytest.raises(typer.Exit):
        run(tmp_path, first)
    journal = run(tmp_path, [step(tmp_path, name, did, resumes) for name in "abc"])
    assert did == ["a", "b", "b", "c"]
    assert (tmp_path / "b").read_text() == left
    assert [ran.line for ran in journal.commands] == ["make a", "make b", "make c"]
    assert journal.commands[0].output == f"{tmp_path}/a"


def test_a_finished_demo_is_made_anew(tmp_path: Path) -> None:
    did: list[str] = []
    both = [step(tmp_path, name, did) for name in "ab"]
    journals.write(tmp_path, replace(run(tmp_path, both), finished=True))
    run(tmp_path, both)
    assert did == ["a", "b", "a", "b"]
    assert (tmp_path / "a").read_text() == "a"


SPOIL: dict[str, Callable[[Path], object]] = {
    "taken away": lambda out: (out / "a").unlink(),
    "other steps": lambda out: journals.write(out, Journal({"z": ()})),
    "half a journal": lambda out: (out / journals.FILE).write_text("{"),
}


@pytest.mark.parametrize("spoil", SPOIL.values(), ids=SPOIL)
def test_what_cannot_be_gone_on_with_is_made_anew(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    did: list[str] = []
    run(tmp_path, [step(tmp_path, "a", did)])
    spoil(tmp_path)
    run(tmp_path, [step(tmp_path, name, did) for name in "ab"])
    assert did == ["a", "a", "b"]
    assert (tmp_path / "a").read_text() == "a"


def test_what_another_version_left_is_made_anew(tmp_path: Path) -> None:
    journals.write(tmp_path, Journal({}, begun="a"))
    (tmp_path / "a").write_text("of another version")

    def act() -> str:
        if (tmp_path / "a").exists():
            raise InputError("--out a: holds images of another run")
        (tmp_path / "a").write_text("new")
        return ""

    run(tmp_path, [Step("a", (Script("make a", act),), ("a",))])
    assert (tmp_path / "a").read_text() == "new"


def test_a_command_that_fails_ends_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no such"):
        Command(("review", "status", "nowhere")).run()


def test_every_step_has_its_own_names(tmp_path: Path) -> None:
    planned = steps(tmp_path, Extent())
    names = [name for one in planned for name in one.makes]
    assert len(names) == len(set(names))
    assert len({one.name for one in planned}) == len(planned)


def test_somebody_elses_folder(dubench_here, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    ended = dubench_here("demo", "--out", "mine", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == (
        "dubench: --out mine holds something that is no demo; remove it, or name a new folder\n"
    )
    assert [path.name for path in mine.rglob("*")] == ["thesis.txt"]
    ended = dubench_here("demo", "--out", "mine/thesis.txt", cwd=tmp_path)
    assert "a file has this name" in ended.stderr


def test_without_torch(dubench_here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dubench.packages.find_spec", lambda name: None)
    ended = dubench_here("demo", cwd=tmp_path)
    assert ended.returncode == 2
    assert "the demo needs torch, which is missing" in ended.stderr
    assert "dubench[train,review]" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_folders_that_may_be_used(tmp_path: Path) -> None:
    check_out(tmp_path / "new")
    check_out(tmp_path)
    (tmp_path / "photos").mkdir()
    journals.write(tmp_path, Journal({}))
    check_out(tmp_path)
