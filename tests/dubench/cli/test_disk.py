"""What a real disk holds, command by command: no traceback, the right exit code, nothing left."""

import fcntl
import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dubench.cli import terminal
from generators.build.clean_images import CleanImages
from generators.build.generate import generate
from generators.dataset.info import DatasetInfo
from generators.dataset.recipe import Slot
from generators.errors import InputError
from generators.sources import photographs
from generators.sources.pools import BUNDLED, Photograph, SourceSpec

SHARD = "d/data/train-00000-of-00001.parquet"
Spoil = Callable[[Path], object]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dataset of eight, predictions of it and a photograph."""
    home = tmp_path_factory.mktemp("small")
    generate(8, home / "d", [SourceSpec("dead-leaves")], size=32, workers=1)
    ids = pq.read_table(home / SHARD, columns=["id"])["id"].to_pylist()
    lines = [{"id": name, "type": "blur", "parameters": {"sigma": 2.0}} for name in ids]
    (home / "p.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with Image.open(BUNDLED / "wine-by-jakkub-mede.jpg") as photo:
        photo.resize((96, 64)).save(home / "photo.png")
    return home


def rot(column: str) -> Spoil:
    """Flip the bytes in the middle of a column's chunk."""

    def spoil(home: Path) -> None:
        path = home / SHARD
        group = pq.read_metadata(path).row_group(0)
        chunks = (group.column(i) for i in range(group.num_columns))
        chunk = next(chunk for chunk in chunks if chunk.path_in_schema == column)
        start = chunk.dictionary_page_offset or chunk.data_page_offset
        data = bytearray(path.read_bytes())
        for place in range(start, start + chunk.total_compressed_size):
            data[place] ^= 0xFF
        path.write_bytes(data)

    return spoil


def retype(column: str, type_: pa.DataType | None) -> Spoil:
    """Write the shard with a column of another type, or without it."""

    def spoil(home: Path) -> None:
        table = pq.read_table(home / SHARD)
        if type_ is None:
            pq.write_table(table.drop_columns([column]), home / SHARD)
            return
        place = table.schema.get_field_index(column)
        values = table[column].to_pylist()
        if type_ == pa.string():
            values = [None if value is None else str(value) for value in values]
        pq.write_table(table.set_column(place, column, pa.array(values, type_)), home / SHARD)

    return spoil


def text(name: str, content: str | bytes) -> Spoil:
    def spoil(home: Path) -> None:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return spoil


def folder(name: str) -> Spoil:
    return lambda home: (home / name).mkdir(parents=True)


def renamed(old: str, new: str) -> Spoil:
    return lambda home: (home / old).rename(home / new)


def nothing(home: Path) -> None:
    pass


SCORE = "score p.jsonl --dataset d --split train --out s.json"
PREDICT = "predict --model constant --dataset d --split train --out out.jsonl"
MAKE = "generate --n 8 --size 32 --workers 1 --source dead-leaves"
CASES: list[tuple[str, Spoil, str, int, str]] = [
    # A column that is damaged, in every command that reads it.
    ("rotten", rot("type"), SCORE, 2, "train-00000-of-00001.parquet cannot be read"),
    ("rotten", rot("sigma"), SCORE, 2, "train-00000-of-00001.parquet cannot be read"),
    ("rotten", rot("id"), PREDICT, 2, "train-00000-of-00001.parquet cannot be read"),
    ("rotten", rot("recipe"), "manifest d --out m.parquet", 2, "cannot be read"),
    ("rotten", rot("severity"), "preview d", 2, "cannot be read"),
    ("rotten", rot("recipe"), "review plan d --fraction 1", 2, "cannot be read"),
    # Shards of another schema.
    ("schema", retype("sigma", pa.float64()), SCORE, 0, ""),
    (
        "schema",
        retype("sigma", pa.string()),
        "compare p.jsonl p.jsonl --dataset d --split train",
        0,
        "",
    ),
    ("schema", retype("id", None), PREDICT, 2, "no column id"),
    ("schema", retype("type", None), "preview d", 2, "cannot be read: 'type'"),
    ("schema", text(SHARD, b""), SCORE, 2, "cannot be read"),
    ("schema", text(SHARD, b"PAR1"), "manifest d --out m.parquet", 2, "cannot be read"),
    # A folder where a file is wanted, and the other way round; a folder that is not there.
    (
        "kind",
        folder("x.png"),
        "degrade photo.png --type blur --out x.png",
        2,
        "x.png: Is a directory",
    ),
    ("kind", folder("m"), "manifest d --out m", 2, "m: Is a directory"),
    ("kind", folder("out.jsonl"), PREDICT, 2, "out.jsonl: Is a directory"),
    ("kind", folder("s.json"), SCORE, 2, "it is a folder"),
    ("kind", folder("s.parquet"), SCORE, 2, "s.parquet: is not the per-sample table of a score"),
    ("kind", folder("d/contact_sheet.png"), "preview d", 2, "contact_sheet.png: Is a directory"),
    ("kind", folder("photo.jpg"), "degrade photo.jpg --type blur", 2, "photo.jpg: Is a directory"),
    ("kind", text("out", "x"), f"{MAKE} --out out", 2, "is a file"),
    ("kind", text("out", "x"), f"{MAKE} --out out/d", 2, "Not a directory"),
    ("kind", nothing, "degrade photo.png --type blur --out no/x.png", 2, "no does not exist"),
    ("kind", nothing, "manifest d --out no/m.parquet", 2, "no does not exist"),
    ("kind", nothing, PREDICT.replace("out.", "no/out."), 2, "no does not exist"),
    ("kind", nothing, "verify p.jsonl", 2, "no such folder"),
    # Where a folder has nothing beside it, and where its name says little.
    ("place", nothing, f"{MAKE} --out /", 2, "choose another folder"),
    ("place", nothing, f"{MAKE} --out .", 2, "is not empty"),
    ("place", nothing, "review plan /", 2, "has nothing beside it"),
    # Names that are not UTF-8.
    ("name", nothing, f"{MAKE} --out caf\udce9", 2, "caf?: its name is not UTF-8"),
    ("name", nothing, PREDICT.replace("out.", "caf\udce9."), 2, "its name is not UTF-8"),
    ("name", nothing, "manifest d --out caf\udce9", 2, "its name is not UTF-8"),
    ("name", renamed("d", "d\udce9"), "preview d\udce9", 2, "not UTF-8"),
    (
        "name",
        renamed("photo.png", "\udce9.png"),
        "degrade \udce9.png --type blur --out x.png",
        0,
        "",
    ),
    # Characters that command terminals, in names of others.
    (
        "escape",
        text("\x1b[31m.jpg", "x"),
        "degrade \x1b[31m.jpg --type blur",
        2,
        "[31m.jpg: not an",
    ),
    ("escape", text("\x1b[2J/a.txt", "x"), f"{MAKE} --source folder=\x1b[2J", 2, "no photographs"),
    ("escape", text("p.jsonl", '{"id": "\\u001b[31m", "type": "blur"}\n'), SCORE, 2, "not in the"),
    (
        "escape",
        text("x\r\n.toml", "x"),
        "degrade photo.png --type blur --preset x\r\n.toml",
        2,
        "x .toml",
    ),
    # Seeds and homes that do not exist.
    ("number", nothing, "degrade photo.png --type blur --seed -1", 2, "--seed"),
    ("number", nothing, "compare p.jsonl p.jsonl --dataset d --split train --seed -1", 2, "--seed"),
    ("number", nothing, f"{MAKE} --seed -1 --out x", 2, "--seed -1: choose 0"),
    ("number", nothing, f"degrade photo.png --type blur --seed {2**64}", 2, "--seed"),
    ("home", nothing, f"{MAKE} --source folder=~nosuchuser/x --out x", 2, "no such user"),
    ("home", nothing, f"{MAKE} --depth folder=~nosuchuser/x --out x", 2, "no such user"),
    ("home", nothing, PREDICT.replace("dataset d", "dataset ~nosuchuser/d"), 2, "no such user"),
    # recipe.json that is something else.
    ("recipe", text("d/recipe.json", "[]"), "verify d", 2, "not a JSON object"),
    ("recipe", text("d/recipe.json", '{"format": 2}'), "verify d", 2, "is missing"),
    ("recipe", text("d/recipe.json", b"\xff\xfe"), "manifest d --out m.parquet", 2, "not a JSON"),
    ("recipe", text("d/recipe.json", "[" * 100_000), SCORE, 2, "recipe.json is damaged"),
    # A byte order mark, as editors of others write it.
    (
        "bom",
        text("b.toml", b'\xef\xbb\xbfextends = "du110k"\n'),
        "degrade photo.png --type blur --preset b.toml --out x.png",
        0,
        "",
    ),
]


def tree(home: Path) -> dict[str, bytes | None]:
    return {
        str(p.relative_to(home)): p.read_bytes() if p.is_file() else None for p in home.rglob("*")
    }


@pytest.mark.parametrize(
    ("spoil", "arguments", "code", "message"),
    [case[1:] for case in CASES],
    ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)],
)
def test_a_case(
    small: Path, dubench_here, tmp_path: Path, spoil: Spoil, arguments: str, code: int, message: str
) -> None:
    home = Path(shutil.copytree(small, tmp_path / "home"))
    spoil(home)
    before = tree(home)
    run = dubench_here(*arguments.split(" "), cwd=home)
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr
    assert "\x1b[2J" not in run.stdout + run.stderr
    assert "\x1b[31m" not in run.stdout + run.stderr
    lines = [line for line in run.stderr.splitlines() if line.startswith("dubench: ")]
    assert len(lines) == (code == 2)
    if code == 2:
        assert message in lines[0]
        assert tree(home) == before
    assert not [name for name in tree(home) if name.endswith((".part", ".lock"))]


def test_verify_names_a_column_of_another_type(small: Path, dubench_here, tmp_path: Path) -> None:
    home = Path(shutil.copytree(small, tmp_path / "home"))
    retype("sigma", pa.float64())(home)
    run = dubench_here("verify", "d", "--workers", 1, cwd=home)
    assert run.returncode == 1
    assert "its column sigma is double, not float" in run.stdout


def test_the_systems_litter_is_no_part_of_a_dataset(small: Path, dubench_here, tmp_path) -> None:
    home = Path(shutil.copytree(small, tmp_path / "home"))
    for name in ("._train-00000-of-00001.parquet", ".DS_Store", "Thumbs.db"):
        (home / "d" / "data" / name).write_bytes(b"\0\5\x16\7")
    assert dubench_here("verify", "d", "--workers", 1, cwd=home).returncode == 0
    assert dubench_here(*PREDICT.split(), cwd=home).returncode == 0
    for name in (".DS_Store", "._x", "desktop.ini"):
        text(f"empty/{name}", "x")(home)
    run = dubench_here(*MAKE.split(), "--out", ".", cwd=home / "empty")
    assert run.returncode == 0, run.stderr
    assert not list(home.glob("empty.*"))


@pytest.mark.parametrize(
    ("lock", "arguments"),
    [
        (".out.jsonl.lock", PREDICT),
        (".d.review.lock", "review plan d --fraction 1"),
        (".m.parquet.lock", "manifest d --out m.parquet"),
        (".report.lock", "report s.json"),
        ("x/.lock", f"{MAKE} --out x"),
    ],
)
def test_where_another_run_is_at_work(
    small: Path, dubench_here, tmp_path: Path, lock: str, arguments: str
) -> None:
    home = Path(shutil.copytree(small, tmp_path / "home"))
    (home / "x").mkdir()
    with (home / lock).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        before = tree(home)
        run = dubench_here(*arguments.split(), cwd=home)
        assert run.returncode == 2
        assert "another dubench is at work here" in run.stderr
        assert tree(home) == before


def test_a_photograph_that_went_away_makes_no_other_dataset(small: Path, tmp_path: Path) -> None:
    recipe = DatasetInfo.read(small / "d").recipe
    lost = Photograph("a.jpg", tmp_path / "a.jpg", "0" * 64, 96, 96)
    images = CleanImages(recipe, [{"train": [lost]}])
    for content, why in ((None, "No such file"), (b"\xff\xd8\xff", "a.jpg: ")):
        if content:
            lost.path.write_bytes(content)
        with pytest.raises(InputError, match=r"a\.jpg: .*put it back, and run the same") as caught:
            images.open(Slot("train", ("blur",), 0, 0), 0)
        assert why in str(caught.value)


def test_a_passing_error_is_no_bad_photograph(
    small: Path, dubench_here, tmp_path, monkeypatch
) -> None:
    def inspect(path: Path) -> photographs.Inspection:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(photographs, "inspect", inspect)
    run = dubench_here(*MAKE.split()[:-2], "--source", f"folder={small}", cwd=tmp_path)
    assert run.returncode == 2
    assert "photo.png: Input/output error; check the disk" in run.stderr
    assert not list(tmp_path.iterdir())


def test_a_closed_stdin_is_no_password(small: Path, dubench_here, tmp_path, monkeypatch) -> None:
    home = Path(shutil.copytree(small, tmp_path / "home"))
    assert (
        dubench_here("review", "plan", "d", "--fraction", 1, "--workers", 1, cwd=home).returncode
        == 0
    )
    monkeypatch.setattr(sys, "stdin", None)
    run = dubench_here("review", "add-reviewer", "ada", "--dataset", "d", cwd=home)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr


def test_a_terminal_without_letters_stops_nothing(monkeypatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    monkeypatch.setattr(sys, "stderr", None)
    terminal.prepare()
    print("32×32 caf\udce9", flush=True)
    print("nowhere", file=sys.stderr)
    assert written.getvalue() == b"32?32 caf?\n"


def test_noise_and_jpeg_are_shown_where_a_preset_has_them(
    small: Path, dubench_here, tmp_path
) -> None:
    command = ("degrade", small / "photo.png", "--type", "blur", "--seed")
    shown = []
    for seed in range(4):
        run = dubench_here(*command, seed, "--preset", "du110k-wild", "--json", cwd=tmp_path)
        shown.append(json.loads(run.stdout)["postprocess"])
    assert all({"capture_noise", "jpeg_quality"} <= set(one) for one in shown)
    assert len({json.dumps(one) for one in shown}) > 1
    plain = dubench_here(*command, 0, cwd=tmp_path)
    assert "after it" not in plain.stdout
    wild = dubench_here(*command, 0, "--preset", "du110k-wild", cwd=tmp_path)
    assert f"jpeg_quality = {shown[0]['jpeg_quality']}" in wild.stdout
    assert np.asarray(Image.open(tmp_path / "photo-blur.png")).shape == (64, 96, 3)
