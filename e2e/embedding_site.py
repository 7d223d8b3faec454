"""Another website, which embeds meetings: a real HTTP server on loopback, and so another origin."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class EmbeddingSite:
    """``pages`` are HTML by path."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = pages.get(self.path)
                body = (page or "").encode()
                self.send_response(404 if page is None else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def serve(self, html: str, path: str = "/") -> str:
        """Serve a page, and return its address."""
        self.pages[path] = f"<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title><body>{html}"
        return self.origin + path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
