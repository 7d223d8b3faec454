"""The API over one persistent connection, as a customer's server would use it."""

import http.client
import json
from typing import Any

_READ_TIMEOUT_S = 30

# Errors of a request to a server that has just been killed.
SERVER_GONE = (OSError, http.client.HTTPException)


class Unexpected(Exception):
    """The server sent an unexpected answer."""


class ApiClient:
    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("localhost", port, timeout=_READ_TIMEOUT_S)
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, expected: int, body: Any = None) -> Any:
        """Return the JSON of the answer, None if empty.

        Raises Unexpected, or one of SERVER_GONE.
        """
        return self._send(method, path, expected, None if body is None else json.dumps(body).encode())

    def _send(self, method: str, path: str, expected: int, body: bytes | None) -> Any:
        self._connection.request(method, path, body, self._headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status != expected:
            raise Unexpected(f"{method} {path}: {response.status} {text[:500]!r}")
        return json.loads(text) if text else None

    def api(self, method: str, path: str, expected: int = 200, body: Any = None) -> Any:
        """``path`` below /v1/meetings."""
        return self.ask(method, f"/v1/meetings{path}", expected, body)

    def send_file(self, path: str, expected: int, content: bytes) -> Any:
        """POST the bytes. Returns and raises as ``ask``."""
        return self._send("POST", path, expected, content)

    def everything(self, path: str) -> list[dict[str, Any]]:
        """All items of a paged list."""
        found: list[dict[str, Any]] = []
        start = 0
        while True:
            page = self.api("GET", f"{path}?page_size=1000&start_id={start}")
            found += page["_embedded"]
            following = page["_links"].get("next")
            if following is None:
                return found
            start = int(following["href"].split("start_id=")[1].split("&")[0])

    def all_after(self, path: str) -> list[dict[str, Any]]:
        """All items of a list that is read on from ``after``."""
        found: list[dict[str, Any]] = []
        after = 0
        while True:
            page = self.api("GET", f"{path}{'&' if '?' in path else '?'}after={after}&limit=500")
            found += page["_embedded"]
            after = page["after"]
            if not page["has_more"]:
                return found

    def close(self) -> None:
        self._connection.close()
