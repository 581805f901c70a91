"""The review's web server: who gets in, the pictures, and gradio behind both."""

from pathlib import Path
from typing import TYPE_CHECKING

from annotation_ui.store.records import AccountRole
from annotation_ui.store.review_store import ReviewStore
from annotation_ui.web.allowlist import AllowlistMiddleware, Message
from annotation_ui.web.api import ReviewApi
from annotation_ui.web.app import ASSETS, gradio_options, review_blocks
from annotation_ui.web.entry import Entry
from annotation_ui.web.owner import add_owner_page
from annotation_ui.web.pictures import is_whole

if TYPE_CHECKING:
    from fastapi import FastAPI

_TYPES = {".css": "text/css", ".js": "text/javascript"}


def review_app(store: ReviewStore, images: Path, cookie: str) -> "FastAPI":
    """The server's ASGI application.

    Args:
        store: the review.
        images: the only folder that is served from, under random names.
        cookie: name of the cookie; two servers on one host need two.
    """
    import gradio
    from fastapi import FastAPI, HTTPException, Request, Response
    from fastapi.responses import FileResponse

    entry = Entry(store, cookie)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    entry.add_to(app)
    add_owner_page(app, store, entry)

    def reviewer(request: Request) -> str | None:
        account = entry.account(request)
        return account.name if account and account.role == "reviewer" else None

    @app.get("/page/{name}")
    def page(name: str) -> Response:
        asset = ASSETS / name
        if not asset.is_file():
            raise HTTPException(404)
        return Response(asset.read_bytes(), media_type=_TYPES[Path(name).suffix])

    @app.get("/images/{name}")
    def image(name: str) -> FileResponse:
        path = images / name
        if not is_whole(path):
            raise HTTPException(404)
        # The name stands for these pixels for ever.
        kept = {"Cache-Control": "private, max-age=86400, immutable"}
        return FileResponse(path, media_type="image/png", headers=kept)

    gradio.mount_gradio_app(
        app,
        review_blocks(ReviewApi(store, images)),
        "/",
        auth_dependency=reviewer,
        **gradio_options(),
    )

    def role(scope: Message) -> AccountRole | None:
        account = entry.account(Request(scope))
        return account.role if account else None

    app.add_middleware(AllowlistMiddleware, role=role)
    return app
