"""An OpenAI-compatible server that sees, and misbehaves when it is told to."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np

FAULTS = ("429", "500", "slow", "cut", "reset", "nonsense", "broken", "empty", "error")


def sigma_of(image: np.ndarray) -> float:
    """What the server answers about an image: a number that no other image has."""
    digest = hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()
    return 1 + int.from_bytes(digest[:4]) / 2**32 * 8


def answer_of(image: np.ndarray) -> str:
    return f'Blurred. {{"type": "blur", "parameters": {{"sigma": {sigma_of(image)!r}}}}}'


class ChatServer:
    """Counts what it is asked.

    Attributes:
        url: its base URL.
        requests: bodies of all requests, in their order.
        keys: Authorization headers.
        answered: σ of every image it gave an answer about.
        fault: called with the number of a request about an image; the fault to make, or None.
        before_answer: called before an image is answered.
    """

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.answered: list[float] = []
        self.fault: Callable[[int], str | None] = lambda number: None
        self.before_answer: Callable[[], None] = lambda: None
        self.blind = False
        self._lock, self._asked, self._closed = threading.Lock(), 0, threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> "ChatServer":
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._http.shutdown()
        self._http.server_close()

    def _handler(outer) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(body)
                outer.keys.append(self.headers["Authorization"])
                if self.path != "/v1/chat/completions":
                    return self._send(404, {"error": {"message": "no such path"}})
                outer._reply(self, body)

            def _send(self, status: int, data: Any, lacking: int = 0, **headers: str) -> None:
                text = data if isinstance(data, str) else json.dumps(data)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text.encode()) + lacking))
                self.end_headers()
                self.wfile.write(text.encode())

        return Handler

    def _reply(self, http: Any, body: dict[str, Any]) -> None:
        (message,) = body["messages"]
        pictures = [part["image_url"]["url"] for part in message["content"] if "image_url" in part]
        text = "".join(part.get("text", "") for part in message["content"])
        image = decode(pictures[0])
        if "Which colour" in text:
            colour = "red" if image[0, 0, 0] and not self.blind else "blue"
            return http._send(200, completion(f"It is {colour}."))
        with self._lock:
            self._asked += 1
            fault = self.fault(self._asked)
        answer = completion(answer_of(image))
        match fault:
            case "429":
                return http._send(429, {"error": {"message": "slow down"}}, retry_after="0.05")
            case "500":
                return http._send(500, "<h1>oops</h1>", retry_after_ms="20")
            case "slow":
                self._closed.wait()
                return None
            case "cut":
                http.close_connection = True
                return http._send(200, json.dumps(answer)[:40], lacking=500)
            case "reset":
                http.close_connection = True
                return http.connection.close()
            case "nonsense":
                return http._send(200, "<html>Welcome to the proxy</html>")
            case "broken":
                return http._send(200, json.dumps(answer)[:40])
            case "empty":
                return http._send(200, completion(""))
            case "error":
                return http._send(200, {"error": {"message": "upstream went away"}})
        self.before_answer()
        with self._lock:
            self.answered.append(sigma_of(image))
        http._send(200, answer)


def completion(text: str, finish_reason: str = "stop") -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    return {
        "id": "x", "object": "chat.completion", "created": 0, "model": "m", "usage": usage,
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
    }  # fmt: skip


def decode(url: str) -> np.ndarray:
    """The pixels of a picture in a request, which must be a PNG."""
    head, _, data = url.partition(",")
    assert head == "data:image/png;base64"
    encoded = np.frombuffer(base64.b64decode(data), np.uint8)
    return cv2.cvtColor(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGR2RGB)
