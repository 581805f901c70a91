"""One run at a time, whatever the file system says of locks."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from generators.errors import InputError
from generators.lock import hold_beside, hold_folder

HOLD = "import sys, time, pathlib, generators.lock as l\n"
HOLD += "with l.hold_beside(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"


@pytest.mark.parametrize("hold", [hold_folder, hold_beside])
def test_a_second_run_is_refused_and_a_third_goes_on(hold, tmp_path: Path) -> None:
    place = tmp_path / "a" if hold is hold_folder else tmp_path / "a.jsonl"
    with hold(place):
        with pytest.raises(InputError, match="another dubench is at work here"), hold(place):
            pytest.fail("held twice")
        (tmp_path / "kept").write_text("")
    with hold(place):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_link_and_the_file_itself_are_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("")
    (tmp_path / "link").symlink_to("real")
    refused = pytest.raises(InputError, match="at work here")
    with hold_beside(tmp_path / "link"), refused, hold_beside(tmp_path / "real"):
        pytest.fail("held twice")


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    place = tmp_path / "p.jsonl"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLD, str(place)], **pipes) as run:  # type: ignore[call-overload]
        assert run.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match="at work here"), hold_beside(place):
            pytest.fail("held twice")
        run.kill()
    with hold_beside(place):
        pass
    assert not list(tmp_path.iterdir())


def test_a_lock_that_its_holder_removes_meanwhile_is_not_held(tmp_path, monkeypatch) -> None:
    """Between opening and locking, the first run ends: the lock's file is no longer there."""
    real, calls = fcntl.flock, []

    def flock(handle: int, how: int) -> None:
        real(handle, how)
        if not calls:
            (tmp_path / ".a.lock").unlink()
        calls.append(handle)

    monkeypatch.setattr(fcntl, "flock", flock)
    with hold_beside(tmp_path / "a"):
        assert (tmp_path / ".a.lock").exists()
    assert len(calls) == 2


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_without_locks_is_named_as_that(code, tmp_path, monkeypatch) -> None:
    def flock(handle: int, how: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    wanted = f"cannot lock files \\({os.strerror(code)}\\).*another file system"
    with pytest.raises(InputError, match=wanted), hold_folder(tmp_path / "a" / "b"):
        pytest.fail("held")


def test_a_refusal_removes_the_folders_it_made(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for name in ("a/b/c", "there"):
        with pytest.raises(KeyError), hold_folder(tmp_path / name):
            raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
