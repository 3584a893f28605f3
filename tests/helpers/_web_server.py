"""A real web server on this machine, with replies good and bad."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["PAGE", "web_server"]

PAGE = b"<html><head><title>Depot</title></head><body><h1>Depot</h1><p>It opens at nine.</p></body></html>"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].strip("/").replace("-", "_").replace(".", "_")
        getattr(self, f"reply_{name}", self.reply_absent)()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""

    def send(self, body: bytes, kind: str = "text/html", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def reply_absent(self) -> None:
        self.send(b"no such page", status=404)

    def reply_page(self) -> None:
        self.send(PAGE)

    def reply_notes_txt(self) -> None:
        self.send(b"Plain notes.", "text/plain")

    def reply_russian(self) -> None:
        self.send("<p>мама".encode("cp1251"), "text/html; charset=windows-1251")

    def reply_login_pdf(self) -> None:
        self.send(PAGE)

    def reply_picture(self) -> None:
        self.send(b"\0\1\2", "application/octet-stream")

    def reply_empty(self) -> None:
        self.send(b"")

    def reply_zipped(self) -> None:
        self.send(gzip.compress(PAGE), Content_Encoding="gzip")

    def reply_bomb(self) -> None:
        self.send(gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip")

    def reply_half(self) -> None:
        self.send(gzip.compress(PAGE)[:-9], Content_Encoding="gzip")

    def reply_strange(self) -> None:
        self.send(PAGE, Content_Encoding="br")

    def reply_hop(self) -> None:
        self.send(b"", status=302, Location="/page")

    def reply_loop(self) -> None:
        self.send(b"", status=302, Location="/loop")

    def reply_to_metadata(self) -> None:
        self.send(b"", status=302, Location="http://169.254.169.254/latest/meta-data/")

    def reply_to_file(self) -> None:
        self.send(b"", status=302, Location="file:///etc/passwd")

    def reply_to_other_port(self) -> None:
        self.send(b"", status=302, Location="http://127.0.0.1:22/")

    def reply_endless(self) -> None:
        self.send(b"")
        self._write_on(b"0" * 65536, pause=0)

    def reply_drip(self) -> None:
        self.send(b"")
        self._write_on(b"0", pause=0.05)

    def reply_slow_headers(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\n")
        self._write_on(b"X-A: b\r\n", pause=0.05)

    def _write_on(self, piece: bytes, *, pause: float) -> None:
        end = time.monotonic() + 20
        try:
            while time.monotonic() < end:
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(pause)
        except OSError:
            return  # the other side had enough


@contextmanager
def web_server() -> Iterator[int]:
    """Serve, and give the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
