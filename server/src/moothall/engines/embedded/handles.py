"""The SFU's integer handles, and what each stands for. Its events name nothing else."""

from dataclasses import dataclass

from moothall.engines.embedded.live_room import LiveRoom
from moothall.signalling import commands

# Commands that the SFU answers later.
Question = commands.AcceptOffer | commands.CreateOffer | commands.AcceptAnswer | commands.RequireSections


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that waits for its answer."""

    live: LiveRoom
    command: Question


class Handles:
    def __init__(self) -> None:
        self.rooms: dict[int, LiveRoom] = {}
        # With the sid of the participant or of the track.
        self.peers: dict[int, tuple[LiveRoom, str]] = {}
        self.tracks: dict[int, tuple[LiveRoom, str]] = {}
        # By request number.
        self.asked: dict[int, Asked] = {}

    def find_peer(self, handle: int) -> tuple[LiveRoom, str] | tuple[None, str]:
        return self.peers.get(handle, (None, ""))

    def find_track(self, handle: int) -> tuple[LiveRoom, str] | tuple[None, str]:
        return self.tracks.get(handle, (None, ""))

    def track_sids(self, tracks: dict[str, int]) -> dict[str, str]:
        """``tracks``: handles by mid; those that are unknown are left out."""
        known = ((mid, self.tracks.get(track)) for mid, track in tracks.items())
        return {mid: owner[1] for mid, owner in known if owner is not None}
