"""What the system and libraries raise, as one line; bugs keep their traceback."""

import errno
import os
import zlib
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generators.errors import InputError, UnreadableError, one_line, plain_errors
from generators.files import beside, from_home, write_whole


def message(error: BaseException) -> str:
    with pytest.raises(InputError) as caught, plain_errors():
        raise error
    return str(caught.value)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (errno.ENOSPC, "a: no space left; free some space and run the same command again"),
        (errno.EFBIG, "a: no space left; free some space and run the same command again"),
        (errno.EACCES, "a: Permission denied; change its permissions, or choose another place"),
        (errno.EROFS, "a: Read-only file system; choose a place that can be written to"),
        (errno.EISDIR, "a: Is a directory; a file is wanted here: choose another name"),
        (errno.ENOENT, "a: No such file or directory; check the name"),
        (errno.ELOOP, "a: Too many levels of symbolic links"),
    ],
)
def test_the_systems_errors_name_place_and_remedy(code: int, wanted: str) -> None:
    assert message(OSError(code, os.strerror(code), "a")) == wanted


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no/x\.txt: the folder .*/no does not exist"):
        plain_errors()(write_whole)(tmp_path / "no" / "x.txt", "x")


def test_libraries_are_quoted_and_bugs_pass(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="ArrowInvalid"), plain_errors():
        pq.read_table(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="error: "), plain_errors():
        cv2.cvtColor(np.zeros((2, 2), np.float64), cv2.COLOR_BGR2GRAY)
    with pytest.raises(InputError, match="error: Error -3"), plain_errors():
        zlib.decompress(b"nothing")
    for bug in (KeyError("x"), TypeError("x"), ValueError("x"), UnreadableError("x")):
        with pytest.raises(type(bug)), plain_errors():
            raise bug


def test_arrows_own_errors_keep_the_files_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.parquet'?: No such file"), plain_errors():
        pa.OSFile(str(tmp_path / "no.parquet"))


def test_what_was_to_be_written_is_named_and_not_its_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match=r"/a: Is a directory"):
        plain_errors()(write_whole)(tmp_path / "a", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_deleted_working_folder_is_named(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(InputError, match="the folder that this runs in is gone"), plain_errors():
        beside(Path("a"), ".depth")


def test_names_of_others_do_not_command_the_terminal() -> None:
    assert one_line("a\x1b[31mred\r\n\x07b\x9b\u202e") == "a [31mred b"
    assert one_line("caf\udce9.jpg") == "caf?.jpg"
    assert "\x1b" not in str(InputError("\x1b[2J"))


def test_places_beside_any_way_of_naming_a_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = tmp_path.with_name(f"{tmp_path.name}.depth")
    for name in (".", "", "a/..", str(tmp_path)):
        assert beside(Path(name), ".depth") == wanted
    with pytest.raises(InputError, match="has nothing beside it"):
        beside(Path("/"), ".depth")


def test_a_home_that_is_not_there() -> None:
    assert from_home("~/x") == Path.home() / "x"
    with pytest.raises(InputError, match="no such user"):
        from_home("~nosuchuser/x")
