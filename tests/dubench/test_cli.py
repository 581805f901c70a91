"""The command line, as a user meets it: in a process of its own."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.on_disk import contents


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
    said = json.loads(run.stdout)
    assert (said["n"], said["manifest"]) == (40, None)
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


def rows(folder: Path) -> list[dict]:
    return [r for f in sorted((folder / "data").iterdir()) for r in pq.read_table(f).to_pylist()]


def errors(run: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines in which a command says what is wrong."""
    assert "Traceback" not in run.stderr
    return [line for line in run.stderr.splitlines() if line.startswith("dubench: ")]


def test_a_manifest_and_back(dubench_here, photos: Path, tmp_path: Path) -> None:
    source = ("--source", f"folder={photos}")
    run = dubench_here("generate", "--n", 8, "--size", 64, *source, "--out", "d", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    run = dubench_here("manifest", "d", "--out", "m.parquet", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "m.parquet: 8 rows" in run.stdout
    again = ("generate", "--manifest", "m.parquet")
    run = dubench_here(*again, *source, "--out", "again", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "the very pixels of the manifest" in run.stdout
    assert rows(tmp_path / "again") == rows(tmp_path / "d")
    table = pq.read_table(tmp_path / "m.parquet")
    metadata = table.schema.metadata
    identity = json.loads(metadata[b"identity"])
    identity["train"]["content_id"] = "0" * 64  # as of other libraries' pixels
    metadata[b"identity"] = json.dumps(identity).encode()
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "other.parquet")
    for flags in ((), ("--json",)):
        other = ("generate", "--manifest", "other.parquet", *source, "--out", "again", *flags)
        run = dubench_here(*other, cwd=tmp_path)
        assert run.returncode == 1
        assert "not the manifest's pixels: train" in run.stdout
    (tmp_path / "few").mkdir()
    shutil.copy(sorted(photos.glob("*.jpg"))[0], tmp_path / "few")
    run = dubench_here(*again, "--source", "folder=few", "--out", "less", cwd=tmp_path)
    assert run.returncode == 2
    (line,) = errors(run)
    assert "photographs of the manifest" in line
    assert "are missing" in line
    assert not (tmp_path / "less").exists()


def test_depth_from_a_folder(dubench_here, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    for photo in photos.glob("*.jpg"):
        with Image.open(photo) as image:
            width, height = image.size
        across = np.linspace(1, 9, width // 8, dtype=np.float32)
        np.save(tmp_path / "maps" / f"{photo.stem}.npy", np.tile(across, (height // 8, 1)))
    flags = ("--source", f"folder={photos}", "--depth", "folder=maps", "--out", "d")
    run = dubench_here("generate", "--n", 8, "--size", 64, *flags, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    sources = [row["depth_source"] for row in rows(tmp_path / "d")]
    assert sorted(sources, key=str) == [None] * 6 + ["folder"] * 2


def test_a_dataset_with_depth_in_a_column(dubench_here, photos: Path, tmp_path: Path) -> None:
    cells: dict[str, list[dict]] = {"image": [], "depth": []}
    for photo in sorted(photos.glob("*.jpg")):
        buffer = io.BytesIO()
        with Image.open(photo) as image:
            across = np.linspace(1000, 9000, image.width // 8).astype(np.uint16)
            Image.fromarray(np.tile(across, (image.height // 8, 1))).save(buffer, "PNG")
        cells["image"].append({"bytes": photo.read_bytes(), "path": None})
        cells["depth"].append({"bytes": buffer.getvalue(), "path": None})
    features = datasets.Features(dict.fromkeys(cells, datasets.Image()))
    (tmp_path / "hub").mkdir()
    datasets.Dataset.from_dict(cells, features).to_parquet(tmp_path / "hub" / "train.parquet")
    flags = ("--source", "hf=hub", "--depth", "column=depth", "--out", "d")
    run = dubench_here("generate", "--n", 8, "--size", 64, *flags, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    dataset = rows(tmp_path / "d")
    assert {row["source"] for row in dataset} == {"hf"}
    assert [row["depth_source"] for row in dataset if row["depth"]] == ["column"] * 2


def test_a_blind_test_split(dubench_here, tmp_path: Path) -> None:
    run = dubench_here("generate", "--blind", "--n", 160, "--size", 32, "--out", "d", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "answers are in d.answers" in run.stdout
    shown = pq.read_table(next((tmp_path / "d" / "data").glob("blind-test-*")))
    assert shown.schema.names == ["id", "degraded"]
    answers = rows(tmp_path / "d.answers")
    assert [row["id"] for row in answers] == shown["id"].to_pylist()
    assert all(row["tuples"] for row in answers)


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="this machine has a GPU")
def test_cuda_where_there_is_none(dubench_here, tmp_path: Path) -> None:
    run = dubench_here("generate", "--n", 8, "--size", 32, "--device", "cuda", cwd=tmp_path)
    assert run.returncode == 2
    (line,) = errors(run)
    assert "no CUDA device was found; use cpu" in line
    assert not list(tmp_path.iterdir())


def test_degrade_a_photograph(dubench_here, photos: Path, tmp_path: Path) -> None:
    photo = photos / "bridge-by-sander-klootwijk.jpg"
    run = dubench_here(
        "degrade", photo, "--type", "haze", "--set", "transmission=0.4", cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    transmission = float(run.stdout.partition("transmission = ")[2])
    assert transmission == pytest.approx(0.4, abs=2e-5)  # of the β that has five digits
    with Image.open(tmp_path / "bridge-by-sander-klootwijk-haze.png") as degraded:
        assert degraded.size == (1138, 640)
    matrix = "0.8,-0.2,-0.1,-0.3,1.0,0.2,-0.1,0.1,0.5"
    given = ["--set", "gamma=2.5", "--set", f"camera_intrinsics={matrix}"]
    run = dubench_here(
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
        ("generate --depth column=depth", "only hf sources have columns; add --source hf=NAME"),
        ("generate --depth folder=nowhere", "--depth folder=nowhere: no such folder"),
        ("generate --blind --n 8", "leave no test split; ask for --n 100 or more"),
        ("generate --manifest nowhere.parquet", "nowhere.parquet: no such file"),
        ("generate --manifest file.txt --n 8", "--n with --manifest: the manifest says it"),
        ("manifest empty", "no dubench dataset"),
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
        ("degrade photo.png --type blur --out empty/../photo.png", "is the photograph itself"),
        ("frobnicate", "frobnicate"),
    ],
)
def test_mistakes_get_one_line_and_code_two(
    dubench_here, tmp_path: Path, arguments: str, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "bad.toml").write_text('types = ["blur"]\n[blur]\nsigma = 7\n')
    Image.effect_noise((64, 64), 90).save(tmp_path / "photo.png")
    before = contents(tmp_path)
    run = dubench_here(*arguments.split(), cwd=tmp_path)
    assert run.returncode == 2
    (line,) = errors(run)
    assert message in line
    assert contents(tmp_path) == before
