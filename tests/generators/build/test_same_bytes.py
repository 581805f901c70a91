"""The same bytes on every CPU: rendered under other instruction sets and code paths, the pixels,
parameters and decisions are those that stand in `tests/data/golden_bytes.json`."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from generators import presets
from generators.build.shards import Shards
from generators.dataset.recipe import Recipe, share_out
from generators.depth.prepared import prepare, write_prepared
from generators.images import decode_depth, decode_rgb
from generators.sources.inspection import inspect_files
from generators.sources.pools import GatherOptions, Photograph, Pool, SourceSpec, gather
from generators.sources.splits import SPLITS

HOME = Path(__file__).parents[3]
GOLDEN = HOME / "tests" / "data" / "golden_bytes.json"
N, FEW, SIZE = 40, 24, 64

# What differs between processors, as far as the libraries let one choose it.
SETTINGS = {
    "OpenCV without AVX": {"OPENCV_CPU_DISABLE": "AVX512_SKX,AVX2,FMA3,AVX,FP16"},
    "OpenCV without IPP": {"OPENCV_IPP": "disabled"},
    "IPP for SSE": {"OPENCV_IPP": "sse42"},
    "an old BLAS kernel": {"OPENBLAS_CORETYPE": "Prescott"},
    "numpy without AVX": {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 X86_V3 AVX512F AVX512CD X86_V4"},
    "C library without FMA": {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA"},
}


def digests(folder: Path) -> dict[str, str]:
    """One hash over all rows of each of five datasets that take every path to a pixel: guessed
    depth and scenes, given depth, noise and JPEG after every type, resizing and sharpening, and
    lights of the channels' own."""
    return {
        "du110k": _digest("du110k", _pools(folder)),
        "given depth": _digest("du110k", [_with_depth(folder, pool) for pool in _pools(folder)]),
        "du110k-wild": _digest("du110k-wild", _pools(folder)),
        "du110k-real": _digest("du110k-real", _pools(folder), FEW),
        "jarvis": _digest("jarvis", _pools(folder), FEW),
    }


def _pools(folder: Path) -> list[Pool]:
    counts = {"train": N, "validation": 0, "test": 0}
    look = partial(inspect_files, 1, lambda *_: None)
    options = GatherOptions(counts, SIZE, 0, look, folder, lambda *_: None)
    return gather([SourceSpec("builtin")], options)


def _with_depth(folder: Path, pool: Pool) -> Pool:
    """Every photograph with a stereo camera's kind of map: with holes, larger is nearer; coarser
    than the crops for one half of them, finer for the other."""

    def with_depth(photo: Photograph) -> Photograph:
        step = 2 + 7 * (int(photo.sha256, 16) % 2)
        y, x = np.mgrid[: photo.height // step, : photo.width // step]
        disparity = (np.hypot(x % 37, y % 53) + y).astype(np.float32)
        disparity[(x // 5 + y // 3) % 4 == 0] = 0
        path = folder / f"{photo.sha256}.png"
        write_prepared(path, prepare(disparity, "disparity", (photo.height, photo.width)))
        return replace(photo, depth_map=str(path), depth_source="disparity")

    if pool.photographs is None:
        return pool
    members = {split: [with_depth(p) for p in photos] for split, photos in pool.photographs.items()}
    return replace(pool, photographs=members)


def _digest(preset: str, pools: list[Pool], n: int = N) -> str:
    counts = {split: n if split == "train" else 0 for split in SPLITS}
    recipe = Recipe(presets.load(preset), 0, SIZE, counts, share_out(counts, pools))
    shards = Shards(recipe, [pool.photographs or {} for pool in pools], Path())
    total = hashlib.sha256()
    for row in shards.fresh(range(n), Counter()):
        for name in ("clean", "degraded"):
            total.update(decode_rgb(row[name]["bytes"]).tobytes())  # type: ignore[union-attr]
        if row["depth"]:
            total.update(decode_depth(row["depth"]["bytes"]).tobytes())  # type: ignore[union-attr]
        words = {name: row[name] for name in ("id", "type", "tuples", "severity", "recipe")}
        total.update(json.dumps(words, sort_keys=True).encode())
    return total.hexdigest()


@pytest.mark.parametrize("setting", SETTINGS)
def test_other_processors_make_the_same_bytes(setting: str, tmp_path: Path) -> None:
    here = "import sys, json, pathlib; from tests.generators.build.test_same_bytes import digests; "
    script = here + "print(json.dumps(digests(pathlib.Path(sys.argv[1]))))"
    environment = os.environ | SETTINGS[setting] | {"PYTHONPATH": str(HOME)}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=HOME, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(GOLDEN.read_text("utf-8"))


def test_this_processor_makes_the_same_bytes(tmp_path: Path) -> None:
    assert digests(tmp_path) == json.loads(GOLDEN.read_text("utf-8"))
