"""Draws against scipy's distributions and the paper's means; bad files are named."""

import json
from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, chisquare, kstest, norm, truncnorm, uniform

from generators import degrade, presets
from generators.build.generate import generate
from generators.build.verify import verify
from generators.errors import InputError
from generators.presets import Preset, load
from generators.randomness import Purpose, five_digits, stream
from generators.sources.pools import SourceSpec
from generators.taxonomy import KEYS, TYPES

BUNDLED = presets.FOLDER / "du110k.toml"
PRESET = load("du110k")
DRAWS = 4000


@pytest.fixture(scope="module")
def drawn() -> dict[str, np.ndarray]:
    """DRAWS values of everything the preset draws, by name."""
    rows = [
        {
            name: value
            for kind in PRESET.types
            for name, value in PRESET.draw(kind, stream(0, i, 0, Purpose.PARAMETERS)).items()
        }
        for i in range(DRAWS)
    ]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.parametrize(
    ("name", "mean", "sd", "low", "high"),
    [
        # The design's table.
        ("atmospheric_light", 0.63, 0.17, 0.25, 1.0),
        ("transmission", 0.42, 0.13, 0.10, 0.85),
        ("gamma", 2.75, 0.5, 2.0, 3.5),
        ("gain", 0.1, 0.08, 0.05, 0.1),
        ("sigma", 5.0, 2.0, 1.0, 9.0),
    ],
)
def test_truncated_normals(drawn, name, mean, sd, low, high) -> None:
    law = truncnorm((low - mean) / sd, (high - mean) / sd, loc=mean, scale=sd)
    assert kstest(drawn[name], law.cdf).pvalue > 1e-3


def test_nuisance_values(drawn) -> None:
    assert kstest(drawn["red_gain"], uniform(1.9, 0.5).cdf).pvalue > 1e-3
    assert kstest(drawn["blue_gain"], uniform(1.5, 0.4).cdf).pvalue > 1e-3
    shot, read = np.log(drawn["shot_noise"]), np.log(drawn["read_noise"])
    assert kstest(shot, uniform(np.log(5e-6), np.log(100)).cdf).pvalue > 1e-3
    assert kstest(read - 2.18 * shot - 1.2, norm(0, 0.26).cdf).pvalue > 1e-3


def test_choices_are_equally_likely(drawn) -> None:
    assert chisquare(np.unique(drawn["scale"], return_counts=True)[1]).pvalue > 1e-3
    cameras, counts = np.unique(drawn["camera_intrinsics"], axis=0, return_counts=True)
    assert cameras.shape == (4, 9)
    assert chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize(
    ("name", "mean"),
    [
        # Implied by the paper's table 1, where a wrong answer scores the value's own magnitude.
        ("gamma", 2.75),
        ("gain", 0.076),
        ("camera_intrinsics", 0.44),
        ("atmospheric_light", 0.62),
        ("transmission", 0.42),
        ("sigma", 5.0),
        ("scale", 3.0),
    ],
)
def test_means_are_those_the_paper_gives_away(drawn, name, mean) -> None:
    assert np.abs(drawn[name]).mean() == pytest.approx(mean, rel=0.03)


def test_the_published_camera_matrices() -> None:
    cameras = np.array(PRESET.draws["low_light"]["camera_intrinsics"]["choice"])
    assert cameras.shape == (4, 9)
    assert np.abs(cameras).mean() == pytest.approx(0.4396, abs=5e-5)
    # Of "Unprocessing Images for Learned Raw Denoising", the first row of each.
    assert cameras[:, :3].tolist() == [
        [1.0234, -0.2969, -0.2266],
        [0.4913, -0.0541, -0.0202],
        [0.838, -0.263, -0.0639],
        [0.6596, -0.2079, -0.0562],
    ]


@settings(deadline=None)
@given(
    kind=st.sampled_from(PRESET.types), seed=st.integers(0, 2**64 - 1), index=st.integers(0, 2**40)
)
def test_draws_stay_in_range_and_have_five_digits(kind, seed, index) -> None:
    values = PRESET.draw(kind, stream(seed, index, 0, Purpose.PARAMETERS))
    assert list(values) == list(PRESET.draws[kind])
    for key in TYPES[kind].keys:
        assert key.check(values[key.name]) == values[key.name]
    for value in np.hstack(list(values.values())):
        assert five_digits(value) == value


@settings(deadline=None)
@given(kind=st.sampled_from(PRESET.types), index=st.integers(0, 10**6), chosen=st.integers(0, 6))
def test_a_given_value_shifts_no_other(kind, index, chosen) -> None:
    free = PRESET.draw(kind, stream(0, index, 0, Purpose.PARAMETERS))
    name = list(free)[chosen % len(free)]
    wanted = (0.5,) * 9 if name == "camera_intrinsics" else 0.123456789
    held = PRESET.draw(kind, stream(0, index, 0, Purpose.PARAMETERS), {name: wanted})
    assert held.pop(name) == wanted
    free.pop(name)
    if name == "shot_noise":  # the read noise follows the shot noise, as the law says
        assert held.pop("read_noise") != free.pop("read_noise")
    assert held == free


def test_only_uniforms_are_taken() -> None:
    # One uniform per value: what a sample draws is the same wherever the library's normals differ.
    for kind in PRESET.types:
        rng, twin = (np.random.default_rng(5) for _ in range(2))
        count = len(PRESET.draw(kind, rng))
        twin.random(count)
        assert rng.random() == twin.random()


def test_mixture_is_uniform_on_the_simplex(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    text = BUNDLED.read_text("utf-8")
    path.write_text(text.replace("{ choice = [\n", "{ mixture = [\n"), "utf-8")
    mine = load(str(path))
    cameras = np.array(mine.draws["low_light"]["camera_intrinsics"]["mixture"])
    rng = np.random.default_rng(1)
    drawn = np.array([mine.draw("low_light", rng)["camera_intrinsics"] for _ in range(1000)])
    weights = np.linalg.lstsq(cameras.T, drawn.T, rcond=None)[0]
    np.testing.assert_allclose(weights.sum(axis=0), 1, atol=1e-3)
    for weight in weights:  # the margins of Dirichlet(1, 1, 1, 1)
        assert kstest(weight, beta(1, 3).cdf).pvalue > 1e-3


def test_a_copied_and_changed_preset(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    text = BUNDLED.read_text("utf-8").replace('name = "du110k"\n', "")
    text = text.replace(
        'types = ["haze", "low_light", "blur", "low_resolution"]', 'types = ["blur"]'
    )
    old = "sigma = { normal = [5.0, 2.0], range = [1.0, 9.0] }"
    path.write_text(text.replace(old, "sigma = { uniform = [2, 3] }"), "utf-8")
    mine = load(str(path))
    assert (mine.name, mine.types) == ("mine", ("blur",))
    rng = np.random.default_rng(0)
    sigmas = [mine.draw("blur", rng)["sigma"] for _ in range(500)]
    assert kstest(sigmas, uniform(2, 1).cdf).pvalue > 1e-3


def test_a_preset_survives_json() -> None:
    text = json.dumps(PRESET.to_json())
    assert Preset.from_json(json.loads(text), "recipe.json") == PRESET


def edited(field: str, replacement: str) -> str:
    """The bundled preset with the line of `field` replaced; an empty one leaves the line out."""
    lines = BUNDLED.read_text("utf-8").splitlines()
    (line,) = (i for i, line in enumerate(lines) if line.split("=")[0].strip() == field)
    lines[line] = replacement
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("types = [", "not a TOML file"),
        (edited("name", "name = 3"), "name must be a word"),
        (edited("types", ""), "types must be a list of different types"),
        (edited("types", "types = []"), "types must be a list of different types"),
        (edited("types", 'types = ["blur", "blur"]'), "types must be a list of different types"),
        (edited("types", 'types = [["blur"]]'), "types must be a list of different types"),
        (edited("types", 'types = ["fog"]'), "types must be a list of different types: haze"),
        (edited("sigma", ""), "[blur] lacks sigma"),
        (edited("gain", ""), "[low_light] lacks gain"),
        (edited("name", "blur = 3").replace("[blur]", "[other]"), "[blur] is missing"),
        (edited("sigma", "sigma = { uniform = [1, 9] }\n[fog]"), "unknown section [fog]"),
        (edited("sigma", "sigma = 5"), "blur.sigma is not a distribution"),
        (edited("sigma", "sigma = { normal = [5, 2] }"), "blur.sigma is not a distribution"),
        (edited("sigma", "sigma = { normal = [5, 0], range = [1, 9] }"), "blur.sigma is not"),
        (edited("sigma", "sigma = { normal = [5, 2], range = [9, 1] }"), "blur.sigma is not"),
        (edited("sigma", "sigma = { uniform = [1, 2, 3] }"), "blur.sigma is not"),
        (edited("sigma", "sigma = { uniform = [1, 9], sd = 2 }"), "blur.sigma is not"),
        (edited("sigma", "sigma = { log_uniform = [0, 9] }"), "blur.sigma is not"),
        (edited("sigma", "sigma = { uniform = [1, nan] }"), "blur.sigma is not"),
        (edited("sigma", 'sigma = { uniform = ["1", "9"] }'), "blur.sigma is not"),
        (edited("sigma", "sigma = { choice = [] }"), "blur.sigma is not"),
        (edited("sigma", "sigma = { mixture = [] }"), "blur.sigma is not"),
        (edited("sigma", "sigma = { uniform = [0.1, 9] }"), "sigma=0.1 is outside [0.3, 20]"),
        (
            edited("atmospheric_light", "atmospheric_light = { uniform = [0.2, 1] }"),
            "haze.atmospheric_light: atmospheric_light=0.2 is outside [0.25, 1]",
        ),
        (edited("sigma", "sigma = { product = [{ uniform = [1, 9] }] }"), "blur.sigma is not"),
        (edited("sigma", "sigma = { sum = [{ uniform = [1, 9] }, 3] }"), "blur.sigma is not"),
        (edited("name", "weights = 3"), "weights must be whole numbers by type"),
        (edited("name", "weights = { none = 2 }"), "weights: none is not one of the types"),
        (edited("name", "weights = { blur = 1.5 }"), "weights.blur must be a whole number"),
        (edited("transmission", "opacity = { uniform = [1, 2] }"), "[haze] lacks transmission"),
        (edited("scale", "scale = { choice = [2, 2.5] }"), "low_resolution.scale: scale=2.5"),
        (edited("gamma", "gamma = { choice = [[2, 3]] }"), "low_light.gamma: gamma=[2, 3]"),
        (
            edited(
                "gain", "gain = { power_law = { of = 'gamma', slope = 1, intercept = 0, sd = 1 } }"
            ),
            "low_light.gain: a power law has no bounds",
        ),
        (
            edited(
                "read_noise",
                "read_noise = { power_law = { of = 'later', slope = 1, intercept = 0, sd = 1 } }",
            ),
            "low_light.read_noise is not a distribution",
        ),
        (
            edited("shot_noise", "shot_noise = { choice = [0.0] }"),
            "low_light.read_noise: a power law needs numbers above 0; shot_noise has others",
        ),
        (
            edited(
                "read_noise",
                "read_noise = { sum = [{ choice = [1] }, { power_law = { of = 'camera_intrinsics', "
                "slope = 1, intercept = 0, sd = 1 } }] }",
            ),
            "low_light.read_noise: a power law needs numbers above 0; camera_intrinsics has others",
        ),
        (edited("red_gain", "red_gain = { uniform = [0, 1] }"), "low_light.red_gain must be"),
        (edited("blue_gain", "blue_gain = { choice = [[1]] }"), "low_light.blue_gain must be"),
        (edited("read_noise", "read_noise = { choice = [0, -1e-6] }"), "low_light.read_noise must"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_with_its_field(tmp_path, text, field) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError) as caught:
        load(str(path))
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert field in message
    assert "\n" not in message


def test_a_camera_without_noise(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "du110k"\n[low_light]\n'
        "shot_noise = { choice = [0.0] }\nread_noise = { choice = [0.0] }"
    )
    drawn = load(str(path)).draw("low_light", np.random.default_rng(0))
    assert (drawn["shot_noise"], drawn["read_noise"]) == (0, 0)


def test_every_nuisance_value_is_required(tmp_path) -> None:
    for field in ("red_gain", "blue_gain", "shot_noise", "read_noise"):
        path = tmp_path / "mine.toml"
        lines = BUNDLED.read_text("utf-8").splitlines()
        path.write_text(
            "\n".join(line for line in lines if not line.startswith((field, "read_noise"))), "utf-8"
        )
        with pytest.raises(InputError, match=rf"mine\.toml: \[low_light\] lacks {field}"):
            load(str(path))


def test_a_file_that_is_not_text(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"mine\.toml: not a TOML file"):
        load(str(path))


def test_an_unknown_preset_lists_the_bundled_ones() -> None:
    with pytest.raises(InputError, match=r"unknown preset 'du111k'; use one of: .*du110k"):
        load("du111k")


def test_a_type_the_preset_does_not_draw() -> None:
    only_blur = Preset("mine", ("blur",), {"blur": PRESET.draws["blur"]})
    with pytest.raises(InputError, match="preset mine says nothing about haze"):
        only_blur.draw("haze", np.random.default_rng(0))


def test_the_bundled_file_names_every_key() -> None:
    names = {name for section in PRESET.draws.values() for name in section}
    assert names >= set(KEYS)


WIDER = """
extends = "du110k"
types = ["blur", "low_light", "none"]
weights = { none = 3 }
[blur]
sigma = { log_uniform = [0.6, 4] }
"""


@pytest.fixture
def wider(tmp_path) -> Preset:
    path = tmp_path / "wider.toml"
    path.write_text(WIDER, "utf-8")
    return load(str(path))


def test_a_preset_widens_a_range_and_never_narrows_one(wider) -> None:
    assert (wider.keys["sigma"].low, wider.keys["sigma"].high) == (0.6, 9.0)
    assert wider.own_ranges == {"sigma": (0.6, 9.0)}
    assert wider.keys["sigma"].check(0.7) == 0.7
    with pytest.raises(InputError, match=r"sigma=0\.7 is outside"):
        KEYS["sigma"].check(0.7)
    assert PRESET.own_ranges == {}
    assert PRESET.keys == KEYS


def test_degrade_takes_what_the_preset_allows(tmp_path) -> None:
    path = tmp_path / "wider.toml"
    path.write_text(WIDER, "utf-8")
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    sample = degrade(image, "blur", {"sigma": 0.7}, preset=str(path))
    assert sample.tuples == [("blur", "sigma", 0.7)]
    with pytest.raises(InputError, match=r"sigma=0\.7 is outside \[1, 9\]"):
        degrade(image, "blur", {"sigma": 0.7})


def test_weights_make_some_types_more_frequent(wider) -> None:
    assert wider.cycle == ("blur", "low_light", "none", "none", "none")
    assert Preset.from_json(json.loads(json.dumps(wider.to_json())), "recipe.json") == wider
    assert "weights" not in PRESET.to_json()  # its identity stays what it was


def test_a_dataset_with_weights_passes_its_audit(wider, tmp_path) -> None:
    out = tmp_path / "d"
    generate(60, out, [SourceSpec("dead-leaves")], str(tmp_path / "wider.toml"), size=32)
    audit = verify(out)
    assert audit.good, audit.problems
    rows = [row for file in (out / "data").iterdir() for row in pq.read_table(file).to_pylist()]
    counts = Counter(list(TYPES)[row["type"]] for row in rows)
    assert counts["none"] == 3 * counts["blur"] == 3 * counts["low_light"] == 36
    assert ", none " in (out / "README.md").read_text("utf-8")
    assert min(row["sigma"] for row in rows if row["sigma"]) < 1


JARVIS = load("jarvis")


def test_jarvis_draws_what_its_code_does() -> None:
    # CVPR 2025, degradation_synthesis/{fog,night}_syn.py.
    rows = [
        JARVIS.draw(kind, stream(0, i, 0, Purpose.PARAMETERS))
        for kind in ("haze", "low_light")
        for i in range(3000)
    ]
    names = {**rows[0], **rows[-1]}
    drawn = {name: np.array([row[name] for row in rows if name in row]) for name in names}
    for name, low, high in (
        ("atmospheric_light", 0.25, 1),
        ("beta", 2 * 0.3, 2 * 1.5),
        ("red_offset", -0.025, 0.025),
        ("gamma", 2, 3.5),
        ("red_gain", 1.9, 2.4),
        ("blue_gain", 1.5, 1.9),
    ):
        assert kstest(drawn[name], uniform(low, high - low).cdf).pvalue > 1e-3, name
    assert "transmission" not in drawn
    # Its darkness and the gain of all channels, drawn by scipy as there.
    dark = truncnorm((0.07 - 0.06) / 0.04, (0.15 - 0.06) / 0.04, 0.06, 0.04)
    theirs = dark.rvs(3000, random_state=1) * norm(0.8, 0.1).rvs(3000, random_state=2)
    assert kstest(drawn["gain"], theirs).pvalue > 1e-3
    # A tenth of its variances; beside them, that of an even error of ±1/(255·b).
    shot = np.log(drawn["shot_noise"])
    assert kstest(shot, uniform(np.log(5e-7), np.log(600)).cdf).pvalue > 1e-3
    rounding = np.array([1 / (255 * b) ** 2 / 3 for b in (2, 4, 6)])
    rest = (drawn["read_noise"] / drawn["shot_noise"])[drawn["shot_noise"] > 1e-4]
    assert kstest(np.log(rest), norm(0.05, 0.03).cdf).statistic < 0.1
    assert drawn["read_noise"].min() > rounding.min()


def test_a_key_may_be_left_to_the_value_it_follows_from(tmp_path) -> None:
    out = tmp_path / "d"
    generate(48, out, [SourceSpec("dead-leaves")], "jarvis", size=32)
    audit = verify(out)
    assert audit.good, audit.problems
    (train,) = (out / "data").glob("train-*")
    hazy = [row for row in pq.read_table(train).to_pylist() if row["beta"]]
    assert len(hazy) > 9
    for row in hazy:
        assert 0.6 <= row["beta"] <= 3.0
        assert 0 < row["transmission"] < 1
        recipe = json.loads(row["recipe"])
        assert {"beta", "red_offset", "green_offset", "blue_offset"} <= set(recipe["nuisance"])
    assert "beta: " in (out / "README.md").read_text("utf-8")
    # Asked for by name, the key is what is rendered.
    sample = degrade(np.full((32, 32, 3), 90, np.uint8), "haze", {"transmission": 0.4},
                     preset="jarvis")  # fmt: skip
    assert sample.parameters["transmission"] == pytest.approx(0.4, abs=1e-4)
