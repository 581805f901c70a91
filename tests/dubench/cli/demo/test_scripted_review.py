"""The scripts' verdicts follow the rule that the page states."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from annotation_ui.store.items import Flag
from dubench.cli.demo.scripted_review import SCRIPTS, judge
from generators.images import encode_rgb
from tests.annotation_ui.plans import sample


@pytest.mark.parametrize(
    ("off", "verdict"), [(0, "reject"), (5, "reject"), (20, "accept")], ids=str
)
def test_what_can_hardly_be_seen(tmp_path: Path, off: int, verdict: str) -> None:
    """An offset of all levels by d has a PSNR of 20·log₁₀(255/d): 34 dB for 5, 22 dB for 20."""
    clean = np.random.default_rng(0).integers(0, 200, (16, 16, 3), np.uint8)
    item = write(tmp_path, clean, clean + np.uint8(off))
    assert judge(item, tmp_path, SCRIPTS["script-1"])[0] == verdict


def test_a_swapped_pair(tmp_path: Path) -> None:
    clean = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    hazed = clean // 4 + np.uint8(150)
    assert judge(write(tmp_path, clean, hazed), tmp_path, 29.0) == ("accept", (), "")
    assert judge(write(tmp_path, hazed, clean), tmp_path, 29.0)[1] == ("inconsistent",)


def test_a_flag_of_the_machine(tmp_path: Path) -> None:
    item = replace(sample(0), flags=(Flag("implausible", "fog in a room"),))
    assert judge(item, tmp_path, 29.0)[0::2] == ("reject", "fog in a room")


def write(folder: Path, clean: np.ndarray, degraded: np.ndarray):
    """An item whose pictures are these."""
    for name, image in (("c.png", clean), ("d.png", degraded)):
        (folder / name).write_bytes(encode_rgb(image))
    return replace(sample(0), clean_image="c.png", degraded_image="d.png", flags=())
