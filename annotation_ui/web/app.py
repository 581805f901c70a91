"""The page as a gradio app: one HTML component, and the functions that its script calls.

None of them goes through gradio's queue, so a tab holds no connection open, and a browser's limit
of six to one host never makes the next tab wait.
"""

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from annotation_ui.web.api import ReviewApi

if TYPE_CHECKING:
    from gradio import Blocks, Request

ASSETS = files("annotation_ui") / "assets"

_START = """
import(new URL("page/review.js", document.baseURI).href).then((page) => page.start(element));
"""
_CLEAN_UP = (3600, 86400)  # look every hour for files older than a day; none should ever be there


def review_blocks(review: ReviewApi) -> "Blocks":
    """The app; its functions are called by assets/review.js."""
    import gradio as gr
    from gradio.events import api

    def open(request: gr.Request) -> dict:
        return review.open(_reviewer(request))

    def submit(
        token: str,
        verdict: str,
        reasons: list[str],
        note: str,
        seconds: float,
        request: gr.Request,
    ) -> dict:
        return review.submit(_reviewer(request), token, verdict, reasons, note, seconds)

    def skip(token: str, note: str, request: gr.Request) -> dict:
        return review.skip(_reviewer(request), token, note)

    def broken(token: str, request: gr.Request) -> dict:
        return review.broken(_reviewer(request), token)

    def undo(request: gr.Request) -> dict:
        return review.undo(_reviewer(request))

    def reopen(item: str, request: gr.Request) -> dict:
        return review.reopen(_reviewer(request), item)

    def renew(token: str, request: gr.Request) -> dict:
        return review.renew(_reviewer(request), token)

    def upcoming(request: gr.Request) -> dict:
        return review.upcoming(_reviewer(request))

    def history(skip: int, request: gr.Request) -> dict:
        return review.history(_reviewer(request), skip)

    def guide(request: gr.Request) -> dict:
        return review.guide(_reviewer(request))

    functions = (open, submit, skip, broken, undo, reopen, renew, upcoming, history, guide)
    with gr.Blocks(title="Review", analytics_enabled=False, delete_cache=_CLEAN_UP) as app:
        gr.HTML(
            (ASSETS / "review.html").read_text("utf-8"),
            js_on_load=_START,
            apply_default_css=False,
        )
        for function in functions:
            api(function, api_name=function.__name__, queue=False, concurrency_limit=None)
    return app


def gradio_options() -> dict[str, Any]:
    """How gradio is to serve it: nothing from disk, nothing extra, no font from elsewhere."""
    import gradio as gr

    theme = gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace"])
    return {
        "theme": theme,
        "allowed_paths": [],
        "footer_links": [],
        "run_history": False,
        "show_error": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": False,
    }


def _reviewer(request: "Request") -> str:
    """The reviewer who is logged in: of their session, never of what the page sends."""
    if not request.username:
        raise PermissionError("not logged in")
    return request.username
