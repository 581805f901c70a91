"""The dataset card: what a stranger needs to know to use the dataset, and to trust it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from generators.dataset.cards.review_card import section
from generators.dataset.info import DatasetInfo, Identity, LeftOut
from generators.dataset.recipe import Recipe
from generators.dataset.schema import flat_columns, schema
from generators.sources.splits import SPLITS
from generators.taxonomy import TYPES
from generators.typed_json import to_json

_SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
_SIZE_NAMES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "n>10M")
_BUNDLED = Path(__file__).parents[2] / "data" / "photos" / "ATTRIBUTION.md"


def card(info: DatasetInfo) -> str:
    """README.md of a finished dataset: YAML for the Hub, then prose and tables for people."""
    recipe, blind, review = info.recipe, info.blind, info.review
    return "\n\n".join(
        [
            _front_matter(recipe, bool(blind), _fingerprint(info)),
            f"# {recipe.preset.name}: degraded photographs with exact ground truth",
            f"{recipe.n:,} pairs of {recipe.size}×{recipe.size} RGB images, clean and degraded, "
            "each with the type of its degradation and the physical parameters that made it, in "
            "the manner of DU-110k ([arXiv 2602.04565](https://arxiv.org/abs/2602.04565)). Made "
            "with dubench; every row can be rendered again and compared by `dubench verify`.",
            "```python\nfrom datasets import load_dataset\n\n"
            'row = load_dataset("path/of/this/folder", split="test")[0]\n'
            'row["degraded"], row["clean"], row["tuples"]\n```',
            _splits(recipe, info.identity, blind.test if blind else 0),
            _types(recipe),
            _columns(),
            _making(recipe, info.left_out, info.device),
            section(review) if review else "The rows are unreviewed by people.",
            _licence(recipe),
        ]
    )  # fmt: skip


def licence(recipe: Recipe) -> str:
    """The Hub's name for the licence that the photographs leave the dataset."""
    pool_sources = {pool.source for pool in recipe.pools}
    if pool_sources <= {"builtin", "dead-leaves"}:
        return "cc-by-sa-4.0" if "builtin" in pool_sources else "cc0-1.0"
    return "other"


def _fingerprint(info: DatasetInfo) -> str:
    """A hash that no two datasets share.

    `datasets` keeps what it has loaded under the folder's name and a hash of the YAML: without
    this, it would take one dataset for another in a folder of the same name.
    """
    everything = [
        info.recipe.to_json(),
        to_json(info.identity),
        to_json(info.blind),
        to_json(info.review),
    ]
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()


def _front_matter(recipe: Recipe, blind: bool, fingerprint: str) -> str:
    size = _SIZE_NAMES[sum(recipe.n >= bound for bound in _SIZES)]
    splits = [split for split in SPLITS if recipe.splits[split]]
    # JSON is YAML: each value in one line, quoted where it must be.
    configs = [
        {
            "config_name": "default",
            "data_files": [{"split": s, "path": f"data/{s}-*.parquet"} for s in splits],
        }
    ]
    if blind:  # other columns, so another configuration
        files = [{"split": "test", "path": "data/blind-*.parquet"}]
        configs.append({"config_name": "blind", "data_files": files})
    fields = {
        "pretty_name": recipe.preset.name,
        "license": licence(recipe),
        "task_categories": ["image-to-text", "image-to-image"],
        "tags": ["image-degradation", "image-restoration", "dubench", "croissant"],
        "size_categories": [size],
        "configs": configs,
        "dataset_info": {
            "config_name": "default",
            "description": f"fingerprint {fingerprint}",
            "features": [_yaml_feature(field) for field in schema()],
        },
    }
    lines = [f"{name}: {json.dumps(value)}" for name, value in fields.items()]
    return "\n".join(["---", *lines, "---"])


def _yaml_feature(field: pa.Field) -> dict[str, Any]:
    """A column as the Hub's YAML names it."""
    if field.name in ("degraded", "clean", "depth"):
        return {"name": field.name, "dtype": "image"}
    if field.name == "type":
        names = {str(i): name for i, name in enumerate(TYPES)}
        return {"name": "type", "dtype": {"class_label": {"names": names}}}
    return {"name": field.name, **_yaml_dtype(field.type)}


def _yaml_dtype(arrow_type: pa.DataType) -> dict[str, Any]:
    if pa.types.is_list(arrow_type):
        inner = arrow_type.value_type
        if pa.types.is_struct(inner):
            return {"list": [{"name": child.name, **_yaml_dtype(child.type)} for child in inner]}
        return {"list": _yaml_dtype(inner)["dtype"]}
    return {"dtype": "float32" if pa.types.is_float32(arrow_type) else str(arrow_type)}


def _splits(recipe: Recipe, identity: Mapping[str, Identity], blind: int) -> str:
    head = "| split | samples | per type | recipe_id | content_id |\n|---|---|---|---|---|"
    rows = [
        f"| {split} | {recipe.splits[split]:,} | {_per_type(recipe, recipe.splits[split])} "
        f"| `{ids.recipe_id[:16]}` | `{ids.content_id[:16]}` |"
        for split, ids in identity.items()
    ]
    if blind:
        rows.append(
            f"| test, blind | {blind:,} | {_per_type(recipe, blind)} | kept by the host | |"
        )
    return "\n".join(
        [
            "## Splits\n",
            head,
            *rows,
            "\nNo photograph is on two sides. `content_id` pins the very pixels, `recipe_id` what "
            "they were made of; both in full in `recipe.json`."
            + (
                " The configuration `blind` holds ids and degraded images of the test split alone; "
                "`commitment` in `recipe.json` is the content_id of its answers."
                if blind
                else ""
            ),
        ]
    )


def _per_type(recipe: Recipe, samples: int) -> str:
    """How many of so many samples each type has: one number where all have as many."""
    cycle = recipe.preset.cycle
    one = samples // len(cycle)
    more = [f"{name} {cycle.count(name) * one:,}" for name in recipe.preset.weights]
    return ", ".join([f"{one:,}", *more])


def _types(recipe: Recipe) -> str:
    rows = []
    for name in recipe.preset.types:
        for key in TYPES[name].keys:
            ends = recipe.preset.keys[key.name]
            drawn = _drawn(recipe, name, key.name)
            drawn = drawn if len(drawn) < 70 else f"{drawn[:60]} …"
            rows.append(
                f"| `{name}` | `{key.name}` | {key.meaning} | {key.unit} "
                f"| {ends.low:g} to {ends.high:g} | `{drawn}` |"
            )
    return "\n".join(
        ["## Types and parameters\n", "| type | key | meaning | unit | range | drawn from |",
         "|---|---|---|---|---|---|", *rows]
    )  # fmt: skip


def _drawn(recipe: Recipe, type_name: str, key_name: str) -> str:
    """The distribution of a key, or of what is drawn in its place."""
    section = recipe.preset.draws[type_name]
    if key_name in section:
        return json.dumps(section[key_name])
    instead = TYPES[type_name].stand_ins[key_name]
    return f"{instead}: {json.dumps(section[instead])}"


def _columns() -> str:
    flat = ", ".join(f"`{name}`" for name in flat_columns())
    return (
        "## Columns\n\n`degraded` and `clean` (PNG), `type`, `tuples` (type, key, value, shape; "
        f"the map `transmission` by its mean), the same flat for filters: {flat}; `depth` (16-bit "
        "PNG, 0 nearest, where the type needs it), `severity`, `source`, `source_id`, `group` "
        "(scene or person, where the source has one), "
        "`source_scale` (pixels here per pixel of the photograph), `crop_box` (x, y, width, height "
        "there), "
        "`depth_source`, `recipe` (JSON: seed, index, attempt, photograph hash, derived and "
        "nuisance values), `degraded_sha256` (of the RGB bytes), `review`."
    )


def _making(recipe: Recipe, left_out: LeftOut, device: str) -> str:
    lines = [
        "## How it was made\n",
        f"Preset `{recipe.preset.name}`, seed {recipe.seed}. Sources:\n",
        "| source | samples | photographs or scenes |",
        "|---|---|---|",
    ]
    for pool in recipe.pools:
        samples, photographs = sum(pool.samples.values()), sum(pool.photographs.values())
        lines.append(f"| {pool.source} | {samples:,} | {photographs:,} |")
    for source, reasons in left_out.items():
        counts = ", ".join(f"{len(names)} {reason}" for reason, names in reasons.items())
        lines.append(f"\nLeft out of {source}: {counts} (named in `recipe.json`).")
    if any(TYPES[name].needs_depth for name in recipe.preset.types):
        lines.append(_depth(recipe))
    if device != "cpu":
        lines.append(f"\nRendered on `{device}`, within one level of what a CPU makes.")
    if recipe.preset.postprocess:
        lines.append(
            "\nAfter the degradation, pictures got Gaussian noise or more, or went through JPEG, "
            f"as often as this says: `{json.dumps(recipe.preset.postprocess)}`; how much, each "
            "row's `recipe` says. "
            "Type `none` is an undegraded photograph with the same."
        )
    if recipe.preset.photograph:
        lines.append(
            "\nBefore any degradation, some photographs were resized: "
            f"`{json.dumps(recipe.preset.photograph)}`; `source_scale` says by how much."
        )
    lines.append(
        "\nThe parameter ranges of the preset `du110k` are an inference from the paper's printed "
        "results, not its authors' word."
    )
    return "\n".join(lines)


def _depth(recipe: Recipe) -> str:
    return (
        "\nDepth of photographs, by where it comes from: "
        f"{recipe.depth_sources or 'none'} (procedural is a "
        "plausible layout, not a measurement); that of dead-leaves scenes is exact. "
        "`depth_source` says which, row by row."
    )


def _licence(recipe: Recipe) -> str:
    pool_sources = {pool.source for pool in recipe.pools}
    if "builtin" in pool_sources:
        return (
            "## Licence\n\nThis dataset holds crops of CC-BY-SA photographs, so it is shared "
            "under the same terms.\n\n" + _BUNDLED.read_text("utf-8").partition("\n\n")[2].strip()
        )
    if pool_sources == {"dead-leaves"}:
        return "## Licence\n\nSynthetic scenes alone: CC0-1.0."
    return (
        "## Licence\n\nThe licences of the source photographs hold for their crops. Whoever "
        "publishes this dataset states them here."
    )
