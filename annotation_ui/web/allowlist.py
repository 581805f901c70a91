"""What a browser may ask the review's server for: a short list, and nothing else.

Gradio answers many more addresses (uploads, files, proxies, recordings); none of them is needed
here, so none of them is reachable.
"""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from annotation_ui.store.records import AccountRole
from annotation_ui.web.bodies import (
    CALL,
    FORM,
    Refused,
    check_call,
    check_form,
    read_body,
    replayed,
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

PICTURE = r"[0-9a-f]{32}\.png"
_RUN = "/gradio_api/run/"
_READ = re.compile(
    r"/|/login|/join|/owner|/page/[a-z]+\.(?:js|css)"
    rf"|/images/{PICTURE}"
    r"|/(?:assets|static)(?:/\w[\w.-]*)+|/theme\.css|/favicon\.ico|/manifest\.json"
    r"|/config/?|/gradio_api/(?:info|startup-events|app_id)/?"
)
_PUBLIC = re.compile(r"/login|/join|/favicon\.ico|/page/.*")
_WRITE = re.compile(rf"/login|/join|/logout|/owner/[a-z]+|{_RUN}[a-z]+")
_FORMS = ("/login", "/join")
_OWNERS = re.compile(r"/owner(?:/.*)?")
_BOTH = re.compile(rf"/logout|/images/{PICTURE}")

# No other host is ever asked for anything, nor may another page frame this one.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class AllowlistMiddleware:
    """An ASGI middleware that lets through what is listed above, to those it is for, and of a size
    and kind that it may have."""

    def __init__(self, app: App, role: Callable[[Message], AccountRole | None]) -> None:
        """`role` says whose a request is: a reviewer's, an owner's, or nobody's."""
        self._app = app
        self._role = role

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 404, 403 (another site's page sends it), 401, or what is
        wrong with its body.

        Who opens the page without being logged in is sent to the login, an owner to the results.
        """
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        async def refuse(status: int, *headers: tuple[bytes, bytes], body: bytes = b"") -> None:
            listed = [(b"cache-control", b"no-store"), *headers]
            await sealed({"type": "http.response.start", "status": status, "headers": listed})
            await sealed({"type": "http.response.body", "body": body})

        headers, path, posted = dict(scope["headers"]), scope["path"], scope["method"] == "POST"
        # Lest the server reads on and on what it has no use for.
        closed = [(b"connection", b"close")] if posted else []
        if refusal := _refusal(scope, headers):
            await refuse(refusal, *closed)
            return
        try:
            body = b""
            if posted:
                body = await read_body(receive, headers, FORM if path in _FORMS else CALL)
            if not _PUBLIC.fullmatch(path):
                role = self._role(scope)
                if path == "/" and role == "owner":
                    await refuse(303, (b"location", b"owner"))
                    return
                if not _may(path, role):
                    page = path in ("/", "/owner")
                    await refuse(303 if page else 401, *([(b"location", b"login")] if page else []))
                    return
            if path in _FORMS and posted:
                check_form(headers)
            elif path.startswith(_RUN):
                check_call(path.removeprefix(_RUN), body)
        except Refused as problem:
            detail = json.dumps({"detail": str(problem)}).encode()
            kind = (b"content-type", b"application/json")
            await refuse(problem.status, kind, *closed, body=detail)
            return
        if posted:
            receive = replayed(body, receive)
        await self._app(scope, receive, sealed)


def _may(path: str, role: AccountRole | None) -> bool:
    if role is None or _BOTH.fullmatch(path):
        return role is not None
    return (role == "owner") == bool(_OWNERS.fullmatch(path))


def _refusal(scope: Message, headers: dict[bytes, bytes]) -> int:
    """The status to refuse a request with whoever sends it, or 0."""
    method, path = scope["method"], scope["path"]
    if method in ("GET", "HEAD"):
        return 0 if _READ.fullmatch(path) else 404
    if method != "POST" or not _WRITE.fullmatch(path):
        return 404
    origin = headers.get(b"origin", b"").decode("latin-1")
    host = headers.get(b"host", b"").decode("latin-1")
    return 403 if origin and urlsplit(origin).netloc != host else 0
