"""Models behind OpenAI-compatible servers: nothing lost, nothing mixed up, no key anywhere."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dubench.dataset import Split, open_split
from dubench.predictions import file
from dubench.predictions.run import predict
from dubench.predictors import load_predictor
from dubench.predictors.vlm import kept_answers, openai
from dubench.predictors.vlm.openai import OpenAi
from dubench.predictors.vlm.prompts import zero_shot
from generators.build.generate import generate
from generators.errors import InputError
from generators.sources.pools import SourceSpec
from tests.conftest import Dubench
from tests.dubench.predictors.chat_server import (
    FAULTS,
    ChatServer,
    answer_of,
    completion,
    decode,
    sigma_of,
)

KEY = "sk-very-secret-0123456789"
IMAGES = [np.random.default_rng(i).integers(0, 256, (40, 50, 3), np.uint8) for i in range(3)]
QUESTIONS = [(image, "What is wrong?") for image in IMAGES]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test alone, a key, and no patience."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(openai, "_PAUSE_S", 0.01)
    return tmp_path


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as running:
        yield running


def texts(replies: Sequence[Any]) -> list[str]:
    return [reply.text for reply in replies]


def check(out: Path, split: Split) -> None:
    """Every image has the server's answer about that very image."""
    predictions = file.read(out, split.ids).by_id
    assert len(predictions) == split.n
    for name, image in split.images("degraded"):
        assert predictions[name].degradations[0].values == {"sigma": sigma_of(image)}


def test_pictures_arrive_to_the_bit_with_question_key_and_options(server: ChatServer) -> None:
    model = OpenAi(f"some/model@{server.url}", max_tokens=77, request={"seed": 5, "top_p": None})
    assert texts(model.ask(QUESTIONS)) == [answer_of(image) for image in IMAGES]
    seen = []
    for body in server.requests:
        options = {name: value for name, value in body.items() if name != "messages"}
        assert options == {"model": "some/model", "temperature": 0, "max_tokens": 77, "seed": 5}
        ((picture, text),) = [message["content"] for message in body["messages"]]
        assert text == {"type": "text", "text": "What is wrong?"}
        seen.append(decode(picture["image_url"]["url"]).tobytes())
    assert sorted(seen) == sorted(image.tobytes() for image in IMAGES)
    assert set(server.keys) == {f"Bearer {KEY}"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_no_answer(
    server: ChatServer, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "slow":
        monkeypatch.setattr(openai, "TIMEOUT_S", 0.5)
    server.fault = lambda number: fault if number in (1, 2) else None
    model = OpenAi(f"m@{server.url}", concurrency=3)
    assert texts(model.ask(QUESTIONS)) == [answer_of(image) for image in IMAGES]
    # On a busy machine more may seem slow than are.
    assert len(server.requests) == len(IMAGES) + 2 or fault == "slow"


def test_an_answer_is_asked_for_once(server: ChatServer) -> None:
    first = OpenAi(f"m@{server.url}").ask(QUESTIONS)
    again = OpenAi(f"m@{server.url}/").ask(QUESTIONS[::-1])
    assert again == first[::-1]
    assert len(server.requests) == 3
    assert texts(OpenAi(f"m@{server.url}").ask(QUESTIONS, anew=True)) == texts(first)
    assert len(server.requests) == 6


def test_no_one_gets_anothers_answer(server: ChatServer) -> None:
    image, text = QUESTIONS[0]
    OpenAi(f"m@{server.url}").ask([(image, text)])
    other_url = server.url.replace("127.0.0.1", "localhost")
    for other, question in (
        (OpenAi(f"m2@{server.url}"), (image, text)),
        (OpenAi(f"m@{other_url}"), (image, text)),
        (OpenAi(f"m@{server.url}", max_tokens=5), (image, text)),
        (OpenAi(f"m@{server.url}", request={"seed": 1}), (image, text)),
        (OpenAi(f"m@{server.url}"), (image, "What is wrong")),
        (OpenAi(f"m@{server.url}"), (image[1:], text)),
        (OpenAi(f"m@{server.url}"), (image.reshape(50, 40, 3), text)),
        (OpenAi(f"m@{server.url}"), (image, image, text)),
        (OpenAi(f"m@{server.url}"), (text, image)),
    ):
        before = len(server.requests)
        other.ask([question])
        assert len(server.requests) == before + 1


def test_the_rate_holds_for_repeated_requests_too(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    waits, sleep = [], asyncio.sleep

    async def note(seconds: float, *rest: Any) -> None:
        waits.append(round(seconds, 6))
        await sleep(0)

    server.fault = lambda number: "500" if number == 2 else None
    model = OpenAi(f"m@{server.url}", rate=600)
    # On a clock that stands still, each request waits a tenth of a second longer.
    monkeypatch.setattr(openai, "monotonic", lambda: 100.0)
    monkeypatch.setattr(asyncio, "sleep", note)
    model.ask(QUESTIONS)
    assert len(server.requests) == 4
    assert [wait for wait in waits if wait in (0.1, 0.2, 0.3)] == [0.1, 0.2, 0.3]


def test_as_many_requests_as_allowed_are_under_way_and_no_more(server: ChatServer) -> None:
    under_way, most, lock = 0, 0, threading.Lock()
    pairs = threading.Barrier(2, timeout=60)

    def meet() -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        pairs.wait()
        with lock:
            under_way -= 1

    server.before_answer = meet
    replies = OpenAi(f"m@{server.url}", concurrency=2).ask([(IMAGES[0], str(i)) for i in range(8)])
    assert texts(replies) == [answer_of(IMAGES[0])] * 8
    assert most == 2


def command(server: ChatServer, dataset: Path, split: str, *more: object) -> list[str]:
    code = (
        "import dubench.predictors.vlm.openai as o, sys\n"
        "o.TIMEOUT_S, o._PAUSE_S = 3, 0.01\n"
        "from dubench.cli import main\n"
        "main()\n"
    )
    return [
        sys.executable, "-c", code, "predict", "--model", f"openai:m@{server.url}",
        "--dataset", str(dataset), "--split", split, *map(str, more),
    ]  # fmt: skip


def killed_and_finished(
    server: ChatServer, dataset: Path, split: Split, home: Path, kill_after: int
) -> None:
    """A run that is killed in its midst, and then finished, with a fault in every ten requests."""
    arguments = command(
        server, dataset, split.name, "--price", "2,10", "--out", home / "preds.jsonl"
    )
    server.fault = lambda number: FAULTS[number // 10 % len(FAULTS)] if number % 10 == 7 else None
    environment = os.environ | {"OPENAI_LOG": "debug", "COLUMNS": "200"}
    with (home / "log").open("w") as log:
        run = subprocess.Popen(arguments, stdout=log, stderr=log, env=environment)

        def kill() -> None:
            if len(server.answered) >= kill_after:
                run.kill()
                run.wait()

        server.before_answer = kill
        assert run.wait(timeout=300) == -signal.SIGKILL
        server.before_answer = lambda: None
        with sqlite3.connect(kept_answers.cache_file()) as database:
            ((kept,),) = database.execute("SELECT COUNT(*) FROM answers")
        before = len(server.answered)
        again = subprocess.run(
            arguments, stdout=log, stderr=subprocess.STDOUT, env=environment, timeout=300
        )
    assert again.returncode == 0, (home / "log").read_text()[-3000:]
    check(home / "preds.jsonl", split)
    # What had come before the kill was kept, but for what was under way, and not asked for again.
    assert kept >= kill_after - 8
    assert len(set(server.answered[before:])) == split.n - kept
    meta = file.read(home / "preds.jsonl").meta
    # An empty answer was paid for, too.
    tokens = meta["usage"]["input_tokens"]
    assert tokens >= 100 * split.n
    assert meta["usage"]["output_tokens"] == tokens / 10
    assert meta["usage"]["cost_usd"] == pytest.approx((tokens * 2 + tokens / 10 * 10) / 1e6)
    assert meta["prompt_sha256"] == zero_shot().about["prompt_sha256"]
    held = [path for path in home.rglob("*") if path.is_file()]
    assert {"answers.sqlite", "preds.jsonl", "log"} <= {path.name for path in held}
    assert not [path for path in held if KEY.encode() in path.read_bytes()]


def test_a_kill_and_faults_lose_and_mix_up_nothing(
    server: ChatServer, du110k: Path, home: Path
) -> None:
    split = open_split(str(du110k), "validation")
    killed_and_finished(server, du110k, split, home, kill_after=split.n // 2)


@pytest.mark.slow
def test_a_kill_and_faults_lose_and_mix_up_nothing_of_five_hundred(
    server: ChatServer, home: Path
) -> None:
    generate(536, home / "du", [SourceSpec("builtin")], size=64, workers=2)
    split = open_split(str(home / "du"), "train")
    assert split.n >= 500
    killed_and_finished(server, home / "du", split, home, kill_after=240)


def test_what_is_there_is_kept_when_the_server_goes_away(
    server: ChatServer, du110k: Path, home: Path
) -> None:
    split = open_split(str(du110k), "validation")
    server.fault = lambda number: "nonsense" if number > 9 else None
    model = load_predictor(f"openai:m@{server.url}", concurrency=1)
    out = home / "preds.jsonl"
    with pytest.raises(InputError, match="does not reply as an OpenAI-compatible server"):
        predict(split, model, out)
    assert len(server.answered) == 9
    server.fault = lambda number: None
    predict(split, load_predictor(f"openai:m@{server.url}"), out)
    check(out, split)
    assert len(server.answered) == split.n


def test_a_server_that_drops_pictures_is_found_out(
    server: ChatServer, du110k: Path, home: Path, dubench_here: Dubench
) -> None:
    server.blind = True
    arguments = ("predict", "--model", f"openai:m@{server.url}", "--dataset", du110k)
    run = dubench_here(*arguments, cwd=home)
    assert run.returncode == 2
    assert "is blind: shown a plain red picture" in run.stderr
    assert len(server.requests) == 2
    assert dubench_here(*arguments, "--anyway", cwd=home).returncode == 0
    check(home / "preds.jsonl", open_split(str(du110k), "test"))


def test_the_command_says_what_it_took(
    server: ChatServer, du110k: Path, home: Path, dubench_here: Dubench
) -> None:
    arguments = ("predict", "--model", f"openai:m@{server.url}", "--dataset", du110k)
    more = ("--price", "1,10", "--request", '{"temperature": null, "reasoning_effort": "low"}')
    run = dubench_here(*arguments, *more, "--json", cwd=home)
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert (said["n"], said["new"], said["unreadable"]) == (12, 12, 0)
    assert said["usage"] == {"input_tokens": 1200, "output_tokens": 120, "cost_usd": 0.0024}
    assert {"reasoning_effort": "low"}.items() <= server.requests[-1].items()
    assert "temperature" not in server.requests[-1]
    # Nothing is new, so that nothing is asked, not even for colours.
    before = len(server.requests)
    run = dubench_here(*arguments, *more, cwd=home)
    assert "0 new" in run.stdout
    assert "cost_usd 0.0024" in run.stdout
    assert len(server.requests) == before


class Refusing(ChatServer):
    """Refuses every request, and says the key aloud."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__()
        self._status, self._body = status, body

    def _reply(self, http: Any, body: dict[str, Any]) -> None:
        http._send(self._status, self._body, retry_after_ms="1")


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, {"error": {"message": f"Incorrect key: {KEY}"}}, r"refuses the key in \$OPENAI_API"),
        (403, f"<p>{KEY}", r"refuses the key in \$OPENAI_API_KEY \(403"),
        (404, {"error": {"message": "no model m"}}, r"has no model m.*ends in /v1 \(404: 'no mod"),
        (
            400,
            {"detail": f"no pictures, {KEY}"},
            r"refuses the request \(400: 'no pictures.*--requ",
        ),
        (422, {"detail": [{"loc": "temperature"}]}, r"refuses the request \(422"),
        (429, {"error": {"message": "quota"}}, r"still says 429 \('quota'\); go on later"),
        (503, "down", "fails again and again"),
        (200, f"<html>{KEY}", "does not reply as an OpenAI-compatible server .*not JSON"),
        (200, "[" * 100_000, "does not reply as an OpenAI-compatible server .*not JSON"),
        (200, {"text": KEY}, "does not reply as an OpenAI-compatible server .*no choices"),
        (200, {"choices": []}, "no choices with a message"),
        (200, {"error": {"message": KEY}}, "error: "),
    ],
)
def test_a_server_that_refuses_is_one_line_without_the_key(
    status: int, body: Any, message: str
) -> None:
    with (
        Refusing(status, body) as server,
        pytest.raises(InputError, match=message) as raised,
    ):
        OpenAi(f"m@{server.url}").ask(QUESTIONS)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500
    assert KEY not in str(raised.value)


def test_a_key_in_an_answer_is_not_kept(home: Path) -> None:
    with Refusing(200, completion(f"Your key is {KEY}.")) as server:
        (reply,) = OpenAi(f"m@{server.url}").ask(QUESTIONS[:1])
    assert reply.text == "Your key is [key]."
    held = [path for path in home.rglob("*") if path.is_file()]
    assert held
    assert not [path for path in held if KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize("content", [None, "", ["x"]])
def test_an_answer_that_stays_empty_is_none_and_is_not_kept(content: Any) -> None:
    reply = completion("")
    reply["choices"][0]["message"]["content"] = content
    with Refusing(200, reply) as server:
        model = OpenAi(f"m@{server.url}")
        assert texts(model.ask(QUESTIONS[:1])) == [""]
        assert len(server.requests) == openai.ATTEMPTS
        model.ask(QUESTIONS[:1])
        assert len(server.requests) == 2 * openai.ATTEMPTS


def test_an_answer_that_was_cut_off_says_so_and_is_not_asked_for_again() -> None:
    with Refusing(200, completion("", "length")) as server:
        (reply,) = OpenAi(f"m@{server.url}").ask(QUESTIONS[:1])
        assert reply.cut
        assert len(server.requests) == 1


def test_a_picture_that_a_filter_refuses_stops_no_run() -> None:
    with Refusing(400, {"error": {"message": "filtered", "code": "content_filter"}}) as server:
        assert texts(OpenAi(f"m@{server.url}").ask(QUESTIONS[:1])) == [""]


def test_without_a_key(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    # A server of one's own does not ask for one; "none" is a word that answers have.
    assert texts(OpenAi(f"m@{server.url}").ask(QUESTIONS)) == [answer_of(i) for i in IMAGES]
    with Refusing(200, completion('{"type": "none"}')) as other:
        assert texts(OpenAi(f"m@{other.url}").ask(QUESTIONS[:1])) == ['{"type": "none"}']
    with (
        Refusing(401, {"error": {"message": "no key"}}) as closed,
        pytest.raises(InputError, match=r"wants a key; set \$OPENAI_API_KEY"),
    ):
        OpenAi(f"m@{closed.url}").ask(QUESTIONS)


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "RETRIES", 0)
    with ChatServer() as gone:
        pass
    with pytest.raises(InputError, match=r"no answer from http://127.*is the server running\?"):
        OpenAi(f"m@{gone.url}").ask(QUESTIONS)


def test_a_server_that_is_too_slow(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "RETRIES", 0)
    monkeypatch.setattr(openai, "TIMEOUT_S", 0.5)
    server.fault = lambda number: "slow"
    with pytest.raises(InputError, match=r"did not answer within 0.5 seconds"):
        OpenAi(f"m@{server.url}").ask(QUESTIONS[:1])


@pytest.mark.parametrize(
    ("what", "options", "message"),
    [
        ("", {}, "write openai:MODEL@BASE_URL"),
        ("m@localhost:8000/v1", {}, "write openai:MODEL@BASE_URL"),
        ("@http://localhost/v1", {}, "write openai:MODEL@BASE_URL"),
        (f"m@http://me:{KEY}@host/v1", {}, "its URL is not plain"),
        (f"m@http://host/v1?key={KEY}", {}, "its URL is not plain"),
        ("m@http:///v1", {}, "its URL is not plain"),
        (f"{KEY}@http://host/v1", {}, r"the key of \$OPENAI_API_KEY stands in --model or --req"),
        ("m", {"request": {"user": f"x{KEY}"}}, r"the key of \$OPENAI_API_KEY stands in"),
        ("m", {"request": {"messages": []}}, "--request: messages is not to be set"),
    ],
)
def test_a_wrong_name_is_one_line_without_the_key(
    what: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message) as raised:
        OpenAi(what, **options)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--request", "{"), "--request '{' is not a JSON object"),
        (("--request", "[1]"), "is not a JSON object"),
        (("--price", "2"), "--price '2': give dollars per million tokens as IN,OUT"),
        (("--price", "2,-1"), "give dollars per million"),
        (("--concurrency", "0"), "--concurrency"),
        (("--dtype", "float32"), "--dtype is not for --model openai; it goes with duvlm, hf"),
    ],
)
def test_a_wrong_option_is_one_line(
    du110k: Path, home: Path, dubench_here: Dubench, arguments: tuple[str, ...], message: str
) -> None:
    command = ("predict", "--model", "openai:m@http://x/v1", "--dataset", du110k)
    run = dubench_here(*command, *arguments, cwd=home)
    assert run.returncode == 2
    assert message in run.stderr


def test_openais_own_server_is_the_default() -> None:
    assert OpenAi("gpt-4o").name == "openai:gpt-4o@https://api.openai.com/v1"


def test_a_damaged_or_missing_place_for_answers_is_one_line(server: ChatServer, home: Path) -> None:
    kept_answers.cache_file().parent.mkdir(parents=True)
    kept_answers.cache_file().write_text("not a database at all, but long enough for one" * 99)
    with pytest.raises(InputError, match=r"answers kept in .* cannot be used .*delete the file"):
        OpenAi(f"m@{server.url}").ask(QUESTIONS)
    kept_answers.cache_file().unlink()
    kept_answers.cache_file().parent.rmdir()
    kept_answers.cache_file().parent.write_text("a file where the folder should be")
    with pytest.raises(InputError, match=r"cannot be used \(File exists"):
        OpenAi(f"m@{server.url}").ask(QUESTIONS)


def test_within_a_running_loop_as_in_a_notebook(server: ChatServer) -> None:
    import asyncio

    async def cell() -> list[str]:
        return texts(OpenAi(f"m@{server.url}").ask(QUESTIONS))

    assert asyncio.run(cell()) == [answer_of(image) for image in IMAGES]
