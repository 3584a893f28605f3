"""A server that speaks OpenAI's chat completions over a real socket, as well or as badly as it is told."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["ChatServer", "chunk", "running"]


def chunk(text: str = "", *, finish: str | None = None, usage: dict[str, object] | None = None) -> str:
    """Give one event's data."""
    choices = [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]
    return json.dumps({"choices": [] if usage else choices, "usage": usage})


@dataclass
class ChatServer:
    """What it answers, and what it was asked."""

    url: str = ""
    status: int = 200
    body: str = ""  # of a reply that is no stream
    events: list[str] | None = None  # by default each word of the request's last message
    delay_seconds: float = 0.0  # before each event
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    was_cut_off: threading.Event = field(default_factory=threading.Event)

    def reply(self, request: dict[str, Any]) -> list[str]:
        """Give the events' data."""
        if self.events is not None:
            return self.events
        words = request["messages"][-1]["content"].split()[: request["max_tokens"]]
        return [
            *(chunk(word if number == 0 else f" {word}") for number, word in enumerate(words)),
            chunk(finish="stop"),
            chunk(
                usage={
                    "prompt_tokens": 7,
                    "completion_tokens": len(words),
                    "prompt_tokens_details": {"cached_tokens": 4},
                }
            ),
            "[DONE]",
        ]


@contextmanager
def running() -> Iterator[ChatServer]:
    """Run a server on a free port of this machine."""
    chat = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            chat.requests.append(json.loads(self.rfile.read(length)))
            chat.headers.append(dict(self.headers))
            self.send_response(chat.status)
            self.end_headers()
            try:
                if chat.status != 200 or chat.body:
                    self.wfile.write(chat.body.encode())
                    return
                for data in chat.reply(chat.requests[-1]):
                    time.sleep(chat.delay_seconds)
                    self.wfile.write(f"data: {data}\n\n".encode())
            except (BrokenPipeError, ConnectionResetError):
                chat.was_cut_off.set()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    chat.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
