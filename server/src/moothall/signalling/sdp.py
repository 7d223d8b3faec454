"""Edit session descriptions: codec order in answers, and redundant audio. Pure.

A publisher sends with the first payload type of the answer's media line that it can send (RFC 3264
section 6.1), and LiveKit's clients rely on the server to put there what they asked for in
``add_track``. Chromium sends redundant audio (RFC 2198) where the answer names it before Opus,
which ``disable_red`` forbids: the redundancy of what is encrypted end to end could not be taken
apart.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

_LINE_END = "\r\n"
_RTPMAP = re.compile(r"a=rtpmap:(\d+) ([^/]+)/")
_FORMAT = re.compile(r"a=(?:rtpmap|fmtp|rtcp-fb):(\d+) ")
# Matches retransmission (apt) and RED formats, and captures the payload type they repeat.
_REPEATED = re.compile(r"a=fmtp:(\d+) (?:(?:.*;)?\s*apt=(\d+)(?:;|$)|(\d+)/)")
_REDUNDANT = "red"
_BEFORE_MEDIA = re.compile(r"\r\n(?=m=)")
# "m=video 9 UDP/TLS/RTP/SAVPF" and the payload types.
_BEFORE_FORMATS = 3


def prefer_codecs(answer: str, codecs: Mapping[str, str]) -> str:
    """``codecs``: by mid, the name of the codec its section should begin with, like ``h264``.

    One that is not there changes nothing.
    """
    return "".join(_reorder(section, codecs) for section in _sections(answer))


def forbid_redundancy(answer: str, mids: Collection[str]) -> str:
    """In these sections nothing is sent redundantly."""
    return "".join(_without_redundancy(section) if _mid(section) in mids else section for section in _sections(answer))


def _sections(sdp: str) -> Iterator[str]:
    """The session part and the media sections, in order, which together are the description."""
    starts = [0, *(found.end() for found in _BEFORE_MEDIA.finditer(sdp)), len(sdp)]
    return (sdp[begin:end] for begin, end in pairwise(starts))


def _mid(section: str) -> str:
    """Empty for the session part."""
    return next((line.removeprefix("a=mid:") for line in section.split(_LINE_END) if line.startswith("a=mid:")), "")


def _names(attributes: list[str]) -> dict[str, str]:
    return {found[1]: found[2].lower() for line in attributes if (found := _RTPMAP.match(line))}


def _without_redundancy(section: str) -> str:
    media, *attributes = section.split(_LINE_END)
    gone = {payload_type for payload_type, name in _names(attributes).items() if name == _REDUNDANT}
    words = media.split(" ")
    kept = [*words[:_BEFORE_FORMATS], *(one for one in words[_BEFORE_FORMATS:] if one not in gone)]
    about_others = (line for line in attributes if not ((found := _FORMAT.match(line)) and found[1] in gone))
    return _LINE_END.join([" ".join(kept), *about_others])


def _reorder(section: str, codecs: Mapping[str, str]) -> str:
    media, *attributes = section.split(_LINE_END)
    codec = codecs.get(_mid(section), "").lower()
    if not codec or not media.startswith("m="):
        return section
    names = _names(attributes)
    repeats = {found[1]: found[2] or found[3] for line in attributes if (found := _REPEATED.match(line))}
    words = media.split(" ")
    head, formats = words[:_BEFORE_FORMATS], words[_BEFORE_FORMATS:]
    wanted = {payload_type for payload_type in formats if names.get(payload_type) == codec}
    first = [one for one in formats if one in wanted or repeats.get(one) in wanted]
    rest = [one for one in formats if one not in first]
    return _LINE_END.join([" ".join([*head, *first, *rest]), *attributes])
