"""`dubench diagnose` on what users have: folders, broken files, other models."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dubench.diagnosing.places import look
from dubench.diagnosing.run import name_pictures
from generators import degrade
from generators.sources.photographs import load


@pytest.fixture
def folder(photos: Path, tmp_path: Path) -> Path:
    """Two photographs, one of them degraded and deeper down, beside what is none."""
    out = tmp_path / "album"
    (out / "deep").mkdir(parents=True)
    shutil.copy(photos / "life-by-aitzol-berasategi.jpg", out / "life.jpg")
    image = load(photos / "picosdeeuropa-by-aitzol-berasategi.jpg")[0]
    Image.fromarray(degrade(image, "blur", {"sigma": 4.0}).degraded).save(out / "deep" / "soft.png")
    (out / "notes.txt").write_text("not a photograph")
    (out / ".hidden.jpg").write_bytes(b"nor this")
    return out


def test_nothing_heavy_is_imported_for_an_answer(photos: Path) -> None:
    code = (
        "import sys; sys.argv = ['dubench', 'diagnose', sys.argv[1]]\n"
        "from dubench.cli import main\n"
        "try: main()\n"
        "except SystemExit as ended: assert not ended.code\n"
        "heavy = {'torch', 'pyarrow', 'matplotlib', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    command = [sys.executable, "-c", code, str(photos / "life-by-aitzol-berasategi.jpg")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "nothing" in run.stdout


def test_a_folder_in_the_terminal(dubench_here, folder: Path) -> None:
    run = dubench_here("diagnose", "album", cwd=folder.parent)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    (soft,) = [line for line in lines if "album/deep/soft.png" in line]
    (life,) = [line for line in lines if "album/life.jpg" in line]
    assert "blur" in soft
    assert "moderate" in soft
    assert "nothing" in life
    (sigma,) = [line for line in lines if line.startswith("    sigma")]
    assert float(sigma.split()[1]) == pytest.approx(4, rel=0.2)
    assert sigma.endswith("pixels")
    assert max(map(len, lines)) <= 80
    assert "hidden" not in run.stdout + run.stderr
    assert "2/2" in run.stderr  # the bar


def test_lines_of_json(dubench_here, folder: Path) -> None:
    run = dubench_here("diagnose", "album", "--json", cwd=folder.parent)
    soft, life = map(json.loads, run.stdout.splitlines())
    assert soft["photograph"] == "album/deep/soft.png"
    (finding,) = soft["findings"]
    assert finding["type"] == "blur"
    assert finding["parameters"]["sigma"] == pytest.approx(4, rel=0.2)
    assert soft["model"] == "statistics:du110k-real"
    assert life["findings"] == []


def test_what_is_broken_stops_nothing(dubench_here, folder: Path) -> None:
    data = (folder / "life.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(data[: len(data) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "gone.jpg").symlink_to("nowhere.jpg")
    Image.new("RGB", (20, 20)).save(folder / "tiny.png")
    run = dubench_here(
        "diagnose", "missing.jpg", "album/notes.txt", "album", "--json", cwd=folder.parent
    )
    assert run.returncode == 2
    lines = [line for line in run.stderr.splitlines() if line.startswith("dubench: ")]
    for name, why in (
        ("missing.jpg", "No such file"),
        ("album/notes.txt", "not an image"),
        ("album/cut.jpg", "cut short"),
        ("album/empty.png", "not an image"),
        ("album/gone.jpg", "a link that leads nowhere"),
        ("album/tiny.png", "20×20 pixels are too few"),
    ):
        (line,) = [line for line in lines if line.startswith(f"dubench: {name}: ")]
        assert why in line
    assert len(lines) == 6
    records = list(map(json.loads, run.stdout.splitlines()))
    assert len([one for one in records if "error" in one]) == 6
    assert len([one for one in records if "findings" in one]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("diagnose nothing", "nothing: no photograph in this folder (.bmp, .jpeg, .jpg"),
        ("diagnose photo.png --model oracle", "no such model"),
        ("diagnose photo.png --model replay:preds.jsonl", "replay:preds.jsonl"),
        (
            "diagnose photo.png --evidence file.txt",
            "file.txt: File exists; a file has this name",
        ),
        ("diagnose", "Missing argument"),
    ],
)
def test_mistakes_get_one_line_and_code_two(
    dubench_here, tmp_path: Path, arguments: str, message: str
) -> None:
    (tmp_path / "nothing").mkdir()
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "preds.jsonl").write_text('{"id": "a", "type": "blur"}\n')
    Image.effect_noise((64, 64), 90).save(tmp_path / "photo.png")
    before = sorted(tmp_path.rglob("*"))
    run = dubench_here(*arguments.split(), cwd=tmp_path)
    assert run.returncode == 2
    (line,) = [line for line in run.stderr.splitlines() if line.startswith("dubench: ")]
    assert message in line
    assert sorted(tmp_path.rglob("*")) == before


def test_evidence_is_a_picture_each(dubench_here, folder: Path) -> None:
    shutil.copy(folder / "life.jpg", folder / "deep" / "life.jpg")
    run = dubench_here("diagnose", "album", "--evidence", "out/why", cwd=folder.parent)
    assert run.returncode == 0, run.stderr
    made = sorted((folder.parent / "out" / "why").iterdir())
    assert [path.name for path in made] == ["life-2.png", "life.png", "soft.png"]
    for path in made:
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            assert picture.width == 1400
            assert picture.height > 600
            assert np.asarray(picture.convert("L")).std() > 20
    again = dubench_here("diagnose", "album", "--evidence", "out/why", cwd=folder.parent)
    assert again.returncode == 0, again.stderr
    assert sorted((folder.parent / "out" / "why").iterdir()) == made


@pytest.mark.parametrize(
    ("photographs", "evidence"),
    [("album/deep/soft.png", "album/deep"), ("album", "album/deep"), ("album/life.jpg", "other")],
)
def test_evidence_never_takes_a_photographs_place(
    dubench_here, folder: Path, photographs: str, evidence: str
) -> None:
    (folder.parent / "other").mkdir()
    shutil.copy(folder / "deep" / "soft.png", folder.parent / "other" / "life.png")
    shutil.copy(folder / "life.jpg", folder / "soft.jpg")  # of which the evidence is soft.png
    before = {path: path.read_bytes() for path in folder.parent.rglob("*.*")}
    run = dubench_here("diagnose", photographs, "--evidence", evidence, cwd=folder.parent)
    assert run.returncode == 2
    assert run.stdout == ""
    (line,) = [line for line in run.stderr.splitlines() if line.startswith("dubench: ")]
    assert line.startswith(f"dubench: --evidence {evidence}: ")
    assert line.endswith(".png in it was not drawn by dubench; choose another folder")
    assert {path: path.read_bytes() for path in folder.parent.rglob("*.*")} == before


def test_no_picture_is_written_over_another() -> None:
    paths = [Path(name) for name in ("a.jpg", "a-2.png", "b/a.png", "c/a.tif", "a.jpg")]
    names = [path.name for path in name_pictures(Path("out"), paths).values()]
    assert names == ["a.png", "a-2.png", "a-3.png", "a-4.png"]


def test_a_model_without_certainty_answers_too(dubench_here, folder: Path) -> None:
    run = dubench_here(
        "diagnose", "album/life.jpg", "--model", "constant", "--evidence", "why", cwd=folder.parent
    )
    assert run.returncode == 0, run.stderr
    assert "haze" in run.stdout
    assert "100 %" in run.stdout
    assert (folder.parent / "why" / "life.png").exists()


def test_photographs_are_found_at_any_depth_in_order(folder: Path) -> None:
    places = look([folder, folder / "life.jpg"])
    names = [path.relative_to(folder).as_posix() for path in places.photographs]
    assert names == ["deep/soft.png", "life.jpg", "life.jpg"]
    assert places.problems == ()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_lines_go_where_they_are_piped_though_a_bar_is_on_the_terminal(folder: Path) -> None:
    import pty

    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "dubench.cli", "diagnose", "album", "--json"]
    run = subprocess.run(command, cwd=folder.parent, stdout=subprocess.PIPE, stderr=end, text=True)
    os.close(end)
    os.close(terminal)
    assert len(list(map(json.loads, run.stdout.splitlines()))) == 2
