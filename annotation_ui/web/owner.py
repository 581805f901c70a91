"""The owner's page: what people said, and what to do about it."""

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from annotation_ui.figures.results import review_results
from annotation_ui.figures.results_page import results_html
from annotation_ui.store.review_store import ReviewStore
from annotation_ui.web.bodies import Refused, check_object
from annotation_ui.web.entry import Entry
from annotation_ui.web.failing_disk import explained
from generators.errors import InputError

if TYPE_CHECKING:
    from fastapi import FastAPI

_FIELDS = {
    "settle": ("item", "verdict", "note"),
    "release": ("item",),
    "discard": ("reviewer",),
    "disable": ("reviewer",),
    "enable": ("reviewer",),
    "invite": ("reviewer",),
}


def add_owner_page(app: "FastAPI", store: ReviewStore, entry: Entry) -> None:
    """Let the app answer /owner; that only owners get so far is the allowlist's."""
    from fastapi import Request
    from fastapi.responses import HTMLResponse, JSONResponse

    accounts, rulings = store.accounts, store.rulings
    actions: dict[str, Callable[..., Any]] = {
        "settle": rulings.settle,
        "release": rulings.hand_out,
        "discard": lambda reviewer: rulings.discard(accounts.known(reviewer).name),
        "disable": lambda reviewer: accounts.set_disabled(reviewer, True),
        "enable": lambda reviewer: accounts.set_disabled(reviewer, False),
        "invite": lambda reviewer: accounts.invite(accounts.known(reviewer).name),
    }

    @app.get("/owner")
    def page() -> HTMLResponse:
        html = results_html(review_results(store.snapshot()), live=True)
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})

    @app.post("/owner/{name}")
    async def act(name: str, request: Request) -> JSONResponse:
        import anyio

        owner = entry.account(request)
        fields = _FIELDS.get(name)
        if fields is None or owner is None:
            return JSONResponse({"detail": "no such address"}, 404)
        try:
            given = check_object(await request.body())
            if set(given) != set(fields) or not all(isinstance(v, str) for v in given.values()):
                raise Refused(400, f"{name} takes the texts {', '.join(fields)}")
            by = {"owner": owner.name} if "item" in fields else {}
            done = await anyio.to_thread.run_sync(lambda: actions[name](**given, **by))
        except Refused as problem:
            return JSONResponse({"detail": str(problem)}, problem.status)
        except InputError as error:
            return JSONResponse({"detail": str(error)}, 400)
        except sqlite3.Error as error:
            return JSONResponse({"detail": explained(error)}, 503)
        return JSONResponse({"link": f"join#{done}"} if name == "invite" else {"success": True})
