"""Submissions are scored again, whole or not at all, and a board notices what was changed."""

import gzip
import io
import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dubench.dataset import Split, open_split
from dubench.scoring.sample_scores import SampleScores
from dubench.scoring.score import score
from dubench.scoring.score_files import Scored, read_score, write_score
from generators.errors import InputError
from generators.lock import hold_folder
from leaderboard.intake import predictions, restored_table
from leaderboard.intake.add import Request, add, lacking
from leaderboard.intake.check import check
from leaderboard.intake.epochs import finish_epoch
from leaderboard.ranking.standings import standings
from leaderboard.stored import board as boards
from leaderboard.stored import submission
from leaderboard.stored.submission import Entry, current, entries
from tests.conftest import Dubench
from tests.leaderboard.boards import answers, card


@pytest.fixture
def request_(data: Split, tmp_path: Path) -> Request:
    """A good one."""
    return Request(answers(data, tmp_path / "preds.jsonl"), card(tmp_path / "card.yaml"))


def on(board: Path) -> list[Entry]:
    return entries(board, boards.read(board).epoch)


def test_the_scores_are_those_of_the_scorer(board: Path, request_: Request, data: Split) -> None:
    entry = add(board, request_)
    own = score(request_.predictions, data.where, data.name).result
    assert entry.result.scores == own.scores
    assert entry.result.predictions_sha256 == own.predictions_sha256
    assert entry.submission.status == "verified"
    checked = check(board)
    assert checked.good
    assert checked.recomputed == checked.submissions == 3


def test_the_contact_is_in_no_file_but_one(board: Path, request_: Request) -> None:
    folder = add(board, request_).folder
    holding = [p.name for p in folder.iterdir() if b"a@example.org" in p.read_bytes()]
    assert holding == [submission.CONTACT]


@pytest.mark.parametrize("name", [submission.SCORE, submission.CARD, submission.PREDICTIONS])
def test_a_changed_file_is_named(board: Path, request_: Request, name: str) -> None:
    path = add(board, request_).folder / name
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(bytes(data))
    checked = check(board)
    assert any(name in line for line in checked.differences)


def test_a_better_score_with_matching_hashes_is_named(board: Path, request_: Request) -> None:
    folder = add(board, request_).folder
    stored = json.loads((folder / submission.SCORE).read_text())
    stored["understanding"]["p_rel"]["avg"] = 0.001
    (folder / submission.SCORE).write_text(json.dumps(stored))
    record = json.loads((folder / submission.FILE).read_text())
    record["files"] = submission.hashes(folder)
    (folder / submission.FILE).write_text(json.dumps(record))
    (line,) = check(board).differences
    assert "p_rel.avg is 0.001 there" in line


def test_predictions_of_other_data_are_refused(
    board: Path, request_: Request, du110k: Path, tmp_path: Path
) -> None:
    other = answers(open_split(str(du110k), "test"), tmp_path / "other.jsonl")
    with pytest.raises(InputError, match=r"content_id|recipe_id"):
        add(board, replace(request_, predictions=other))
    assert len(on(board)) == 2


def test_a_score_of_another_scorer_is_refused(board: Path, request_: Request) -> None:
    whole = boards.read(board)
    old = replace(whole.epoch, scorer="0.0")
    boards.write(board, replace(whole, epochs=(old,)))
    with pytest.raises(InputError, match=r"pinned to 0\.0"):
        add(board, request_)


def test_packed_predictions_are_taken(board: Path, request_: Request, tmp_path: Path) -> None:
    packed = tmp_path / "preds.jsonl.gz"
    packed.write_bytes(gzip.compress(request_.predictions.read_bytes()))
    assert add(board, replace(request_, predictions=packed)).result.coverage == 1


def test_a_bomb_is_refused(
    board: Path, request_: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "LARGEST", 1_000_000)
    bomb = tmp_path / "bomb.jsonl.gz"
    bomb.write_bytes(gzip.compress(b" " * 20_000_000))
    with pytest.raises(InputError, match="more than 1 MB"):
        add(board, replace(request_, predictions=bomb))
    large = tmp_path / "large.jsonl"
    with large.open("wb") as file:
        file.truncate(2_000_000)
    with pytest.raises(InputError, match="more than 1 MB"):
        add(board, replace(request_, predictions=large))


_DAMAGED = bytearray(gzip.compress(b"{}\n" * 1000, mtime=0))
_DAMAGED[12] ^= 0xFF


@pytest.mark.parametrize(
    "data_", [b"PK\x03\x04 a zip", b"\x1f\x8b cut", bytes(_DAMAGED), b"{", b""]
)
def test_what_is_no_predictions_is_refused(
    board: Path, request_: Request, tmp_path: Path, data_: bytes
) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_bytes(data_)
    with pytest.raises(InputError, match=r"odd\.jsonl"):
        add(board, replace(request_, predictions=path))
    assert len(on(board)) == 2


def test_a_symbolic_link_is_refused(board: Path, request_: Request, tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to(request_.predictions)
    with pytest.raises(InputError, match="no regular file"):
        add(board, replace(request_, predictions=tmp_path / "link.jsonl"))


def test_files_that_predictions_name_are_left_out(
    board: Path, data: Split, request_: Request, tmp_path: Path
) -> None:
    evil = answers(data, tmp_path / "evil.jsonl", restored="../../etc/passwd")
    entry = add(board, replace(request_, predictions=evil))
    assert entry.result.restoration is None
    assert "`restored` of 16 predictions was left out" in entry.submission.notes[0]


def test_the_same_model_twice_needs_supersede_and_nothing_vanishes(
    board: Path, data: Split, request_: Request, tmp_path: Path
) -> None:
    first = add(board, request_)
    better = answers(data, tmp_path / "better.jsonl", wrong=0.01)
    with pytest.raises(InputError, match="--supersede"):
        add(board, replace(request_, predictions=better))
    second = add(board, replace(request_, predictions=better, supersede=True))
    assert second.submission.supersedes == first.submission.id
    assert len(on(board)) == 4
    assert first.submission.id not in {e.submission.id for e in current(on(board))}


def test_another_run_stands_beside(board: Path, data: Split, tmp_path: Path) -> None:
    for run in (1, 2):
        preds = answers(data, tmp_path / f"{run}.jsonl", seed=run)
        add(board, Request(preds, card(tmp_path / "card.yaml", run=f"seed {run}")))
    assert len(current(on(board))) == 4


def test_the_boards_own_rows_are_nobody_elses(
    board: Path, request_: Request, tmp_path: Path
) -> None:
    for run in ("", "seed 1"):
        theirs = card(tmp_path / "theirs.yaml", model="Statistics", run=run)
        for supersede in (False, True):
            with pytest.raises(InputError, match="own rows"):
                add(board, replace(request_, card=theirs, supersede=supersede))


def test_a_run_is_nobody_elses(board: Path, data: Split, tmp_path: Path) -> None:
    def sent(contact: str, run: int) -> Request:
        own = card(tmp_path / f"{run}.yaml", model="Mine", run=f"seed {run}", contact=contact)
        return Request(answers(data, tmp_path / f"{run}.jsonl", seed=run), own)

    add(board, sent("a@example.org", 1))
    with pytest.raises(InputError, match="another contact"):
        add(board, sent("b@example.org", 2))
    add(board, sent("A@Example.org", 2))
    unchecked = sent("a@example.org", 3)
    scored = tmp_path / "own.json"
    write_score(scored, score(unchecked.predictions, data.where, data.name))
    with pytest.raises(InputError, match="this run is self-reported"):
        add(board, replace(unchecked, predictions=scored))
    assert add(board, replace(unchecked, reproduced=True)).submission.status == "reproduced"
    assert len(on(board)) == 5


def test_a_contact_sends_so_many_to_a_blind_epoch(
    board: Path, request_: Request, data: Split, tmp_path: Path
) -> None:
    whole = boards.read(board)
    blind = replace(whole, epochs=(replace(whole.epoch, blind=True),), blind_limit=1)
    boards.write(board, blind)
    assert lacking(board, request_) == ([], None)  # scores would tell answers without limit
    add(board, request_)
    more = answers(data, tmp_path / "more.jsonl", seed=1)
    same = card(tmp_path / "more.yaml", model="another", contact="A@Example.org")
    with pytest.raises(InputError, match="1 are allowed"):
        add(board, Request(more, same))
    add(board, Request(more, card(tmp_path / "b.yaml", model="another", contact="b@example.org")))
    (tmp_path / "own.json").write_text("{}")
    with pytest.raises(InputError, match="predictions only"):
        add(board, Request(tmp_path / "own.json", card(tmp_path / "c.yaml", model="c",
                                                       contact="c@example.org")))  # fmt: skip


def test_the_smallest_limit_leaves_room_for_the_boards_own_rows(
    board: Path, data: Split, tmp_path: Path
) -> None:
    whole = boards.read(board)
    home = submission.epoch_folder(board, whole.epoch)
    shutil.rmtree(home)
    boards.write(board, replace(whole, epochs=(replace(whole.epoch, blind=True),), blind_limit=1))
    finish_epoch(board, boards.read(board).epoch, lambda done, total: None)
    assert [entry.submission.status for entry in on(board)] == ["reference"] * 2
    boards.write(board, replace(whole, blind_limit=0))
    with pytest.raises(InputError, match=r"board\.json: blind_limit is 0"):
        boards.read(board)


def test_an_add_while_another_works_is_refused(board: Path, request_: Request) -> None:
    with hold_folder(board), pytest.raises(InputError, match="another dubench"):
        add(board, request_)
    assert len(on(board)) == 2
    add(board, request_)


def test_killed_in_mid_add_the_board_is_whole(
    board: Path, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = os.fork()
    if child == 0:
        submission.finish = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        add(board, request_)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    home = submission.epoch_folder(board, boards.read(board).epoch)
    assert any(path.name.startswith(".part-") for path in home.iterdir())
    assert len(on(board)) == 2
    assert check(board).good
    add(board, request_)
    assert not any(path.name.startswith(".") for path in home.iterdir())


def _restored(data: Split, path: Path, **changed: object) -> Path:
    rows = []
    for name, degraded in data.images("degraded"):
        buffer = io.BytesIO()
        Image.fromarray(degraded).save(buffer, "PNG")
        rows.append({"id": name, "image": buffer.getvalue()})
    rows[0] |= changed
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_restored_images_are_scored_and_only_hashes_kept(
    board: Path, data: Split, request_: Request, tmp_path: Path
) -> None:
    images = _restored(data, tmp_path / "restored.parquet")
    folder = tmp_path / "restored"
    folder.mkdir()
    for row in pq.read_table(images).to_pylist():
        (folder / f"{row['id']}.png").write_bytes(row["image"])
    own = score(request_.predictions, data.where, data.name, metrics="psnr,ssim", restored=folder)
    entry = add(board, replace(request_, restored=images))
    assert entry.result.restoration == own.result.restoration
    kept = pq.read_table(entry.folder / submission.RESTORED)
    assert kept.column_names == ["id", "sha256"]
    checked = check(board)
    assert checked.good
    assert any("restoration" in line for line in checked.not_repeated)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"id": "../../x"}, "no sample"),
        ({"id": "nobody"}, "no sample"),
        ({"image": b"x"}, "no PNG"),
    ],
)
def test_odd_restored_images_are_refused(
    board: Path, data: Split, request_: Request, tmp_path: Path, changed: dict, named: str
) -> None:
    images = _restored(data, tmp_path / "restored.parquet", **changed)
    with pytest.raises(InputError, match=named):
        add(board, replace(request_, restored=images))
    assert len(on(board)) == 2


def test_a_restored_table_that_unpacks_to_too_much_is_never_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = tmp_path / "bomb.parquet"
    table = pa.table({"id": ["a", "b"], "image": [bytes(1_000_000)] * 2})
    pq.write_table(table, bomb, compression="zstd", use_dictionary=False)
    assert bomb.stat().st_size < 10_000
    monkeypatch.setattr(restored_table, "LARGEST", 1_500_000)
    with pytest.raises(InputError, match="unpacked"):
        restored_table.unpack(bomb, tmp_path / "images", {"a", "b"})
    assert not list((tmp_path / "images").iterdir())


def test_a_dry_run_lists_what_is_missing_and_adds_nothing(
    board: Path, request_: Request, tmp_path: Path
) -> None:
    assert lacking(board, request_)[0] == []
    lines = request_.predictions.read_text().splitlines()
    request_.predictions.write_text("\n".join(lines[:-2]) + "\n")
    (tmp_path / "short.yaml").write_text("model: x\n")
    wrong, scored = lacking(board, replace(request_, card=tmp_path / "short.yaml"))
    assert "contact is missing" in wrong
    assert any("2 of 16 images have no prediction" in line for line in wrong)
    assert scored
    assert len(on(board)) == 2


def test_from_the_command_line(
    board: Path, request_: Request, tmp_path: Path, dubench_here: Dubench
) -> None:
    arguments = ("add", request_.predictions, "--card", request_.card, "--board", board)
    dry = dubench_here("leaderboard", *arguments, "--dry-run", cwd=tmp_path)
    assert (dry.returncode, dry.stdout.splitlines()[-1]) == (0, "nothing is missing")
    assert dubench_here("leaderboard", *arguments, cwd=tmp_path).returncode == 0
    again = dubench_here("leaderboard", *arguments, cwd=tmp_path)
    assert again.returncode == 2
    assert len(again.stderr.splitlines()) == 1
    assert dubench_here("leaderboard", "check", board, cwd=tmp_path).returncode == 0
    (on(board)[-1].folder / submission.CARD).write_text("{}")
    assert dubench_here("leaderboard", "check", board, cwd=tmp_path).returncode == 1


def test_a_score_nobody_checked_says_so(
    board: Path, data: Split, request_: Request, tmp_path: Path, dubench_here: Dubench
) -> None:
    dubench_here("score", request_.predictions, "--out", tmp_path / "own.json", cwd=tmp_path)
    entry = add(board, replace(request_, predictions=tmp_path / "own.json"))
    assert entry.submission.status == "self-reported"
    checked = check(board)
    assert checked.good
    assert any("self-reported" in line for line in checked.not_repeated)


@pytest.fixture
def own_score(data: Split, request_: Request, tmp_path: Path) -> Path:
    """A score.json of the same predictions."""
    path = tmp_path / "own.json"
    write_score(path, score(request_.predictions, data.where, data.name))
    return path


def _shuffled(scored: Scored) -> SampleScores:
    return scored.rows.in_order(scored.rows.ids[::-1])


def test_a_score_in_another_order_is_ranked_as_the_same(
    board: Path, data: Split, request_: Request, own_score: Path, tmp_path: Path
) -> None:
    add(board, request_)
    scored = read_score(own_score)
    write_score(own_score, replace(scored, rows=_shuffled(scored)))
    twin = Request(own_score, card(tmp_path / "twin.yaml", model="twin"))
    assert add(board, twin).scored.rows.ids == data.ids[::-1]
    rows = {row.name: row for row in standings(board, boards.read(board).epoch).rows}
    assert rows["twin"].values == rows["model"].values
    assert rows["twin"].twins == ("model",)  # answer by answer


def _other_ids(rows: SampleScores) -> SampleScores:
    return replace(rows, ids=[f"other-{name}" for name in rows.ids])


def _one_twice(rows: SampleScores) -> SampleScores:
    return replace(rows, ids=[rows.ids[1], *rows.ids[1:]])


def _one_photograph(rows: SampleScores) -> SampleScores:
    return replace(rows, clusters=["one"] * rows.n)


@pytest.mark.parametrize("change", [_other_ids, _one_twice, _one_photograph])
def test_a_score_of_other_samples_is_refused(
    board: Path,
    request_: Request,
    own_score: Path,
    change: Callable[[SampleScores], SampleScores],
) -> None:
    scored = read_score(own_score)
    write_score(own_score, replace(scored, rows=change(scored.rows)))
    with pytest.raises(InputError, match=r"own\.json is a score of other samples"):
        add(board, replace(request_, predictions=own_score))
    assert len(on(board)) == 2
    standings(board, boards.read(board).epoch)


def test_restored_images_do_not_go_with_a_score(
    board: Path, request_: Request, own_score: Path, tmp_path: Path
) -> None:
    images = tmp_path / "none.parquet"
    pq.write_table(
        pa.table({"id": pa.array([], "string"), "image": pa.array([], "binary")}), images
    )
    with pytest.raises(InputError, match=r"--restored .*none\.parquet"):
        add(board, replace(request_, predictions=own_score, restored=images))
    assert len(on(board)) == 2


def test_a_score_cannot_write_into_a_page(board: Path, request_: Request, own_score: Path) -> None:
    said = json.loads(own_score.read_text())
    said["predictions_sha256"] = '"><script>alert(1)</script>'
    own_score.write_text(json.dumps(said))
    with pytest.raises(InputError, match=r"own\.json\.predictions_sha256"):
        add(board, replace(request_, predictions=own_score))
    assert len(on(board)) == 2
