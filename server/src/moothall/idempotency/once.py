"""Executes a request once, however often its client sends it with the same ``Idempotency-Key``.

A request whose effect is in the database claims its key, takes effect and stores its answer in one
transaction: a crash loses all three or none. The second of two concurrent requests waits in the
database for the first, and gets the same answer. A refused request has no effect, so nothing is
stored.

A command to a running meeting takes effect outside the database: the key is claimed before and the
answer stored after it, in two transactions. In between, the key is a Conflict.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from moothall.api.call import ApiContext
from moothall.api.errors import Conflict, InputInvalid, Unprocessable
from moothall.db import Connection, Database
from moothall.idempotency import sealing, store
from moothall.idempotency.model import HEADER, LEASE, REPLAYED_HEADER, RETENTION, parse_key

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Once:
    """A request that may be repeated. Without a ``key`` (None) nothing is stored."""

    database: Database
    now: datetime
    owner: str
    key: str | None = field(repr=False)
    secret: str = field(repr=False)
    fingerprint: str

    @classmethod
    def of(cls, request: Request, owner: str, now: datetime, body: BaseModel | None = None) -> "Once":
        """Read the key of a request.

        ``owner``: the calling application or account. ``body``: the input beside the URL. Raises
        InputInvalid.
        """
        context: ApiContext = request.app.state.api
        secret = context.secrets.control_token
        given = request.headers.getlist(HEADER)
        if not given:
            return cls(context.database, now, owner, None, secret, "")
        key = _parse(given)
        asked = (
            request.scope["route"].operation_id,
            sorted(request.path_params.items()),
            None if body is None else body.model_dump_json(exclude_unset=True),
        )
        return cls(context.database, now, owner, key, secret, sealing.fingerprint(secret, json.dumps(asked)))

    async def find(self) -> Response | None:
        """Return the stored answer, if there is one. Raises Conflict, Unprocessable."""
        if self.key is None:
            return None
        key = self.key
        return await self.database.read(lambda connection: self._find(connection, key))

    async def write(self, work: Callable[[Connection], T], render: Callable[[T], Response]) -> Response:
        """Do the work and store its rendered result in one transaction.

        Raises Conflict, Unprocessable, and the errors of the work.
        """
        if self.key is None:
            return render(await self.database.write(work))
        key = self.key

        def transaction(connection: Connection) -> Response:
            if not self._claim(connection, key):
                return self._replay(connection, key)
            response = render(work(connection))
            self._keep(connection, key, response)
            return response

        return await self.database.write(transaction)

    async def act(self, act: Callable[[], Awaitable[Response]]) -> Response:
        """Run ``act``, which takes effect outside the database, and store the answer.

        Raises Conflict, Unprocessable, and the errors of ``act``.
        """
        if self.key is None:
            return await act()
        key = self.key

        def begin(connection: Connection) -> Response | None:
            return None if self._claim(connection, key) else self._replay(connection, key)

        replayed = await self.database.write(begin)
        if replayed is not None:
            return replayed
        try:
            response = await act()
        except BaseException:
            await self.database.write(lambda connection: store.forget(connection, self.owner, self._digest(key)))
            raise
        await self.database.write(lambda connection: self._keep(connection, key, response))
        return response

    def _claim(self, connection: Connection, key: str) -> bool:
        return store.claim(
            connection,
            self.owner,
            self._digest(key),
            self.fingerprint,
            now=self.now,
            forgotten=self.now - RETENTION,
            lost=self.now - LEASE,
        )

    def _keep(self, connection: Connection, key: str, response: Response) -> None:
        sealed = sealing.seal(self.secret, self.owner, key, response)
        store.keep(connection, self.owner, self._digest(key), sealed)

    def _replay(self, connection: Connection, key: str) -> Response:
        found = self._find(connection, key)
        if found is None:
            # The key expired between the two statements, because the clocks of two processes
            # differ.
            raise Conflict("The key is being used by another request: try again")
        return found

    def _find(self, connection: Connection, key: str) -> Response | None:
        found = store.find(connection, self.owner, self._digest(key), forgotten=self.now - RETENTION)
        if found is None:
            return None
        if found.fingerprint != self.fingerprint:
            raise Unprocessable(f"The {HEADER} was used for another request")
        if found.sealed is None:
            raise Conflict(f"The request with this {HEADER} is in progress")
        try:
            response = sealing.unseal(self.secret, self.owner, key, found.sealed)
        except sealing.Unreadable:
            raise Conflict("The request was executed, but its answer can no longer be read") from None
        response.headers[REPLAYED_HEADER] = "true"
        return response

    def _digest(self, key: str) -> str:
        return sealing.key_digest(self.secret, self.owner, key)


def _parse(given: list[str]) -> str:
    try:
        # Two headers equal one with a comma and a space (RFC 9110 section 5.3), which is not a
        # valid key.
        return parse_key(", ".join(given))
    except ValueError as error:
        text = f'"{HEADER}" {error}'
        raise InputInvalid(text, errors=[text]) from None
