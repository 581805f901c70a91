"""What a browser may ask the review's server for: a short list, and nothing else.

Gradio answers many more addresses (uploads, files, proxies, recordings); none of them is needed
here, so none of them is reachable.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

PICTURE = r"[0-9a-f]{32}\.png"
# The queue is for gradio's Python client; the page asks with `run` and holds no connection open.
_READ = re.compile(
    r"/|/login|/page/[a-z]+\.(?:js|css)"
    rf"|/images/{PICTURE}"
    r"|/(?:assets|static)(?:/\w[\w.-]*)+|/theme\.css|/favicon\.ico|/manifest\.json"
    r"|/config/?|/gradio_api/(?:info|startup-events|app_id|queue/data)/?"
)
_PUBLIC = re.compile(r"/login|/favicon\.ico|/page/.*")
_WRITE = re.compile(r"/login|/logout|/gradio_api/(?:run/[a-z]+|queue/join)/?")

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
    """An ASGI middleware that lets through what is listed above, and that to reviewers only."""

    def __init__(self, app: App, known: Callable[[Message], bool]) -> None:
        """`known` says whether a request comes from somebody who is logged in."""
        self._app = app
        self._known = known

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 404, 403 (another site's page sends it) or 401.

        Who opens the page without being logged in is sent to the login.
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

        path = scope["path"]
        refusal = _refusal(scope)
        headers = [(b"cache-control", b"no-store")]
        if not refusal and not _PUBLIC.fullmatch(path) and not self._known(scope):
            refusal = 303 if path == "/" else 401
            headers.append((b"location", b"login"))
        if refusal:
            await sealed({"type": "http.response.start", "status": refusal, "headers": headers})
            await sealed({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, sealed)


def _refusal(scope: Message) -> int:
    """The status to refuse a request with whoever sends it, or 0."""
    method, path = scope["method"], scope["path"]
    if method in ("GET", "HEAD"):
        return 0 if _READ.fullmatch(path) else 404
    if method != "POST" or not _WRITE.fullmatch(path):
        return 404
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    host = headers.get(b"host", b"").decode("latin-1")
    return 403 if origin and urlsplit(origin).netloc != host else 0
