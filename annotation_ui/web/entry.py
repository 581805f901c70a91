"""Getting in: the login, the page of an invitation, and the way out."""

import sqlite3
import time
from typing import TYPE_CHECKING

from annotation_ui.store.records import Account, Throttled
from annotation_ui.store.review_store import ReviewStore
from annotation_ui.web.app import ASSETS
from annotation_ui.web.failing_disk import explained
from annotation_ui.web.sessions import Sessions
from annotation_ui.web.strangers import Strangers
from generators.errors import InputError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

# A hash takes 16 MB and a good part of a second of one core. Names that nobody has wait in a row
# of their own, and only while it is empty.
_CHECKS_AT_ONCE = 2
_TYPICAL = 0.3  # seconds that a check is thought to take, before the first
WRONG = "No reviewer has this name and password."


class Entry:
    """Who is logged in, and the addresses that change it."""

    def __init__(self, store: ReviewStore, cookie: str) -> None:
        """`cookie` is the cookie's name; two servers on one host need two."""
        self._store = store
        self._cookie = cookie
        self._sessions = Sessions()

    def account(self, request: "Request") -> Account | None:
        """Who sends a request: an account that may still log in, and has not changed its password
        since it did."""
        seen = self._sessions.who(request.cookies.get(self._cookie))
        if seen is None:
            return None
        name, epoch = seen
        account = self._store.accounts.find(name)
        if account is None or account.disabled or account.epoch != epoch:
            return None
        return account

    def add_to(self, app: "FastAPI") -> None:
        """Let the app answer /login, /join and /logout."""
        import anyio
        from fastapi import Form, Request, Response
        from fastapi.responses import HTMLResponse, JSONResponse

        accounts, strangers = self._store.accounts, Strangers()
        checks = anyio.CapacityLimiter(_CHECKS_AT_ONCE)
        strange = anyio.CapacityLimiter(1)
        typical = _TYPICAL

        def entered(request: Request, account: Account) -> JSONResponse:
            answer = JSONResponse({"success": True})
            token = self._sessions.open(account.name, account.epoch)
            secure = request.url.scheme == "https"
            answer.set_cookie(self._cookie, token, httponly=True, samesite="lax", secure=secure)
            return answer

        async def check(name: str, password: str, address: str) -> Account | None:
            nonlocal typical
            account = accounts.find(name)
            if account is None and (strange.borrowed_tokens or not strangers.take(address)):
                await anyio.sleep(typical)
                return None
            since = time.monotonic()
            limiter = strange if account is None else checks
            right = await anyio.to_thread.run_sync(accounts.check, name, password, limiter=limiter)
            typical = time.monotonic() - since
            return accounts.find(name) if right else None

        @app.get("/login")
        def login_page() -> HTMLResponse:
            return HTMLResponse((ASSETS / "login.html").read_text("utf-8"))

        @app.post("/login")
        async def login(
            request: Request, username: str = Form(""), password: str = Form("")
        ) -> JSONResponse:
            address = request.client.host if request.client else ""
            try:
                account = await check(username.strip(), password, address)
            except Throttled as error:
                wait = {"detail": f"{str(error).capitalize()}.", "seconds": error.seconds}
                return JSONResponse(wait, 429, {"Retry-After": f"{error.seconds:.0f}"})
            except sqlite3.Error as error:
                return JSONResponse({"detail": explained(error)}, 503)
            if account is None:
                return JSONResponse({"detail": WRONG}, 401)
            return entered(request, account)

        @app.get("/join")
        def join_page() -> HTMLResponse:
            return HTMLResponse((ASSETS / "join.html").read_text("utf-8"))

        @app.post("/join")
        async def join(
            request: Request, token: str = Form(""), password: str = Form("")
        ) -> JSONResponse:
            try:
                name = await anyio.to_thread.run_sync(
                    accounts.accept, token, password, limiter=checks
                )
            except InputError as error:
                return JSONResponse({"detail": f"{str(error).capitalize()}."}, 400)
            except sqlite3.Error as error:
                return JSONResponse({"detail": explained(error)}, 503)
            return entered(request, accounts.known(name))

        @app.post("/logout")
        def logout(request: Request) -> Response:
            self._sessions.close(request.cookies.get(self._cookie))
            answer = JSONResponse({"success": True})
            answer.delete_cookie(self._cookie)
            return answer
