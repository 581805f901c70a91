"""What a browser may send: so much, and of these types."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

Receive = Callable[[], Awaitable[Any]]

FORM, CALL = 4096, 65536
"""Most bytes of a form of the login, and of a call of one of the page's functions."""

PATIENCE = 20.0
"""Seconds that a body may take."""

CALLS: dict[str, tuple[type, ...]] = {
    "open": (),
    "submit": (str, str, list, str, float),
    "skip": (str, str),
    "broken": (str,),
    "undo": (),
    "reopen": (str,),
    "renew": (str,),
    "upcoming": (),
    "history": (int,),
    "guide": (),
}
"""The page's functions and the types of their arguments; a list is one of texts."""

_WORDS = {str: "a text", float: "a number", int: "a whole number", list: "a list of texts"}


class Refused(Exception):
    """A body that is not taken: the status to answer with, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


async def read_body(receive: Receive, headers: dict[bytes, bytes], most: int) -> bytes:
    """The whole body of a request; Refused if it is larger than `most` or does not come."""
    import anyio

    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > most:
        raise Refused(413, f"more than {most:,} bytes")
    body = b""
    with anyio.move_on_after(PATIENCE) as waiting:
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > most:
                raise Refused(413, f"more than {most:,} bytes")
            if not message.get("more_body"):
                break
    if waiting.cancelled_caught:
        raise Refused(408, "the body did not come")
    return body


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body again, then what else comes."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Any:
        return waiting.pop() if waiting else await receive()

    return again


def check_form(headers: dict[bytes, bytes]) -> None:
    """Refused unless it is a plain form: others are parsed into files on the disk."""
    kind = headers.get(b"content-type", b"").split(b";")[0].strip()
    if kind != b"application/x-www-form-urlencoded":
        raise Refused(415, "a form is application/x-www-form-urlencoded")


def check_call(name: str, body: bytes) -> None:
    """Refused unless `body` calls the page's function `name` as it is to be called."""
    data = _parsed(body).get("data")
    types = CALLS.get(name)
    if types is None:
        raise Refused(404, "no such function")
    if not isinstance(data, list) or len(data) != len(types):
        raise Refused(400, f"{name} takes {len(types)} arguments, as the list “data”")
    for place, (value, kind) in enumerate(zip(data, types, strict=True)):
        if not _is(value, kind):
            raise Refused(400, f"{name}: argument {place + 1} is {_WORDS[kind]}")


def check_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; Refused if it is none."""
    return _parsed(body)


def _parsed(body: bytes) -> dict[str, Any]:
    def odd(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    try:
        parsed = json.loads(body, parse_constant=odd)
    except (ValueError, RecursionError):
        raise Refused(400, "the body is no JSON") from None
    if not isinstance(parsed, dict):
        raise Refused(400, "the body is no JSON object")
    return parsed


def _is(value: object, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
    if kind is list:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, kind)
