"""Nothing that was acknowledged is lost, however often the process is killed.

The short form is for every run; `make test-kill` kills 200 times and says how long the server took to be ready again.
"""

import http.client
import itertools
import json
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moothall_process import Application, MoothallProcess

KILLS = int(os.environ.get("KILLS", "4"))
WRITERS = 4
OPERATIONS_BETWEEN_KILLS = 50
# Of each writer; together fewer than an application may have.
MOST_ROOMS = 200
_READ_TIMEOUT_S = 30


@dataclass
class Kept:
    """What the server said about one room: the change it acknowledged last, and the one it may have made without being able to say so."""

    room_id: str
    acknowledged: int
    attempted: int


class Writer:
    """Creates rooms and postpones their ends by one minute after the other, and remembers what was acknowledged."""

    def __init__(self, server: MoothallProcess, seed: int) -> None:
        self._server = server
        self._chance = random.Random(seed)  # noqa: S311 - which room is changed next
        self._from = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        self.rooms: list[Kept] = []
        self.acknowledged = 0

    def write(self, token: str, count: "threading.Semaphore") -> None:
        """Write until the server is gone; every acknowledgement releases ``count`` once."""
        connection = http.client.HTTPConnection("localhost", self._server.port, timeout=_READ_TIMEOUT_S)
        try:
            for number in itertools.count():
                if not self.rooms or (number % 5 == 0 and len(self.rooms) < MOST_ROOMS):
                    body = {"display_name": "Kept", "type": "long_term", "expires_at": self._moment(0)}
                    room = _request(connection, "POST", "/rooms", token, body, 201)
                    self.rooms.append(Kept(room["id"], 0, 0))
                else:
                    kept = self._chance.choice(self.rooms)
                    kept.attempted = kept.acknowledged + 1
                    body = {"update_details": {"expires_at": self._moment(kept.attempted)}}
                    _request(connection, "PATCH", f"/rooms/{kept.room_id}", token, body, 200)
                    kept.acknowledged = kept.attempted
                self.acknowledged += 1
                count.release()
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()

    def check(self, token: str) -> None:
        """Every room is as it was acknowledged, or one change further where the acknowledgement was cut off."""
        connection = http.client.HTTPConnection("localhost", self._server.port, timeout=_READ_TIMEOUT_S)
        for kept in self.rooms:
            found = _request(connection, "GET", f"/rooms/{kept.room_id}", token, None, 200)["expires_at"]
            assert found in (self._moment(kept.acknowledged), self._moment(kept.attempted)), (kept, found)
            if found == self._moment(kept.attempted):
                kept.acknowledged = kept.attempted
            kept.attempted = kept.acknowledged
        connection.close()

    def _moment(self, minutes: int) -> str:
        return (self._from + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_what_was_acknowledged_is_there_after_every_kill(
    server: MoothallProcess, application: Application, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MOOTHALL_API_RATE", "0")
    server.kill()
    server.start()
    writers = [Writer(server, seed) for seed in range(WRITERS)]
    ready_after = []
    for _ in range(KILLS):
        token = application.token()
        count = threading.Semaphore(0)
        with ThreadPoolExecutor(WRITERS) as threads:
            running = [threads.submit(writer.write, token, count) for writer in writers]
            for _ in range(OPERATIONS_BETWEEN_KILLS):
                assert count.acquire(timeout=_READ_TIMEOUT_S), [str(one.exception()) for one in running if one.done()]
            server.kill()
        for one in running:
            one.result()
        started = time.monotonic()
        server.start()
        ready_after.append(time.monotonic() - started)
        for writer in writers:
            writer.check(token)

    acknowledged = sum(writer.acknowledged for writer in writers)
    assert acknowledged >= KILLS * OPERATIONS_BETWEEN_KILLS
    p95 = sorted(ready_after)[int(len(ready_after) * 0.95)]
    print(f"\n{acknowledged} acknowledged, {KILLS} kills, none lost; ready again after {p95:.2f} s (p95)")


def _request(  # noqa: PLR0917 - what a request has
    connection: http.client.HTTPConnection, method: str, path: str, token: str, body: Any, expected: int
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, f"/v1/meetings{path}", None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read()
    assert response.status == expected, text
    found: dict[str, Any] = json.loads(text)
    return found
