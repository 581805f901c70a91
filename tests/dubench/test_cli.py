"""The command line, as a user meets it: in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['dubench', '--help']\n"
        "from dubench.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'cv2', 'pyarrow', 'matplotlib', 'datasets'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    for command in ("generate", "verify", "preview", "degrade"):
        assert command in run.stdout


def test_generate_verify_preview(dubench, tmp_path: Path) -> None:
    run = dubench("generate", "--n", 41, "--size", 64, "--out", "d", "--json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["n"] == 40
    assert "41 rounded to 40" in run.stderr
    run = dubench("verify", "d", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "40 are the same to the byte" in run.stdout
    assert "all good" in run.stdout
    run = dubench("preview", "d", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "d" / "preview.html").exists()


def test_verify_fails_with_one(dubench, copy: Path) -> None:
    next((copy / "data").glob("test-*")).unlink()
    run = dubench("verify", copy)
    assert run.returncode == 1
    assert "is missing" in run.stdout
    run = dubench("verify", copy, "--json")
    assert run.returncode == 1
    assert any("is missing" in problem for problem in json.loads(run.stdout)["problems"])


def test_degrade_a_photograph(dubench, photos: Path, tmp_path: Path) -> None:
    photo = photos / "bridge-by-sander-klootwijk.jpg"
    run = dubench("degrade", photo, "--type", "haze", "--set", "transmission=0.4", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    transmission = float(run.stdout.partition("transmission = ")[2])
    assert transmission == pytest.approx(0.4, abs=2e-5)  # of the β that has five digits
    with Image.open(tmp_path / "bridge-by-sander-klootwijk-haze.png") as made:
        assert made.size == (1138, 640)
    matrix = "0.8,-0.2,-0.1,-0.3,1.0,0.2,-0.1,0.1,0.5"
    given = ["--set", "gamma=2.5", "--set", f"camera_intrinsics={matrix}"]
    run = dubench(
        "degrade", photo, "--type", "low_light", *given, "--out", "n.png", "--json", cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    tuples = {key: value for _, key, value in json.loads(run.stdout)["tuples"]}
    assert tuples["gamma"] == 2.5
    assert tuples["camera_intrinsics"] == [float(entry) for entry in matrix.split(",")]
    dark = np.asarray(Image.open(tmp_path / "n.png")).mean()
    assert dark < np.asarray(Image.open(photo)).mean() / 1.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("generate --n 0", "at least one"),
        ("generate --n many", "--n"),
        ("generate --source folder=nowhere", "no such folder"),
        ("generate --source folder=empty", "no photographs in it"),
        ("generate --source rain", "the sources are: builtin"),
        ("generate --preset nope", "unknown preset"),
        ("generate --preset bad.toml", "bad.toml: blur.sigma"),
        ("generate --out file.txt", "is a file"),
        ("generate --nope", "--nope"),
        ("verify nowhere", "no such folder"),
        ("verify empty", "no dubench dataset"),
        ("preview nowhere", "no such folder"),
        ("degrade nowhere.jpg --type haze", "nowhere.jpg: No such file"),
        ("degrade file.txt --type haze", "not an image"),
        ("degrade photo.png --type fog", "unknown type 'fog'"),
        ("degrade photo.png --type blur --set sigma=99", "outside [1, 9]"),
        ("degrade photo.png --type blur --set sigma", "KEY=NUMBER"),
        ("degrade photo.png --type blur --out x.jpg", "name a .png"),
        ("degrade photo.png --type blur --out no/x.png", "does not exist"),
        ("frobnicate", "frobnicate"),
    ],
)
def test_mistakes_get_one_line_and_code_two(
    dubench, tmp_path: Path, arguments: str, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "bad.toml").write_text('types = ["blur"]\n[blur]\nsigma = 7\n')
    Image.effect_noise((64, 64), 90).save(tmp_path / "photo.png")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    run = dubench(*arguments.split(), cwd=tmp_path)
    assert run.returncode == 2
    told = [line for line in run.stderr.splitlines() if line.startswith("dubench: ")]
    assert len(told) == 1
    assert message in told[0]
    assert "Traceback" not in run.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
