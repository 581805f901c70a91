"""A contact sheet and a page that can be looked at."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generators.build.generate import generate
from generators.dataset.preview import preview
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from generators.taxonomy import KEYS, TYPES


def test_sheet_and_page(copy: Path) -> None:
    written = preview(copy)
    with Image.open(written.sheet) as sheet:
        # Four sections of six pairs: little of the paper is left white.
        assert sheet.width > 1000
        grey = np.asarray(sheet.convert("L").resize((64, 96)))
        assert (grey == 255).mean() < 0.25
    page = written.page.read_text("utf-8")
    assert not re.search(r"(src|href)=.https?:", page)  # nothing is fetched
    for name in (*TYPES, *KEYS):
        assert name in page
    assert page.count("<svg") == 1


def test_undegraded_images_alone(tmp_path: Path) -> None:
    (tmp_path / "none.toml").write_text('extends = "du110k"\ntypes = ["none"]')
    preset = str(tmp_path / "none.toml")
    generate(8, tmp_path / "d", [SourceSpec("dead-leaves")], preset, size=32, workers=1)
    page = preview(tmp_path / "d").page.read_text("utf-8")
    assert "none 8" in page
    assert "<svg" not in page


def test_nothing_made_yet(copy: Path, tmp_path: Path) -> None:
    for file in (copy / "data").iterdir():
        file.unlink()
    with pytest.raises(InputError, match="no finished shard"):
        preview(copy)
    with pytest.raises(InputError, match="no dubench dataset"):
        preview(tmp_path)


def test_a_truncated_shard(copy: Path) -> None:
    shard = sorted((copy / "data").iterdir())[0]
    shard.write_bytes(shard.read_bytes()[:5000])
    with pytest.raises(InputError, match=rf"{shard.name} cannot be read: .*same dubench generate"):
        preview(copy)
