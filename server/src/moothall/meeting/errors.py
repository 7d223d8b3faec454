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
    """The room, or its waiting room, is full."""


class MeetingUnavailable(MeetingRefused):
    """There is no place at the moment; it passes within seconds."""


class NameInvalid(MeetingRefused):
    """The name cannot be shown. The message says why and begins with a verb: ``must have …``."""


class Removed(MeetingRefused):
    """The participant, or an owner with the same host link, was recently removed."""


class MeetingLocked(MeetingRefused):
    """A host lets nobody new in."""


class DeniedBefore(MeetingRefused):
    """The owner has turned this person away.

    ``retry_after``: whole seconds after which they may ask again; None: not in this session.
    """

    def __init__(self, retry_after: int | None) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class LobbyEntryUnknown(MeetingRefused):
    """No such entry in the lobby: they went away, were let in, or were turned away."""


class ChatOff(MeetingRefused):
    """The room has no chat."""


class MessageUnknown(MeetingRefused):
    """No such message in this session, or it was removed."""


class TextInvalid(MeetingRefused):
    """Nothing visible is left of the message, or it is too long."""


class TooFast(MeetingRefused):
    """This participant, or all in the room together, do this too often.

    ``retry_after`` in whole seconds.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class NotPermitted(MeetingRefused):
    """The caller is not in the meeting, or its role may not do that."""


class ParticipantUnknown(MeetingRefused):
    """Nobody in the meeting has this id."""


class SharesChanged(MeetingRefused):
    """Somebody shares a screen whom the caller did not name."""


class FeedUnknown(MeetingRefused):
    """No feed has this name."""


class SessionUnknown(MeetingRefused):
    """Nobody is in the room."""
