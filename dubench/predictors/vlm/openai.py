"""A model behind an OpenAI-compatible server, asked by the official client."""

import asyncio
import base64
import json
import os
import re
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic, perf_counter
from typing import Any
from urllib.parse import urlsplit

from dubench.duvlm.prompts import Question
from dubench.predictions.answer import MOST
from dubench.predictors.vlm.asking import Reply
from dubench.predictors.vlm.kept_answers import KeptAnswers, kept_answers, key_of
from dubench.text import brief
from generators.errors import InputError, first_line
from generators.images import encode_rgb

KEY = "OPENAI_API_KEY"
DEFAULT_URL = "https://api.openai.com/v1"
RETRIES = 8
"""How often the client sends a request again after 429, 5xx, a timeout or a broken connection:
over about 40 seconds, or as long as the server's Retry-After says."""
ATTEMPTS = 4
"""How often a question is asked again after a reply that is none, or is empty."""
TIMEOUT_S = 300.0
_PAUSE_S = 0.5
_FILTERED = ("content_filter", "content_policy_violation")
_NOTHING = '{"choices": [{"message": {}}]}'
_OWN = ("model", "messages", "stream", "n")


class OpenAi:
    """A vision language model of an OpenAI-compatible server.

    Answers are kept (see `kept_answers`), so that a run that was killed asks nothing twice. The
    key is that of $OPENAI_API_KEY, and is written nowhere.

    Args:
        what: MODEL@BASE_URL, or MODEL for OpenAI's own server.
        max_tokens: the longest answer.
        concurrency: requests under way at once.
        rate: the most requests per minute.
        request: further fields of the request, or None for one that is to be left out.
        price: US dollars per million tokens in and out, to record the cost.

    Raises:
        InputError: the package openai is missing, or the name or the request is wrong.
    """

    def __init__(
        self,
        what: str,
        *,
        max_tokens: int = 1024,
        concurrency: int = 8,
        rate: float | None = None,
        request: Mapping[str, Any] | None = None,
        price: tuple[float, float] | None = None,
    ) -> None:
        try:
            import openai  # noqa: F401
        except ImportError:
            raise InputError(
                '--model openai needs the package openai: pip install "dubench[api]"'
            ) from None
        self._model, self._url = _split(what)
        for name in set(request or ()) & set(_OWN):
            raise InputError(f"--request: {name} is not to be set; dubench does it itself")
        options = {"temperature": 0, "max_tokens": max_tokens} | dict(request or {})
        self._options = {name: value for name, value in options.items() if value is not None}
        self.name = f"openai:{self._model}@{self._url}"
        self.batch = 4 * concurrency
        self.about: Mapping[str, Any] = {"request": self._options}
        self._key = os.environ.get(KEY, "").strip()
        if self._key and self._key in json.dumps([self.name, self.about], ensure_ascii=False):
            raise InputError(f"the key of ${KEY} stands in --model or --request; take it out")
        self._concurrency, self._rate, self._price = concurrency, rate, price
        self._turn = 0.0

    def ask(self, questions: Sequence[Question], anew: bool = False) -> list[Reply]:
        """One reply per question; of those that were asked before, the one of then.

        Raises:
            InputError: the server is not there, is none such, or refuses. Answers that came
                before it did are kept.
        """
        return _run(self._ask(questions, anew))

    async def _ask(self, questions: Sequence[Question], anew: bool) -> list[Reply]:
        slots = asyncio.Semaphore(self._concurrency)
        errors: list[InputError] = []

        async def one(question: Question) -> Reply | None:
            async with slots:
                try:
                    return None if errors else await self._answer(client, kept, question, anew)
                except InputError as error:
                    errors.append(error)
                    return None

        with kept_answers() as kept:
            # A server that is not there at all should be known at once.
            async with self._client(retries=2 if anew else RETRIES) as client:
                replies = await asyncio.gather(*map(one, questions))
        if errors:
            raise errors[0]
        return [reply for reply in replies if reply is not None]

    def _client(self, retries: int) -> Any:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        hooks = {"request": [self._wait_for_turn]}
        return AsyncOpenAI(
            # The client wants one, and servers of one's own mostly do not look at it.
            api_key=self._key or "none",
            base_url=self._url,
            max_retries=retries,
            timeout=TIMEOUT_S,
            http_client=DefaultAsyncHttpxClient(event_hooks=hooks),
        )

    async def _wait_for_turn(self, request: Any) -> None:
        """Hold every request, repeated ones too, to the rate."""
        if self._rate:
            now = monotonic()
            turn = max(now, self._turn)
            self._turn = turn + 60 / self._rate
            await asyncio.sleep(turn - now)

    async def _answer(
        self, client: Any, kept: KeptAnswers, question: Question, anew: bool
    ) -> Reply:
        model = {"model": self._model, "url": self._url, "request": self._options}
        key = key_of(model, question)
        if not anew and (before := kept.get(key)):
            return before
        content = [_part(part) for part in question]
        usage: dict[str, float] = {}
        reply, wrong = Reply(""), ""
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(_PAUSE_S * 2**attempt)
            start = perf_counter()
            reply, wrong = _read(await self._request(client, content))
            _add(usage, reply.fields, self._price)
            if reply.text or reply.cut:
                break
        if wrong:
            raise InputError(
                f"{self._url} does not reply as an OpenAI-compatible server ({self._clean(wrong)});"
                " give its base URL, which mostly ends in /v1"
            )
        fields: dict[str, Any] = {"latency_s": round(perf_counter() - start, 6)}
        if usage:
            fields["usage"] = usage
        reply = Reply(reply.text, reply.cut, fields)
        if reply.text and not anew:
            kept.put(key, reply)
        return reply

    async def _request(self, client: Any, content: list[dict[str, Any]]) -> str:
        """The body of the server's reply, without the key should it be in it."""
        import openai

        try:
            raw = await client.chat.completions.with_raw_response.create(
                model=self._model,
                messages=[{"role": "user", "content": content}],
                extra_body=self._options,
            )
        except openai.APIStatusError as error:
            if error.code in _FILTERED:
                return _NOTHING  # about this picture; the others may do
            raise InputError(self._refusal(error)) from None
        except openai.APITimeoutError:
            raise InputError(
                f"{self._url} did not answer within {TIMEOUT_S:g} seconds; is it busy? A smaller "
                "--concurrency may help"
            ) from None
        except openai.APIConnectionError as error:
            reason = first_line(error.__cause__ or error)
            raise InputError(
                f"no answer from {self._url} ({self._clean(reason)}); is the server running?"
            ) from None
        return self._clean(raw.http_response.text)

    def _refusal(self, error: Any) -> str:
        """What a status other than 200 means, and what to do."""
        message = error.body
        while isinstance(message, dict):
            message = message.get("message") or message.get("error") or message.get("detail")
        reason = brief(self._clean(str(message or error)))
        match error.status_code:
            case 401 | 403 if not self._key:
                return f"{self._url} wants a key; set ${KEY}"
            case 401 | 403:
                return f"{self._url} refuses the key in ${KEY} ({error.status_code}: {reason})"
            case 404:
                return (
                    f"{self._url} has no model {self._model}, or is not a base URL, which mostly "
                    f"ends in /v1 (404: {reason})"
                )
            case 429:
                return f"{self._url} still says 429 ({reason}); go on later, or with a lower --rate"
            case status if status >= 500:
                return f"{self._url} fails again and again ({status}: {reason}); go on later"
            case status:
                return (
                    f"{self._url} refuses the request ({status}: {reason}); --request changes its "
                    'fields, {"temperature": null} leaves one out'
                )

    def _clean(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text


def _split(what: str) -> tuple[str, str]:
    """MODEL@BASE_URL as both."""
    found = re.fullmatch(r"(.+)@(https?://.+)", what)
    model, url = found.groups() if found else (what, DEFAULT_URL)
    if not model or (not found and "@" in what):
        raise InputError(
            "--model openai: write openai:MODEL@BASE_URL, as openai:NAME@http://localhost:8000/v1"
        )
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.hostname and not (parts.username or parts.password or parts.query):
            return model, url.rstrip("/")
    # It may hold a password.
    raise InputError(
        f"--model openai:{model}: its URL is not plain; a key goes into ${KEY}, and nothing after "
        "the path"
    )


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    url = f"data:image/png;base64,{base64.b64encode(encode_rgb(part)).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _read(body: str) -> tuple[Reply, str]:
    """The reply in a body; or an empty one, and what is wrong with the body."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return Reply(""), f"not JSON: {brief(body)}"
    match data:
        case {"error": error} if error:
            return Reply(""), f"error: {brief(error)}"
        case {"choices": [{"message": dict(message), **choice}, *_], **rest}:
            text, usage = message.get("content"), rest.get("usage")
            return Reply(
                text if isinstance(text, str) else "",
                choice.get("finish_reason") == "length",
                usage if isinstance(usage, dict) else {},
            ), ""
    return Reply(""), f"no choices with a message: {brief(data)}"


def _add(
    usage: dict[str, float], reported: Mapping[str, Any], price: tuple[float, float] | None
) -> None:
    """Add what a server says of one request to the usage of a question."""
    tokens_in, tokens_out = reported.get("prompt_tokens"), reported.get("completion_tokens")
    if not (isinstance(tokens_in, int) and isinstance(tokens_out, int)):
        return
    cost = reported.get("cost")  # some routers say it
    if price:
        cost = (price[0] * tokens_in + price[1] * tokens_out) / 1e6
    more = {"input_tokens": tokens_in, "output_tokens": tokens_out, "cost_usd": cost}
    for name, amount in more.items():
        if isinstance(amount, int | float) and 0 <= amount < MOST:
            usage[name] = usage.get(name, 0) + amount


def _run(coroutine: Coroutine[Any, Any, list[Reply]]) -> list[Reply]:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    # A notebook's own loop runs in this thread.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
