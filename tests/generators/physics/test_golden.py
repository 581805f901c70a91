"""The per-image path against vectors computed from the formulas in float64 by other code."""

import json
from pathlib import Path

import numpy as np
import pytest

from generators.physics import low_light, model_of
from generators.randomness import five_digits
from generators.taxonomy import TYPES

DATA = Path(__file__).parents[2] / "data"
RECIPES = json.loads((DATA / "golden.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    with np.load(DATA / "golden.npz") as file:
        return dict(file)


@pytest.mark.parametrize("name", RECIPES)
def test_within_one_level(name, arrays) -> None:
    recipe = RECIPES[name]
    clean, depth = arrays[recipe["clean"]], arrays.get(recipe.get("depth"))
    values = {key.name: recipe[key.name] for key in TYPES[recipe["type"]].keys}
    if recipe["type"] == "low_light":
        values["red_gain"], _, values["blue_gain"] = recipe["white_balance"]
        values |= {"shot_noise": recipe.get("shot", 0.0), "read_noise": recipe.get("read", 0.0)}
        noise = arrays.get(recipe.get("normal"), np.zeros(clean.shape, np.float32))
        result = low_light.render(clean, values, noise)
    else:
        numbers = {name: float(value) for name, value in values.items()}
        numbers |= {"beta": recipe.get("beta", 0.0)}
        result = model_of(recipe["type"]).apply(clean, numbers, depth, None)
    difference = np.abs(result.astype(int) - arrays[name])
    assert difference.max() <= 1
    # Only ties and their neighbours may round otherwise in float32.
    assert difference.mean() < 0.001


@pytest.mark.parametrize("name", [name for name in RECIPES if RECIPES[name]["type"] == "haze"])
def test_transmission_from_beta(name, arrays) -> None:
    recipe = RECIPES[name]
    drawn = {"atmospheric_light": 0.62, "transmission": recipe["transmission"]}
    values = model_of("haze").derive(drawn, arrays[recipe["depth"]])
    assert values["beta"] == recipe["beta"]
    assert values["transmission"] == five_digits(recipe["transmission"])
