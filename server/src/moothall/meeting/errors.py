"""Why a person on the meeting page is told no. Each condition has its code in docs/page-api.md."""


class MeetingRefused(Exception):
    """Base of all of them."""


class MeetingUnknown(MeetingRefused):
    """No room has this code."""


class HostLinkInvalid(MeetingRefused):
    """The participant token does not belong to this room."""


class MeetingExpired(MeetingRefused):
    """The room has ended."""


class MeetingFull(MeetingRefused):
    """As many participants as a room may have are inside."""


class NameInvalid(MeetingRefused):
    """Nothing visible is left of the name, or it is too long."""


class Removed(MeetingRefused):
    """The participant was removed from the meeting a short while ago."""


class WaitingUnknown(MeetingRefused):
    """Nobody waits with this token or under this id: gone away, let in, or turned away."""


class ChatOff(MeetingRefused):
    """The room has no chat."""


class TextInvalid(MeetingRefused):
    """Nothing visible is left of the message, or it is too long."""


class ChatTooFast(MeetingRefused):
    """This participant, or all in the room together, write too much; ``retry_after`` in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class NotPermitted(MeetingRefused):
    """The caller is not in the meeting, or its role may not do that."""
