"""The page as a gradio app: one HTML component, and the functions that its script calls.

None of them goes through gradio's queue, so a tab holds no connection open, and a browser's limit
of six to one host never makes the next tab wait.
"""

from typing import TYPE_CHECKING, Any

from annotation_ui.web.api import Reviewing

if TYPE_CHECKING:
    from gradio import Blocks, Request

_START = """
import(new URL("page/review.js", document.baseURI).href).then((page) => page.start(element));
"""
_CLEAN_UP = (3600, 86400)  # look every hour for files older than a day; none should ever be there


def blocks(reviewing: Reviewing) -> "Blocks":
    """The app; its functions are called by assets/review.js."""
    import gradio as gr
    from gradio.events import api

    from annotation_ui.web.server import ASSETS

    def open(request: gr.Request) -> dict:
        return reviewing.open(_who(request))

    def submit(
        token: str,
        verdict: str,
        reasons: list[str],
        note: str,
        seconds: float,
        request: gr.Request,
    ) -> dict:
        return reviewing.submit(_who(request), token, verdict, reasons, note, seconds)

    def undo(request: gr.Request) -> dict:
        return reviewing.undo(_who(request))

    def renew(token: str, request: gr.Request) -> dict:
        return reviewing.renew(_who(request), token)

    def upcoming(request: gr.Request) -> list:
        return reviewing.upcoming(_who(request))

    def history(request: gr.Request) -> list:
        return reviewing.history(_who(request))

    with gr.Blocks(title="Review", analytics_enabled=False, delete_cache=_CLEAN_UP) as app:
        gr.HTML(
            (ASSETS / "review.html").read_text("utf-8"),
            js_on_load=_START,
            apply_default_css=False,
        )
        for function in (open, submit, undo, renew, upcoming, history):
            api(function, api_name=function.__name__, queue=False, concurrency_limit=None)
    return app


def look() -> dict[str, Any]:
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


def _who(request: "Request") -> str:
    """The reviewer who is logged in: of their session, never of what the page sends."""
    if not request.username:
        raise PermissionError("not logged in")
    return request.username
