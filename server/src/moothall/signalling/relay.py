"""A TURN server beside this one, and credentials that let people use it for a while.

It is for networks that let only TLS out. The server (coturn with ``use-auth-secret``) shares a
secret with us and with nobody else. A user name contains the time it is valid until, and the
password proves that we issued it (draft-uberti-behave-turn-rest-00 section 2.2).
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moothall.livekit.responses import IceServer


@dataclass(frozen=True, slots=True)
class Relay:
    """``urls``: ``turn:`` or ``turns:`` (RFC 7065), in order of preference."""

    urls: tuple[str, ...]
    secret: str = field(repr=False)
    lifetime: timedelta

    def servers(
        self, sid: str, now: datetime, *, until: datetime | None = None, over_tls: bool = False
    ) -> tuple[IceServer, ...]:
        """Credentials for one participant.

        The server's log will show ``sid``, which does not tell who the person is.

        ``until``: when the token that let the participant in ends, which the credentials do not
        outlive. ``over_tls``: leave out addresses other than ``turns:``, where there are any.
        """
        expires_at = now + self.lifetime
        expires = int((expires_at if until is None else min(expires_at, until)).timestamp())
        username = f"{expires}:{sid}"
        # SHA-1 is what the protocol prescribes and TURN servers compute; nobody needs a collision
        # here.
        digest = hmac.digest(self.secret.encode(), username.encode(), hashlib.sha1)
        urls = self.urls
        if over_tls:
            urls = tuple(url for url in urls if url.startswith("turns:")) or urls
        return (IceServer(urls, username, base64.b64encode(digest).decode()),)
