"""A TURN server beside this one, and the credentials that let people use it for a while.

For networks that let only TLS out. The server (coturn with ``use-auth-secret``) shares a secret with us and with nobody else; a user name says
until when it is good, and the password proves that we said so (draft-uberti-behave-turn-rest-00 section 2.2).
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moothall.signalling.messages import IceServer


@dataclass(frozen=True, slots=True)
class Relay:
    """``urls``: ``turn:`` or ``turns:`` (RFC 7065), in order of preference."""

    urls: tuple[str, ...]
    secret: str = field(repr=False)
    lifetime: timedelta

    def servers(self, sid: str, now: datetime, *, over_tls: bool = False) -> tuple[IceServer, ...]:
        """What one participant is told. The server's log will show ``sid``, which says nothing about the person.

        ``over_tls``: only of ``turns:`` addresses, where there are any.
        """
        expires = int((now + self.lifetime).timestamp())
        username = f"{expires}:{sid}"
        # SHA-1 is what the protocol prescribes and TURN servers compute; nobody needs a collision here.
        digest = hmac.digest(self.secret.encode(), username.encode(), hashlib.sha1)
        urls = self.urls
        if over_tls:
            urls = tuple(url for url in urls if url.startswith("turns:")) or urls
        return (IceServer(urls, username, base64.b64encode(digest).decode()),)
