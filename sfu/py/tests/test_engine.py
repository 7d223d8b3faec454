"""The boundary between Python and the SFU: types in, messages out, a descriptor that wakes.

Media is tested in Rust.
"""

import asyncio
import select
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from moothall_sfu import Engine, __version__, collect_logs
from moothall_sfu.commands import SubscriptionSettings
from moothall_sfu.messages import Answer, Candidate, Event, LogRecord, Offer, PeerCrashed, Replied, Section

OFFER = (Path(__file__).parents[2] / "core/tests/fixtures/chromium_offer.sdp").read_text()


def wait_for(engine: Engine, wanted: Callable[[Event], bool]) -> Event:
    """Wait on the descriptor until an event is wanted."""
    poll = select.poll()
    poll.register(engine.event_fd, select.POLLIN)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not poll.poll(1000):
            continue
        for event in engine.poll_events():
            if wanted(event):
                return event
    raise AssertionError("the event did not come")


def reply(engine: Engine, request: int) -> Any:
    replied = wait_for(engine, lambda e: isinstance(e, Replied) and e.request == request)
    assert isinstance(replied, Replied)
    if replied.error is not None:
        raise RuntimeError(replied.error)
    return replied.value


def is_readable(fd: int) -> bool:
    readable, _, _ = select.select([fd], [], [], 0)
    return bool(readable)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        select.select([], [], [], 0.01)


def test_engine_says_where_it_listens(engine: Engine) -> None:
    (port,) = engine.udp_ports

    assert port > 0
    assert engine.candidates == [Candidate("127.0.0.1", port, "udp")]
    assert __version__.count(".") == 2


def test_one_shard_per_port_on_every_address() -> None:
    engine = Engine(bind_ips=["127.0.0.1", "::1"], udp_ports=[0, 0])

    first, second = engine.udp_ports

    assert first != second
    assert [str(candidate) for candidate in engine.candidates] == [
        f"127.0.0.1:{first}/udp",
        f"[::1]:{first}/udp",
        f"127.0.0.1:{second}/udp",
        f"[::1]:{second}/udp",
    ]
    engine.close()


def test_advertised_addresses_are_told_instead() -> None:
    engine = Engine(bind_ips=["127.0.0.1"], udp_ports=[0], advertised_ips=["203.0.113.9"])

    assert engine.candidates == [Candidate("203.0.113.9", engine.udp_ports[0], "udp")]
    engine.close()


def test_tcp_port_is_one_for_all_shards_and_told_too() -> None:
    engine = Engine(bind_ips=["127.0.0.1"], udp_ports=[0, 0], tcp_port=0)

    assert engine.tcp_port
    assert engine.candidates[2:] == [Candidate("127.0.0.1", engine.tcp_port, "tcp")]
    with pytest.raises(OSError, match=f"TCP 127.0.0.1:{engine.tcp_port}"):
        Engine(bind_ips=["127.0.0.1"], udp_ports=[0], tcp_port=engine.tcp_port)
    engine.close()
    assert Engine(bind_ips=["127.0.0.1"], udp_ports=[0]).tcp_port is None


def test_a_public_address_is_told_beside_the_local_one() -> None:
    engine = Engine(bind_ips=["127.0.0.1", "::1"], udp_ports=[0], public_ips=["203.0.113.9"])

    (port,) = engine.udp_ports
    assert [candidate.ip for candidate in engine.candidates] == ["127.0.0.1", "203.0.113.9", "::1"]
    assert {candidate.port for candidate in engine.candidates} == {port}
    engine.close()


@pytest.mark.parametrize(
    "arguments",
    [
        {"bind_ips": ["not an address"], "udp_ports": [0]},
        {"bind_ips": [], "udp_ports": [0]},
        {"bind_ips": ["127.0.0.1"], "udp_ports": []},
        {"bind_ips": ["127.0.0.1"], "udp_ports": [0], "advertised_ips": ["localhost"]},
    ],
)
def test_senseless_settings_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Engine(**arguments)


def test_a_taken_port_is_an_os_error(engine: Engine) -> None:
    with pytest.raises(OSError, match=str(engine.udp_ports[0])):
        Engine(bind_ips=["127.0.0.1"], udp_ports=engine.udp_ports)


def test_wrong_words_are_refused_at_once(engine: Engine) -> None:
    peer = engine.add_peer(engine.add_room())

    with pytest.raises(ValueError, match="target"):
        engine.add_candidate(peer, "sideways", "candidate:")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="kind"):
        engine.publish(peer, "0", "smell")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="262144"):
        engine.send_data([peer], True, bytes(300_000))
    with pytest.raises(TypeError):
        engine.send_data([peer], True, "text")  # type: ignore[arg-type]


def test_a_browsers_offer_is_answered(engine: Engine) -> None:
    peer = engine.add_peer(engine.add_room())

    answer = reply(engine, engine.accept_offer(peer, OFFER))

    assert isinstance(answer, Answer)
    assert answer.sdp.startswith("v=0\r\n")
    assert f" 127.0.0.1 {engine.udp_ports[0]} typ host" in answer.sdp
    sound, picture = answer.sections
    assert sound == Section("0", "audio", "sendonly", [], sound.track_id)
    assert picture == Section("1", "video", "sendonly", ["q", "h", "f"], picture.track_id)
    assert sound.track_id
    assert picture.track_id
    assert (answer.tracks, answer.needs_offer) == ({}, False)


def test_a_peer_that_is_to_use_tcp_is_told_of_no_other_way() -> None:
    engine = Engine(bind_ips=["127.0.0.1"], udp_ports=[0], tcp_port=0)
    room = engine.add_room()
    told = []
    for peer in (engine.add_peer(room), engine.add_peer(room, tcp_only=True)):
        offer = reply(engine, engine.create_offer(peer)).sdp
        ports = ((engine.udp_ports[0], "udp"), (engine.tcp_port, "tcp"))
        told.append([name for port, name in ports if f" 127.0.0.1 {port} typ host" in offer])

    assert told == [["udp", "tcp"], ["tcp"]]
    engine.close()


def test_a_limit_is_a_number_of_bits_and_nobodys_limit_is_no_error(engine: Engine) -> None:
    peer = engine.add_peer(engine.add_room())

    for limit in (150_000, 2**63, 0):
        engine.limit_video(peer, limit)
    engine.limit_video(peer + 1, 1)

    with pytest.raises(OverflowError):
        engine.limit_video(peer, -1)
    assert reply(engine, engine.create_offer(peer))


def test_all_transports_of_a_process_share_one_certificate(engine: Engine) -> None:
    room = engine.add_room()
    descriptions = [
        reply(engine, engine.accept_offer(engine.add_peer(room), OFFER)).sdp,
        reply(engine, engine.create_offer(engine.add_peer(room))).sdp,
    ]

    fingerprints = {line for sdp in descriptions for line in sdp.splitlines() if line.startswith("a=fingerprint:")}

    assert len(fingerprints) == 1


def test_an_offer_names_the_tracks_it_carries(engine: Engine) -> None:
    room = engine.add_room()
    alice, bob = engine.add_peer(room), engine.add_peer(room)
    reply(engine, engine.accept_offer(alice, OFFER))
    track = engine.publish(alice, "1", "video")
    engine.subscribe(bob, track, "PA_alice|TR_1", "TR_1")

    offer = reply(engine, engine.create_offer(bob))

    assert isinstance(offer, Offer)
    assert list(offer.tracks.values()) == [track]
    assert f"a=mid:{next(iter(offer.tracks))}\r\n" in offer.sdp
    assert "a=msid:PA_alice|TR_1 TR_1\r\n" in offer.sdp
    with pytest.raises(RuntimeError, match="already open"):
        reply(engine, engine.create_offer(bob))


@pytest.mark.parametrize(
    "sdp", ["", "v=0", OFFER[:700], OFFER.replace("a=mid:1", "a=mid:0"), "\0" * 5000, "v=0\r\n" * 500_000]
)
def test_a_broken_offer_is_refused_with_a_reason(engine: Engine, sdp: str) -> None:
    peer = engine.add_peer(engine.add_room())

    with pytest.raises(RuntimeError, match=r".+"):
        reply(engine, engine.accept_offer(peer, sdp))

    assert reply(engine, engine.accept_offer(peer, OFFER))


def test_unknown_handles_are_answered_or_ignored(engine: Engine) -> None:
    for handle in (0, 1 << 60, 63):
        engine.remove_room(handle)
        engine.remove_peer(handle)
        engine.unpublish(handle)
        engine.set_muted(handle, True)
        engine.subscribe(handle, handle, "s", "t")
        engine.unsubscribe(handle, handle)
        engine.set_subscription(handle, handle, SubscriptionSettings(max_layer=1, max_fps=5, priority=3))
        engine.add_candidate(handle, "subscriber", "candidate:")
        engine.send_data([handle], False, b"x")

    with pytest.raises(RuntimeError, match="unknown peer"):
        reply(engine, engine.create_offer(64))


def test_every_request_is_answered_even_for_a_shard_that_is_not_there(engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="unknown peer"):
        reply(engine, engine.accept_answer(63, "v=0"))


def test_the_descriptor_is_readable_while_events_wait(engine: Engine) -> None:
    peer = engine.add_peer(engine.add_room())
    assert not is_readable(engine.event_fd)
    assert engine.poll_events() == []

    requests = [engine.create_offer(peer), engine.create_offer(peer)]
    wait_until(lambda: is_readable(engine.event_fd))
    events: list[Event] = []
    while len(events) < 2:
        events += engine.poll_events(limit=1)

    assert [event.request for event in events if isinstance(event, Replied)] == requests
    assert not is_readable(engine.event_fd)


def test_an_event_loop_is_woken_without_polling(engine: Engine) -> None:
    async def answered() -> Event:
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[Event] = loop.create_future()
        loop.add_reader(engine.event_fd, lambda: arrived.set_result(engine.poll_events()[0]))
        engine.create_offer(engine.add_peer(engine.add_room()))
        try:
            return await asyncio.wait_for(arrived, 20)
        finally:
            loop.remove_reader(engine.event_fd)

    event = asyncio.run(answered())

    assert isinstance(event, Replied)
    assert event.error is None


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        yield udp


def test_garbage_on_the_port_is_counted_and_never_answered(engine: Engine, stranger: socket.socket) -> None:
    address = ("127.0.0.1", engine.udp_ports[0])
    stun = bytes.fromhex("000100102112a442") + bytes(12) + bytes.fromhex("00060009") + b"nobody:yy" + bytes(3)
    garbage = [b"", b"\0" * 9000, b"\x05" * 1200, b"\x80" * 100, b"\x16" * 500, stun, stun[:25], b"\xff" * 60_000]
    counted = ["dropped_oversized", "dropped_garbage", "dropped_unknown_ufrag", "dropped_unknown_source"]

    def send_until_all_are_counted() -> bool:
        # The kernel may drop what is sent faster than it is read, so once may not be enough.
        for datagram in garbage:
            stranger.sendto(datagram, address)
        counters = engine.counters()
        return all(counters[name] >= 10 for name in counted)

    wait_until(send_until_all_are_counted)

    assert engine.counters()["packets_out"] == 0
    with pytest.raises(BlockingIOError):
        stranger.recv(1)
    assert reply(engine, engine.create_offer(engine.add_peer(engine.add_room())))


def test_a_panic_costs_one_peer(engine: Engine) -> None:
    room = engine.add_room()
    alice, bob = engine.add_peer(room), engine.add_peer(room)
    for peer in (alice, bob):
        reply(engine, engine.accept_offer(peer, OFFER))

    engine._panic_peer(alice)

    crashed = wait_for(engine, lambda e: isinstance(e, PeerCrashed))
    assert crashed == PeerCrashed(alice, "panic asked for by a test")
    assert reply(engine, engine.accept_offer(bob, OFFER))
    counters = engine.counters()
    assert (counters["panics"], counters["peers"]) == (1, 1)


def test_removing_a_room_removes_what_is_in_it(engine: Engine) -> None:
    room = engine.add_room()
    peers = [engine.add_peer(room) for _ in range(3)]
    reply(engine, engine.accept_offer(peers[0], OFFER))
    engine.publish(peers[0], "0", "audio")
    wait_until(lambda: engine.counters()["tracks"] == 1)

    engine.remove_room(room)

    wait_until(lambda: engine.counters()["rooms"] == 0)
    counters = engine.counters()
    assert (counters["peers"], counters["tracks"]) == (0, 0)


def test_close_frees_the_port_and_may_be_repeated() -> None:
    engine = Engine(bind_ips=["127.0.0.1"], udp_ports=[0])
    ports = engine.udp_ports

    engine.close()
    engine.close()

    Engine(bind_ips=["127.0.0.1"], udp_ports=ports).close()
    with pytest.raises(RuntimeError, match="closed"):
        reply(engine, engine.create_offer(engine.add_peer(engine.add_room())))


def test_a_refusal_is_logged_with_its_peer_and_a_flood_of_them_is_bounded(engine: Engine) -> None:
    collect_logs("info")
    room = engine.add_room()
    peer = engine.add_peer(room)
    engine.take_logs()
    refused: list[LogRecord] = []
    sent = 0

    def is_left_out() -> bool:
        nonlocal sent
        # Replies come in order.
        *_, last = [engine.accept_offer(peer, "nonsense") for _ in range(20)]
        with pytest.raises(RuntimeError, match="v=0"):
            reply(engine, last)
        sent += 20
        refused.extend(one for one in engine.take_logs()[0] if one.fields.get("peer") == peer)
        return any(one.left_out for one in refused)

    # Tests before this one may have used up the records of this second.
    wait_until(is_left_out)
    assert len(refused) < sent / 2
    assert {(one.level, one.fields["room"]) for one in refused} == {("warning", room)}
    assert {one.fields["error"] for one in refused} == {"description does not start with v=0"}

    reply(engine, engine.accept_offer(peer, OFFER))
    engine._panic_peer(peer)
    wait_for(engine, lambda e: isinstance(e, PeerCrashed))
    records, dropped = engine.take_logs()
    crashed = [one for one in records if one.level == "error"]
    assert [(one.fields["room"], one.fields["peer"], one.fields["text"]) for one in crashed] == [
        (room, peer, "panic asked for by a test")
    ]
    assert dropped == 0
    collect_logs("off")
    with pytest.raises(ValueError, match="loud"):
        collect_logs("loud")  # type: ignore[arg-type]
