"""Serve a review until interrupted."""

import os
import re
import signal
import socket
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from pathlib import Path

from annotation_ui.folder import IMAGES, quoted, review_folder, review_of
from generators.errors import InputError

GRADIO = (6, 16)  # what came before lacks security fixes
ANYWHERE = ("0.0.0.0", "::", "")  # every address of this machine
_REMEDY = 'pip install "dubench[review]"'
_PATIENCE = 3  # seconds that open requests get at the end


def serve_review(
    folder: Path,
    host: str = "127.0.0.1",
    port: int = 7860,
    on_ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve the review of the dataset in `folder` until SIGINT or SIGTERM.

    Args:
        host: address to listen on; anything but this machine's own is open to the network.
        port: 0 for any free one.
        on_ready: gets the address once it answers.

    Raises:
        InputError: no such folder, no review of it, nobody to log in, the port is taken, or gradio
            is missing.
    """
    _check_gradio()
    store, review = review_of(folder), review_folder(folder)
    if not store.accounts.all():
        raise InputError(
            f"{review}: nobody can log in; dubench review add-reviewer NAME "
            f"--dataset {quoted(folder)}"
        )
    listening = _listen(host, port)
    # uvicorn raises it again when it is done; by default that would leave the folder behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="dubench-review-") as private:
        os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": private}
        import uvicorn

        from annotation_ui.web.server import review_app

        where = listening.getsockname()[1]
        name = reachable(host)
        app = review_app(store, review / IMAGES, cookie=f"dubench-review-{where}")
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=_PATIENCE
        )

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                on_ready(f"http://{name}:{where}/")

        try:
            Server(config).run([listening])
        except KeyboardInterrupt:
            pass  # the way to end it
        finally:
            listening.close()


def reachable(host: str) -> str:
    """What to write into a browser for a server that listens on `host`."""
    if host in ANYWHERE:
        host = _own_address(host)
    return f"[{host}]" if ":" in host else host


def open_to_others(host: str) -> bool:
    """Whether others than this machine reach a server that listens on `host`."""
    if host in ANYWHERE:
        return True
    try:
        addresses = socket.getaddrinfo(host, None)
        return not all(ip_address(str(one[4][0])).is_loopback for one in addresses)
    except (OSError, ValueError):
        return True


def _own_address(host: str) -> str:
    """This machine's address on the network that leads elsewhere; nothing is sent."""
    six = ":" in host
    family, elsewhere = (socket.AF_INET6, "2001:db8::1") if six else (socket.AF_INET, "192.0.2.1")
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return "::1" if six else "127.0.0.1"


def _check_gradio() -> None:
    try:
        installed = version("gradio")
    except PackageNotFoundError:
        raise InputError(f"dubench review serve needs gradio: {_REMEDY}") from None
    if tuple(map(int, re.findall(r"\d+", installed)[:2])) < GRADIO:
        least = ".".join(map(str, GRADIO))
        raise InputError(f"dubench review serve needs gradio {least}, not {installed}: {_REMEDY}")


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"cannot listen on {host} port {port} ({error}); give another --host or --port"
        ) from None
