"""The review's web server: logging in, the pictures, and gradio behind both."""

from pathlib import Path
from typing import TYPE_CHECKING

from annotation_ui.store.records import Throttled
from annotation_ui.store.review_store import ReviewStore
from annotation_ui.web.allowlist import AllowlistMiddleware, Message
from annotation_ui.web.api import ReviewApi
from annotation_ui.web.app import ASSETS, gradio_options, review_blocks
from annotation_ui.web.sessions import Sessions

if TYPE_CHECKING:
    from fastapi import FastAPI

_TYPES = {".css": "text/css", ".js": "text/javascript"}

# A hash takes 16 MB and a good part of a second of one core.
_CHECKS_AT_ONCE = 2
WRONG = "No reviewer has this name and password."


def review_app(store: ReviewStore, images: Path, cookie: str) -> "FastAPI":
    """The server's ASGI application.

    Args:
        store: the review.
        images: the only folder that is served from, under random names.
        cookie: name of the cookie; two servers on one host need two.
    """
    import anyio
    import gradio
    from fastapi import FastAPI, Form, HTTPException, Request, Response
    from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

    sessions = Sessions()
    checks = anyio.CapacityLimiter(_CHECKS_AT_ONCE)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def reviewer(request: Request) -> str | None:
        return sessions.reviewer(request.cookies.get(cookie))

    @app.get("/login")
    def login_page() -> HTMLResponse:
        return HTMLResponse((ASSETS / "login.html").read_text("utf-8"))

    @app.post("/login")
    async def login(
        request: Request, username: str = Form(""), password: str = Form("")
    ) -> JSONResponse:
        name = username.strip()
        try:
            right = await anyio.to_thread.run_sync(
                store.accounts.check, name, password, limiter=checks
            )
        except Throttled as error:
            wait = {"detail": f"{str(error).capitalize()}.", "seconds": error.seconds}
            return JSONResponse(wait, 429, {"Retry-After": f"{error.seconds:.0f}"})
        if not right:
            return JSONResponse({"detail": WRONG}, 401)
        answer = JSONResponse({"success": True})
        secure = request.url.scheme == "https"
        answer.set_cookie(
            cookie,
            sessions.open(store.accounts.known(name).name),
            httponly=True,
            samesite="lax",
            secure=secure,
        )
        return answer

    @app.post("/logout")
    def logout(request: Request) -> JSONResponse:
        sessions.close(request.cookies.get(cookie))
        answer = JSONResponse({"success": True})
        answer.delete_cookie(cookie)
        return answer

    @app.get("/page/{name}")
    def page(name: str) -> Response:
        asset = ASSETS / name
        if not asset.is_file():
            raise HTTPException(404)
        return Response(asset.read_bytes(), media_type=_TYPES[Path(name).suffix])

    @app.get("/images/{name}")
    def image(name: str) -> FileResponse:
        path = images / name
        if not path.is_file():
            raise HTTPException(404)
        # The name stands for these pixels for ever.
        kept = {"Cache-Control": "private, max-age=86400, immutable"}
        return FileResponse(path, media_type="image/png", headers=kept)

    gradio.mount_gradio_app(
        app, review_blocks(ReviewApi(store)), "/", auth_dependency=reviewer, **gradio_options()
    )

    def known(scope: Message) -> bool:
        return reviewer(Request(scope)) is not None

    app.add_middleware(AllowlistMiddleware, known=known)
    return app
