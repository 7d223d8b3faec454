"""Which form of an answer a client asks for."""

from starlette.requests import Request


def asks_for(request: Request, *media_types: str) -> str | None:
    """Return the first of these types that the client asks for by name.

    All others get JSON, including SDKs that accept anything.
    """
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    return next((one for one in accepted if one in media_types), None)
