"""The protocol that clients requested for their next connection, while they are away."""

from moothall.livekit import limits
from moothall.livekit.model import CandidateProtocol
from moothall.signalling.protocols import CandidateProtocols

TCP, TLS, UDP = CandidateProtocol.TCP, CandidateProtocol.TLS, CandidateProtocol.UDP


def test_a_wish_is_one_participants_in_one_room_and_taken_once():
    wishes = CandidateProtocols()
    wishes.remember("standup", "alice", TCP, 0)
    wishes.remember("standup", "alice", TLS, 1)

    assert wishes.take("standup", "bob", 2) is UDP
    assert wishes.take("review", "alice", 2) is UDP
    assert wishes.take("standup", "alice", 2) is TLS
    assert wishes.take("standup", "alice", 2) is UDP


def test_a_wish_ends_when_its_participant_stays_away():
    wishes = CandidateProtocols()
    for identity in ("alice", "bob"):
        wishes.remember("standup", identity, TCP, 0)

    assert wishes.take("standup", "alice", limits.PROTOCOL_MEMORY) is TCP
    assert wishes.take("standup", "bob", limits.PROTOCOL_MEMORY + 0.1) is UDP


def test_of_too_many_wishes_the_oldest_is_forgotten_and_stale_ones_first():
    wishes = CandidateProtocols()
    wishes.remember("standup", "early", TCP, 0)
    for number in range(limits.MAX_REMEMBERED_PROTOCOLS):
        wishes.remember("standup", f"guest {number}", TCP, 1)
    assert wishes.take("standup", "early", 2) is UDP
    assert wishes.take("standup", "guest 0", 2) is TCP

    wishes.remember("standup", "late", TLS, limits.PROTOCOL_MEMORY + 2)

    assert len(wishes) == 1
