"""What a Qwen3-VL is fine-tuned on: enough to calibrate it by, of all photographs."""

import numpy as np
from PIL import Image

from dubench.duvlm.fine_tuning.data import HELD
from dubench.duvlm.model.believing import Believed
from dubench.duvlm.tokens import NANO
from dubench.duvlm.train import samples
from dubench.duvlm.train.calibrate import calibrate
from generators.physics.compose import derive
from generators.presets import load
from generators.randomness import Purpose, stream
from generators.sample import draw_values
from generators.taxonomy import TYPES

DEPTH = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)


def test_enough_is_held_out_to_calibrate_every_range(tmp_path) -> None:
    """By a model that takes each for what it is, and knows nothing of values: the levels of its
    ranges are set for all keys that have a range."""
    plan = samples.plan(["dead-leaves"], tmp_path, 0, 1, lambda done, total: None, images=1000)
    held = []
    for recipe in plan.recipes:
        first = next(shard.start for shard in recipe.shards if shard.split == "validation")
        truth = np.empty(HELD, samples.TRUTH)
        values = []
        for row, index in zip(truth, range(first, first + HELD), strict=True):
            rng = stream(0, index, 0, Purpose.PARAMETERS)
            (degradation,) = derive(draw_values(recipe.preset, recipe.types_of(index), rng), DEPTH)
            row["type"], row["severity"], row["values"] = samples.truth(degradation)
            entries, steps = len(NANO.answer(degradation.type).entries), len(NANO.values)
            values.append(np.full((entries, steps), 1 / steps))
        held.append((Believed(np.eye(len(TYPES))[truth["type"]], values), truth))
    keys = {
        key.name
        for name in load("du110k").types
        for key, _ in NANO.answer(name).entries
        if key.size == 1 and not key.integer
    }
    assert calibrate(NANO, held).levels.keys() == keys


def test_crops_are_of_all_photographs(tmp_path) -> None:
    """However few are seen: each trains, or is held out, and serves about as often as any other."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(64):
        picture = rng.integers(0, 256, (180, 180, 3), np.uint8)
        Image.fromarray(picture).save(folder / f"{number}.png")
    images = 3 * 200
    plan = samples.plan(
        [f"folder={folder}"], tmp_path / "spools", 0, 1, lambda done, total: None, images=images
    )
    for recipe, seen in zip(plan.recipes, (400, 200), strict=True):
        starts = {shard.split: shard.start for shard in reversed(recipe.shards)}
        for split, count in (("train", seen), ("validation", HELD)):
            numbers = [recipe.slot(starts[split] + i).photograph for i in range(count)]
            times = np.bincount(numbers, minlength=recipe.pools[0].photographs[split])
            assert len(times) == recipe.pools[0].photographs[split]
            assert times.max() - times.min() <= 1
