"""The dataset: pairs, proof, contact sheet."""

from collections import Counter
from html import escape

from dubench.cli.demo.page.pieces import (
    Chapter,
    Demo,
    listed,
    own,
    pair,
    picture,
    terminal,
    tiles,
)
from dubench.cli.demo.page.samples import Sample, of_each_type, read_samples
from dubench.dataset import open_split
from dubench.text import words


def dataset(demo: Demo) -> Chapter:
    """The chapter."""
    generate, verify, preview = demo.ran("dataset")
    split = open_split(str(demo.out / "dataset"))
    truth = split.ground_truth()
    kinds = Counter(name.partition("/")[0] for name in set(truth.clusters))
    shown = read_samples(split, truth, of_each_type(truth, 2, "folder/"))
    pairs = (
        pair(one.clean, one.degraded, f"<b>{words(one.type)}</b>, {one.severity}: {_values(one)}")
        for one in shown
    )
    types = len(set(truth.types.tolist()))
    seconds = generate.seconds + verify.seconds
    pictured = f"{kinds['folder']} photographs, {kinds['dead-leaves']} synthetic scenes"
    glance = tiles(
        [
            ("pairs", f"{split.n:,}", f"{types} types, equally many of each"),
            ("taken from", f"{len(set(truth.clusters)):,}", pictured),
            ("made and proved in", f"{seconds:.0f} s", "every row rendered again and compared"),
            ("content id", str(split.identity["content_id"])[:8], "the same on every processor"),
        ]
    )
    sheet = picture(demo.image("dataset/contact_sheet.png"), "Contact sheet", 1288, "sheet")
    mine = own(
        "On your own photographs",
        "dubench generate --n 1000 --test-only --source folder=PHOTOS --out mine",
        "dubench verify mine",
    )
    body = f"""<p class="lead">Clean crops left, degraded right. The type and its parameters are
drawn at random and known exactly: they are what a model has to find.</p>
{listed(pairs)}
{glance}
{terminal(generate, verify)}
<details><summary>The contact sheet that <code>{escape(preview.line)}</code> draws</summary>
{sheet}</details>
{mine}"""
    return Chapter("dataset", "Dataset", "A dataset with exact answers", body)


def _values(sample: Sample) -> str:
    return ", ".join(f"{words(key)} {value:.3g}" for key, value in sample.values.items())
