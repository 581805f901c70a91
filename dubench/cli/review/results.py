"""What reviewers said, and what whoever runs the review does about it."""

from typing import Annotated, Literal

import typer

from dubench.cli.options import Dataset, Json, print_json, shown

Sample = Annotated[str, typer.Argument(metavar="ID", help="Of the sample, as results prints it.")]


def results(folder: Dataset, as_json: Json = False) -> None:
    """What people said of rejected, disputed and unsure samples, with pictures in a page."""
    from annotation_ui.figures.results import results_json, review_results
    from annotation_ui.figures.results_page import results_html
    from annotation_ui.folder import quoted, review_folder, review_of
    from generators.errors import one_line
    from generators.files import write_whole

    results = review_results(review_of(folder).snapshot())
    target = review_folder(folder) / "results.html"
    write_whole(target, results_html(results))
    target.chmod(0o600)
    if as_json:
        print_json(results_json(results))
        return
    for name, some in (
        ("put aside", results.aside),
        ("disputed", results.disputed),
        ("rejected", results.rejected),
        ("settled", results.settled),
    ):
        print(f"{name}: {len(some):,}")
        for one in some:
            words = [
                " ".join(filter(None, (v.reviewer, v.verdict, ", ".join(v.reasons), v.note)))
                for v in one.verdicts
            ]
            words += [f"{event.reviewer} skipped {event.note}".rstrip() for event in one.skips]
            words += ["pictures damaged"] if one.broken else []
            words += [f"settled: {one.ruling.verdict}"] if one.ruling else []
            print(f"  {one.item.sample_id} {one.item.type:15} {one_line('; '.join(words))}")
    for line in (*results.status.people.lines(), *results.status.careless.values()):
        print(line)
    print(shown(target))
    if results.aside or results.disputed:
        print(f"settle with: dubench review settle {quoted(folder)} ID accept|reject")


def settle(
    folder: Dataset,
    sample: Sample,
    verdict: Annotated[Literal["accept", "reject"], typer.Argument(help="What holds.")],
    note: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Decide a sample over its reviewers; nobody is given it any more."""
    from annotation_ui.folder import review_of

    store = review_of(folder)
    store.rulings.settle(store.sample(sample).item, verdict, note)
    print(f"{sample}: {verdict}")


def hand_out(folder: Dataset, sample: Sample) -> None:
    """Give one more reviewer a sample that was settled or put aside, or is disputed."""
    from annotation_ui.figures.people import people_of
    from annotation_ui.folder import review_of

    store = review_of(folder)
    store.rulings.hand_out(store.sample(sample).item)
    print(f"{sample}: the next reviewer who has not seen it is given it")
    people = people_of(store.snapshot())
    if people.short:
        print(people.lines()[0])


def discard(
    folder: Dataset, name: Annotated[str, typer.Argument(help="Of the careless reviewer.")]
) -> None:
    """Make all verdicts of a reviewer void; others are given the samples again."""
    from annotation_ui.folder import review_of

    store = review_of(folder)
    account = store.accounts.known(name)
    count = store.rulings.discard(account.name)
    print(f"{count:,} verdicts of {account.name} are void; others are given the samples again")
