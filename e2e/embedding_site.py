"""Another website, which embeds meetings: a real HTTP server on loopback, and so another origin."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class EmbeddingSite:
    """``pages`` are the bodies of files by path."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                body = pages.get(path, b"")
                self.send_response(200 if path in pages else 404)
                self.send_header(
                    "Content-Type", "text/javascript" if path.endswith(".js") else "text/html; charset=utf-8"
                )
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        # Another origin than a server at localhost, and the same site.
        self.same_site_origin = self.origin.replace("127.0.0.1", "localhost")
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def serve(self, html: str, path: str = "/") -> str:
        """Serve a page, and return its address."""
        page = f"<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title><body>{html}"
        self.pages[path] = page.encode()
        return self.origin + path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
