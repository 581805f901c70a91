"""What a folder of pictures holds, on disks as people have them."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.errors import InputError
from generators.sources.layouts import folder
from generators.sources.pools import SourceSpec
from generators.walk import walk

DATASET = ("d/recipe.json", "d/data/a.png", "d/sheet.png", "d.depth/a.png", "d.review/images/a.png")


def made(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(os.fsencode(name))
    return root


def found(root: Path, *apart: Path) -> list[str]:
    held = walk(root, {".png", ".jpg"}, apart)
    assert not held.problems
    return [path.relative_to(root).as_posix() for path in held.files]


@pytest.mark.parametrize(
    "unwanted",
    [
        (".ipynb_checkpoints/a-checkpoint.jpg",),
        (".hidden.jpg", "._a.jpg", "b/.c/.d/e.jpg"),
        ("__MACOSX/a.jpg", "@eaDir/a.jpg/SYNO@thumb.jpg", "$RECYCLE.BIN/x.png", "lost+found/x.jpg"),
        ("notes.txt", "a.jpg.part", "Thumbs.db", "a.jp2"),
        DATASET,
    ],
)
def test_only_photographs_of_ones_own(tmp_path: Path, unwanted: tuple[str, ...]) -> None:
    wanted = ["a.jpg", "b/c.JPG", "d2/é.png", "e.jpg/f.jpg"]
    assert found(made(tmp_path, *wanted, *unwanted)) == wanted


def test_a_dataset_is_a_source_where_it_is_named(tmp_path: Path) -> None:
    assert found(made(tmp_path, *DATASET) / "d") == ["data/a.png", "sheet.png"]


def test_the_output_is_no_input_however_it_is_named(tmp_path: Path, monkeypatch) -> None:
    made(tmp_path, "a.jpg", "out/b.png", "out/in/c.png")
    monkeypatch.chdir(tmp_path)
    for out in (Path("out"), Path("./x/../out"), tmp_path / "out"):
        assert found(tmp_path, out) == ["a.jpg"]
    (tmp_path / "link").symlink_to("out")
    assert found(tmp_path, tmp_path / "link") == ["a.jpg"]


def test_links_are_followed_once(tmp_path: Path) -> None:
    made(tmp_path, "real/a.jpg", "real/sub/b.jpg", "away/c.jpg")
    root = made(tmp_path / "root", "own/d.jpg")
    (root / "images").symlink_to(tmp_path / "real")
    (root / "images2").symlink_to(tmp_path / "real")
    (root / "again").symlink_to(root / "own")
    (root / "circle").symlink_to(root)
    (root / "own" / "up").symlink_to("..")
    (root / "photo.jpg").symlink_to(tmp_path / "away" / "c.jpg")
    assert found(root) == ["images/a.jpg", "images/sub/b.jpg", "own/d.jpg", "photo.jpg"]


def test_what_cannot_be_looked_into_is_named(tmp_path: Path, monkeypatch) -> None:
    made(tmp_path, "a.jpg", "closed/b.jpg")
    (tmp_path / "gone.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    held = walk(tmp_path, {".jpg"})
    assert [(path.name, why) for path, why in held.problems] == [
        (name, "a link that leads nowhere") for name in ("gone.jpg", "loop.jpg")
    ]
    assert folder(tmp_path).left_out == {
        "unreadable": [f"{name}.jpg: a link that leads nowhere" for name in ("gone", "loop")]
    }
    real = os.scandir

    def scandir(place):
        if str(place).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(place))
        return real(place)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(InputError, match=r"closed: Permission denied; let it be read"):
        folder(tmp_path)


def test_names_that_are_not_utf8_are_written_down_in_hexadecimal(tmp_path: Path) -> None:
    made(tmp_path, "caf\udce9.jpg", "a\udcff/b.jpg", "ü.jpg")
    listing = folder(tmp_path)
    assert [entry.name for entry in listing.entries] == ["a%FF/b.jpg", "caf%E9.jpg", "ü.jpg"]
    assert all(entry.path.is_file() for entry in listing.entries)


def test_an_at_sign_belongs_to_the_folder_that_has_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert SourceSpec.parse("folder=shots@2") == SourceSpec("folder", "shots", 2)
    (tmp_path / "shots").mkdir()
    assert SourceSpec.parse("folder=shots@2") == SourceSpec("folder", "shots", 2)
    (tmp_path / "shots@2").mkdir()
    assert SourceSpec.parse("folder=shots@2") == SourceSpec("folder", "shots@2", 1)
    assert SourceSpec.parse("folder=shots@2@3") == SourceSpec("folder", "shots@2", 3)
    assert SourceSpec.parse("folder=shots@2/") == SourceSpec("folder", "shots@2/", 1)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0."), min_size=1, max_size=8)


@settings(max_examples=25)
@given(st.sets(st.tuples(NAMES, NAMES), min_size=1, max_size=5))
def test_every_visible_photograph_is_found_once(tmp_path_factory, names) -> None:
    root = tmp_path_factory.mktemp("walk")
    wanted = {f"f{one}/p{two}.jpg" for one, two in names}
    made(root, *wanted)
    assert found(root) == sorted(wanted, key=lambda name: root / name)
