"""The one thing signalling changes in a session description: which codec an answer names first. Pure.

A publisher sends with the first payload type of the answer's media line that it can send (RFC 3264 section 6.1), and LiveKit's clients rely
on the server to put there what they asked for in ``add_track``.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

_LINE_END = "\r\n"
_RTPMAP = re.compile(r"a=rtpmap:(\d+) ([^/]+)/")
_RETRANSMISSION = re.compile(r"a=fmtp:(\d+) (?:.*;)?\s*apt=(\d+)(?:;|$)")
# "m=video 9 UDP/TLS/RTP/SAVPF" and the payload types.
_BEFORE_FORMATS = 3


def prefer_codecs(answer: str, codecs: Mapping[str, str]) -> str:
    """``codecs``: by mid, the name of the codec its section should begin with, like ``h264``; one that is not there changes nothing."""
    return "".join(_reorder(section, codecs) for section in _sections(answer))


def _sections(sdp: str) -> Iterator[str]:
    """The session part and the media sections, in order, which together are the description."""
    starts = [0, *(found.start() for found in re.finditer(r"^m=", sdp, re.MULTILINE)), len(sdp)]
    return (sdp[begin:end] for begin, end in pairwise(starts))


def _reorder(section: str, codecs: Mapping[str, str]) -> str:
    media, *attributes = section.split(_LINE_END)
    mid = next((line.removeprefix("a=mid:") for line in attributes if line.startswith("a=mid:")), "")
    codec = codecs.get(mid, "").lower()
    if not codec or not media.startswith("m="):
        return section
    names = {found[1]: found[2].lower() for line in attributes if (found := _RTPMAP.match(line))}
    repeats = {found[1]: found[2] for line in attributes if (found := _RETRANSMISSION.match(line))}
    words = media.split(" ")
    head, formats = words[:_BEFORE_FORMATS], words[_BEFORE_FORMATS:]
    wanted = {payload_type for payload_type in formats if names.get(payload_type) == codec}
    first = [one for one in formats if one in wanted or repeats.get(one) in wanted]
    rest = [one for one in formats if one not in first]
    return _LINE_END.join([" ".join([*head, *first, *rest]), *attributes])
