"""Failures that a client asks for, to test itself (LiveKit's ``SimulateScenario``).

Only its own connection is concerned.
"""

from moothall.livekit.model import CandidateProtocol, DisconnectReason, LeaveAction, RequestResult
from moothall.livekit.requests import Simulate
from moothall.livekit.responses import RequestAnswered, Speaker, SpeakersChanged
from moothall.signalling import commands
from moothall.signalling.commands import Command
from moothall.signalling.events import Moment
from moothall.signalling.room.membership import Membership
from moothall.signalling.room.participant import Participant


class Scenarios:
    """``has_tcp``: the SFU can be reached over TCP. ``has_relay``: there is a TURN server."""

    def __init__(self, membership: Membership, *, has_tcp: bool, has_relay: bool) -> None:
        self._membership = membership
        self._has_tcp = has_tcp
        self._has_relay = has_relay

    def simulate(self, one: Participant, request: Simulate, now: Moment) -> list[Command]:  # noqa: PLR0911 - one flat decision
        unknown = DisconnectReason.UNKNOWN_REASON
        match request.scenario:
            case "switch_candidate_protocol":
                return self._switch_protocol(one, request.value)
            case "subscriber_bandwidth":
                return [commands.LimitVideo(one.sid, _within(one.video_limit, max(0, request.value)))]
            case "node_failure":
                # As if the server had died: the socket closes without a word and the participant is
                # unknown afterwards.
                return self._membership.vanish(one, unknown, now, close_code=1011)
            case "server_leave":
                return self._membership.remove(one, DisconnectReason.SERVER_SHUTDOWN, now)
            case "leave_request_full_reconnect":
                return self._membership.remove(one, unknown, now, action=LeaveAction.RECONNECT)
            case "migration":
                done = one.session.end_socket(unknown, LeaveAction.RESUME)
                return done + self._membership.detach(one, now)
            case "disconnect_signal_on_resume":
                one.loses_resume = "after"
                return []
            case "disconnect_signal_on_resume_no_messages":
                one.loses_resume = "before"
                return []
            case "speaker_update":
                return one.session.send(SpeakersChanged((Speaker(one.sid, 1.0, active=True),)))
            case _:
                return []

    def _switch_protocol(self, one: Participant, protocol: int) -> list[Command]:
        """Concerns the client's next connection, which it makes by itself.

        Over TLS it has none but with a TURN server.
        """
        if protocol not in list(CandidateProtocol):
            refusal = "unknown candidate protocol"
        elif protocol == CandidateProtocol.TCP and not self._has_tcp:
            refusal = "there is no TCP port"
        elif protocol == CandidateProtocol.TLS and not self._has_relay:
            refusal = "there is no TURN server"
        else:
            one.candidate_protocol = CandidateProtocol(protocol)
            return []
        return one.session.send(RequestAnswered(0, RequestResult.UNSUPPORTED_TYPE, refusal))


def _within(limit: int | None, wanted: int) -> int:
    """Return the limit a client gets when it asks for this one; it asks for none with 0."""
    if limit is None:
        return wanted
    return min(limit, wanted) if wanted else limit
