"""The same pictures restored in several ways, and how near each comes to the clean one."""

from dubench.cli.demo.page.pieces import Chapter, Demo, figure, own, picture, terminal
from dubench.cli.demo.page.samples import Sample, of_each_type, read_samples
from dubench.cli.demo.page.tables import without_paper
from dubench.cli.demo.steps import BY_NANO, BY_TRUTH, restored
from dubench.dataset import open_split
from dubench.report.tables import restoration
from dubench.scoring.restored.full_reference import psnr
from dubench.scoring.score_files import read_score
from dubench.text import words

_SHOWN = ("analytic", "pnp", "ddnm+")


def restorations(demo: Demo) -> Chapter:
    """The chapter."""
    split = open_split(str(demo.out / "few"))
    truth = split.ground_truth()
    samples = read_samples(split, truth, of_each_type(truth, 1))
    folders = {method: restored(method) for method in BY_TRUTH}
    folders[f"{BY_NANO}, told by nano"] = restored(BY_NANO, by_nano=True)
    scores = {name: read_score(demo.out / f"{of}.json").result for name, of in folders.items()}
    tables = (without_paper(restoration(scores, metric)) for metric in ("psnr", "ssim"))
    measured = "".join(f"<div>{table}</div>" for table in tables)
    restore, score = demo.ran(restored("pnp"))
    mine = own(
        "By a model's answers, and scored",
        "dubench predict --model nano --dataset mine --out nano.jsonl",
        "dubench restore --dataset mine --params nano.jsonl --out restored",
        "dubench score nano.jsonl --restored restored --metrics psnr,ssim",
    )
    body = f"""<p class="lead">Every method is told what was done to a picture. wiener and analytic
are closed forms, bilateral filters the latter, identity does nothing; <b>pnp</b> and <b>ddnm+</b>
also ask a denoiser of 4 MB that came with dubench. PSNR in dB against the clean picture; more is
better.</p>
{"".join(_strip(demo, sample) for sample in samples)}
<div class="two">{measured}</div>
<p class="soft">The last row is told by nano instead: what its errors cost. {split.n} pictures of
{len(set(truth.clusters))} photographs are too few for intervals, and rank no method.</p>
{terminal(restore, score, output=False)}
{mine}"""
    return Chapter("restorations", "Restorations", "Undo it", body)


def _strip(demo: Demo, sample: Sample) -> str:
    images = {"degraded": sample.degraded}
    images |= {method: demo.image(f"{restored(method)}/{sample.id}.png") for method in _SHOWN}
    figures = [
        figure(
            picture(image, f"{words(sample.type)}, {name}"),
            f"<b>{name}</b> {psnr(image[None], sample.clean[None])[0]:.1f} dB",
        )
        for name, image in images.items()
    ]
    figures.append(figure(picture(sample.clean, "clean"), f"<b>clean</b> ({words(sample.type)})"))
    return f'<div class="strip">{"".join(figures)}</div>'
