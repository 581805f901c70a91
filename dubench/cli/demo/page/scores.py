"""The models' scores, with intervals and signatures."""

from html import escape

from dubench.cli.demo.page.pieces import Chapter, Demo, own, terminal
from dubench.cli.demo.page.tables import without_paper
from dubench.cli.demo.steps import MODELS
from dubench.report.tables import by_type, overview, parameters
from dubench.scoring.score_files import read_score


def scores(demo: Demo) -> Chapter:
    """The chapter."""
    results = {model: read_score(demo.out / f"{model}.json").result for model in MODELS}
    first = next(iter(results.values()))
    shown = overview(results), parameters(results, "p_rel"), by_type(results, "f1")
    signatures = "".join(
        f"<dt>{model}</dt><dd><code>{escape(result.signature)}</code></dd>"
        for model, result in results.items()
    )
    mine = own(
        "Another model's answers",
        "dubench score preds.jsonl --out preds.json",
        "dubench compare preds.jsonl nano.jsonl",
    )
    body = f"""<p class="lead">Every score with its 95 % interval, from weighing
{first.clusters} photographs and scenes at random, and beside a constant that knows the type, so
that a good guess is not taken for understanding. Bold: the best, and what cannot be told from
it.</p>
<p class="soft">T-Acc: the type is right. J-Acc: the type and exactly its keys are right. P-Abs and
P-Rel: mean absolute and relative error of the values. Skill: 1 − P-Rel / P-Rel of the
constant.</p>
{"".join(map(without_paper, shown))}
<h3>Signatures</h3>
<p>Two scores may be compared if these agree: data, split, metrics and how intervals were drawn.</p>
<dl>{signatures}</dl>
{terminal(*demo.ran("scores"), output=False)}
{mine}"""
    return Chapter("scores", "Scores", "Scores that say how sure they are", body)
