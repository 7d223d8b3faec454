"""Transports that come up, fall silent or fail, and the time a participant may be away."""

from moothall.livekit import limits
from moothall.livekit.model import DisconnectReason, LeaveAction
from moothall.signalling.commands import Command
from moothall.signalling.events import Moment, TransportChanged
from moothall.signalling.room.membership import Membership
from moothall.signalling.room.participant import Participant


class Liveness:
    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    def transport_changed(self, one: Participant, event: TransportChanged, now: Moment) -> list[Command]:
        one.transports[event.target] = event.state
        if event.state == "connected":
            if all(state == "connected" for state in one.transports.values()):
                one.transport_lost_at = None
                one.resumed_while_lost = False
            if event.target == one.session.primary and not one.active:
                return self._membership.activate(one, now)
            return []
        if event.state == "closed":
            # Clients close their transports when they leave, and some before they say so.
            return self._membership.remove(one, DisconnectReason.CLIENT_INITIATED, now)
        if one.transport_lost_at is None:
            one.transport_lost_at = now.seconds
        # A resume under way repairs both transports, and the other one may fall silent a moment
        # later.
        if event.state == "disconnected" and one.resumed_while_lost:
            return []
        return self._repair_transport(one, now)

    def check(self, one: Participant, now: Moment) -> list[Command]:
        """Remove, or send through a resume, a participant that was away too long."""
        if not one.active and now.seconds - one.connected_at >= limits.JOIN_TIMEOUT:
            return self._membership.remove(one, DisconnectReason.CONNECTION_TIMEOUT, now)
        lost = one.transport_lost_at
        if one.detached_at is not None:
            if one.going_away:
                tolerance = limits.DETACHED_TIMEOUT_GOING_AWAY
            elif lost is not None:
                tolerance = limits.TRANSPORT_CLEANUP
            else:
                tolerance = limits.DETACHED_TIMEOUT
            if now.seconds - max(one.detached_at, lost or 0.0) < tolerance:
                return []
            return self._membership.remove(one, DisconnectReason.SIGNAL_CLOSE, now)
        if lost is not None and now.seconds - lost >= limits.TRANSPORT_LOSS_TOLERANCE:
            return self._repair_transport(one, now)
        return []

    def _repair_transport(self, one: Participant, now: Moment) -> list[Command]:
        """A dead transport is repaired by a resume.

        When a resume did not help, by starting over.
        """
        if not one.session.attached:
            return []
        if one.resumed_while_lost:
            return self._membership.remove(one, DisconnectReason.MEDIA_FAILURE, now, action=LeaveAction.RECONNECT)
        farewell = one.session.end_socket(DisconnectReason.UNKNOWN_REASON, LeaveAction.RESUME)
        return [*farewell, *self._membership.detach(one, now)]
