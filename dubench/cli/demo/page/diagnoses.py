"""Photographs diagnosed without being told anything, and restored from the diagnosis."""

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path

from dubench.cli.demo.page.pieces import Chapter, Demo, figure, listed, own, pair, picture, terminal
from dubench.cli.demo.steps import TOUCHED, UNTOUCHED
from dubench.restoring.report import REPORT, Report, Restoration
from dubench.restoring.terminal import describe
from generators.typed_json import from_json

RESTORED = "restored-photographs"


def diagnoses(demo: Demo) -> Chapter:
    """The chapter."""
    *degraded, diagnose = demo.ran("diagnoses")
    evidence = (
        figure(
            '<div class="evidence" tabindex="0" role="region" aria-label="Evidence">'
            f"{picture(demo.image(f'evidence/{name}.png'), f'Evidence on {name}', 1400)}</div>",
            caption,
        )
        for name, caption in _captions().items()
    )
    mine = own(
        "On a photograph of your own",
        "dubench diagnose photo.jpg --evidence why",
        "dubench restore photo.jpg --out better --compare",
    )
    body = f"""<p class="lead">Three photographs are degraded, one is left alone; the model of plain
image statistics is not told which. Each picture shows what its answer rests on: photograph,
spectrum, edges, probabilities of the types, and values with their 90 % ranges.</p>
{listed(evidence, "pictures wide")}
{terminal(*degraded, diagnose, output=False)}
<details><summary>What the last one prints</summary>{terminal(diagnose)}</details>
{_restored(demo)}
{mine}"""
    return Chapter("diagnoses", "Diagnoses", "What is wrong with a photograph", body)


def _captions() -> dict[str, str]:
    """By name of the evidence, what had been done to the photograph."""
    captions = {
        name: f"True: {escape(type_name.replace('_', ' '))}, {escape(value.replace('=', ' '))}."
        for name, (_, type_name, value) in TOUCHED.items()
    }
    return captions | {Path(UNTOUCHED).stem: "True: nothing."}


def _restored(demo: Demo) -> str:
    if RESTORED not in demo.journal.steps:
        return ""
    path = demo.out / RESTORED / REPORT
    report = from_json(Report, json.loads(path.read_text("utf-8")), str(path))
    return f"""<h3>Restored from the diagnosis alone</h3>
<p>Degraded left, restored right. What the diagnosis is not sure of is left as it is.</p>
{listed(_pairs(demo, report.photographs), "pictures three")}
{terminal(*demo.ran(RESTORED))}"""


def _pairs(demo: Demo, photographs: tuple[Restoration, ...]) -> Iterator[str]:
    for one in photographs:
        before = demo.image(Path(one.photograph).name)
        if one.restored:
            after = demo.image(f"{RESTORED}/{one.file}")
            yield pair(before, after, f"<b>restored</b>: {escape(describe(one))}")
        else:
            yield figure(
                f'<div class="mini">{picture(before, "left as it is")}</div>',
                f"<b>left as it is</b>: {escape(one.doubt or 'nothing to undo')}",
            )
