"""A board as a gradio page: the ranking, and a form that takes submissions one at a time.

A submission is added by the command line in a process of its own, which a limit of time ends; what
it says on stderr is what the submitter reads. Nothing of the board's folder is served.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dubench.report.formats import MISSING
from generators.errors import InputError, plain_errors
from leaderboard.ranking.standings import DEFAULT, Standings, standings
from leaderboard.site.pieces import epoch_words, size
from leaderboard.stored import board as boards
from leaderboard.stored import submission
from leaderboard.stored.card import EXAMPLE

if TYPE_CHECKING:
    from gradio import Blocks

LONGEST = 600
"""Seconds that a submission may take."""

LARGEST = "2gb"
_WAITING = 20

_HEIGHT = 150
_FILES = {
    "Predictions (.jsonl or .jsonl.gz)": [".jsonl", ".gz"],
    "Card (.yaml)": [".yaml", ".yml"],
    "Restored images (.parquet), if any": [".parquet"],
}

Answer = tuple[str, bool]


@plain_errors()
def serve(
    folder: Path,
    host: str = "127.0.0.1",
    port: int = 7860,
    on_ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve a board until SIGINT or SIGTERM.

    Raises:
        InputError: there is no board, gradio is missing, or the port is taken.
    """
    boards.read(folder).numbered(None)
    # A service that is stopped must not leave gigabytes of uploads behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="dubench-board-") as private:
        os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": private}
        app = board_blocks(folder)
        _, url, _ = app.launch(
            server_name=host,
            server_port=port,
            max_file_size=LARGEST,
            blocked_paths=[str(folder.absolute())],
            quiet=True,
            prevent_thread_lock=True,
            enable_monitoring=False,
        )
        on_ready(url)
        try:
            app.block_thread()
        except KeyboardInterrupt:
            pass  # the way to end it
        finally:
            app.close()


def board_blocks(folder: Path) -> "Blocks":
    """The app: two tabs of native components."""
    try:
        import gradio as gr
    except ImportError:
        raise InputError(
            'dubench leaderboard serve needs gradio: pip install "dubench[review]"'
        ) from None

    board = boards.read(folder)
    table = _Table(folder)

    def check(predictions: str | None, card: str | None, restored: str | None) -> str:
        return add_in_process(folder, predictions, card, restored, dry_run=True)[0]

    def submit(predictions: str | None, card: str | None, restored: str | None) -> tuple[str, Any]:
        answer, _ = add_in_process(folder, predictions, card, restored)
        return answer, table.rows()

    with gr.Blocks(title=board.title, analytics_enabled=False, delete_cache=(600, 3600)) as app:
        gr.Markdown(f"# {_plain(board.title)}")
        with gr.Tab("Ranking"):
            gr.Markdown(_plain(epoch_words(board.epoch)))
            shown = gr.Dataframe(
                table.rows(), headers=table.heads, datatype="str", interactive=False,
                show_search="filter", label="Ranking", column_widths=table.widths,
            )  # fmt: skip
        with gr.Tab("Submit"):
            gr.Markdown(
                "Predictions as `dubench predict` writes them, and a card. *Check* lists what is "
                "missing and adds nothing. One submission is scored at a time."
            )
            with gr.Row():
                files = [
                    gr.File(label=label, file_types=suffixes, height=_HEIGHT)
                    for label, suffixes in _FILES.items()
                ]
            with gr.Accordion("A card, as an example", open=False):
                gr.Code(EXAMPLE, language="yaml", interactive=False, show_label=False)
            with gr.Row():
                checked, sent = gr.Button("Check"), gr.Button("Submit", variant="primary")
            answer = gr.Textbox(label="Answer", lines=8, interactive=False)
        for button, function, outputs in (
            (checked, check, [answer]),
            (sent, submit, [answer, shown]),
        ):
            button.click(
                function, files, outputs, api_name=function.__name__,
                concurrency_limit=1, concurrency_id="scoring",
            )  # fmt: skip
        app.load(table.rows, None, shown, api_name=False)
    app.queue(max_size=_WAITING)
    return app


def add_in_process(
    folder: Path,
    predictions: str | None,
    card: str | None,
    restored: str | None,
    *,
    dry_run: bool = False,
    longest: float = LONGEST,
) -> Answer:
    """Add or check a submission in a process of its own.

    Args:
        predictions, card, restored: paths of uploaded files; None where there is none.
        longest: seconds until it is ended.

    Returns:
        the answer for the submitter, and whether it went well.
    """
    for name, path in (("predictions", predictions), ("a card", card)):
        if path is None:
            return f"upload {name} first", False
    command = [sys.executable, "-m", "dubench.cli", "leaderboard", "add", str(predictions)]
    command += ["--card", str(card), "--board", str(folder.absolute())]
    command += ["--restored", restored] if restored else []
    command += ["--dry-run"] if dry_run else []
    # What is killed cannot clear up what it unpacked.
    with tempfile.TemporaryDirectory(prefix="dubench-board-") as own:
        environment = os.environ | {"COLUMNS": "100", "TERM": "dumb", "TMPDIR": own}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=longest, env=environment
            )
        except subprocess.TimeoutExpired:
            return f"not done after {longest:.0f} s, and ended; nothing was added", False
    return _answer(
        done, [path for path in (predictions, card, restored) if path]
    ), not done.returncode


def _answer(done: "subprocess.CompletedProcess[str]", paths: list[str]) -> str:
    """What a process printed, without the server's folders."""
    text = f"{done.stdout}\n{done.stderr}" if done.returncode in (0, 1) else done.stderr
    for path in paths:
        text = text.replace(path, Path(path).name).replace(f"{Path(path).parent}/", "")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("added: ")]
    kept = [line.removeprefix("dubench: ") for line in lines if "━" not in line]
    if done.returncode == 0 and "nothing is missing" not in text:
        kept.append("added; it is in the ranking now")
    return "\n".join(kept)


class _Table:
    """The ranking's rows as text, computed again when a submission has come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: tuple[tuple[str, ...], Standings] | None = None

    @property
    def heads(self) -> list[str]:
        columns = [column.head for column in self._standings().columns]
        return [
            "rank",
            "possible",
            "model",
            "organisation",
            *columns,
            "parameters",
            "status",
            "date",
        ]

    @property
    def widths(self) -> list[str | int]:
        columns = len(self._standings().columns)
        return [60, 90, 230, 130, *[190] * columns, 110, 110, 110]

    def rows(self) -> list[list[str]]:
        current = self._standings()
        rows = []
        for row in current.rows:
            rank, card = row.ranks.get(DEFAULT), row.entry.card
            span = f"{rank.best}–{rank.worst}" if rank else MISSING
            scores = [
                f"{column.text(row.values.get(column.name))} "
                f"{column.span(row.intervals.get(column.name))}".strip()
                for column in current.columns
            ]
            place = str(rank.place) if rank else MISSING
            rows.append(
                [place, span, row.name, card.organisation, *scores, size(card.parameters),
                 row.entry.submission.status, card.date]
            )  # fmt: skip
        return rows

    def _standings(self) -> Standings:
        epoch = boards.read(self._folder).numbered(None)
        home = submission.epoch_folder(self._folder, epoch)
        there = tuple(sorted(path.name for path in home.iterdir()))
        if self._known is None or self._known[0] != there:
            self._known = there, standings(self._folder, epoch)
        return self._known[1]


def _plain(text: str) -> str:
    """Text that Markdown takes for nothing else."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+!|" else char for char in text)
