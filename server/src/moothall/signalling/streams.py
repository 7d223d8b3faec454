"""Data streams that are under way, and whose they are. Pure.

Receivers put a stream together by its id alone, so a part that another participant sends under the
same id would become its words.
"""

from moothall.livekit import limits


class OpenStreams:
    """Bounded by the number of participants: of one sender's streams the oldest are forgotten."""

    def __init__(self) -> None:
        # By stream id: the sender's sid, and the identity that receivers are told.
        self._streams: dict[str, tuple[str, str]] = {}
        # By sid, the ids of its streams in the order they began.
        self._of_sender: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def open(self, stream_id: str, sid: str, author: str) -> bool:
        """A stream begins. False when somebody else has one of this id."""
        owner, _ = self._streams.get(stream_id, (sid, ""))
        if owner != sid:
            return False
        theirs = self._of_sender.setdefault(sid, {})
        theirs.pop(stream_id, None)
        theirs[stream_id] = None
        self._streams[stream_id] = (sid, author)
        if len(theirs) > limits.MAX_OPEN_STREAMS:
            oldest = next(iter(theirs))
            del theirs[oldest], self._streams[oldest]
        return True

    def find_author(self, stream_id: str, sid: str) -> str | None:
        """The identity receivers are told of this sender's stream.

        None when it has no such stream.
        """
        owner, author = self._streams.get(stream_id, ("", ""))
        return author if owner == sid else None

    def close(self, stream_id: str, sid: str) -> None:
        if self.find_author(stream_id, sid) is not None:
            del self._streams[stream_id], self._of_sender[sid][stream_id]

    def forget(self, sid: str) -> None:
        """The sender is gone."""
        for stream_id in self._of_sender.pop(sid, {}):
            del self._streams[stream_id]
