"""Connecting to the embedded engine: one connection or two, admission, limits."""

import base64
from typing import Any

import pytest
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb
from starlette.applications import Starlette
from starlette.testclient import TestClient
from support.embedded import CLOCK, Wire, World, join_request
from support.waiting import eventually
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from moothall.engine import Admission, ParticipantKind, Refusal
from moothall.engines.embedded.endpoint import routes
from moothall.engines.embedded.entry_limits import EntryLimits
from moothall.livekit import limits
from moothall_sfu import messages


class TestSingleConnection:
    async def test_the_first_offer_is_answered_with_what_is_published(self, world: World) -> None:
        async with world.inside("bob") as bob:
            track_sid = await bob.publish("camera", "video")
            (track,) = world.sfu.called("publish")
            world.sfu.happens(messages.TrackLive(max(world.sfu.published), "", "video/VP8"))
            assert track[2] == "video"
            offer = pb.SessionDescription(type="offer", sdp="4 video recvonly - 0", id=3)
            query = world.query(join_request=join_request(publisher_offer=offer))
            async with connect(f"{world.url}/rtc/v1?{query}") as connection:
                alice = Wire(connection)
                alice.join = (await alice.next("join")).join
                answer = (await alice.next("answer")).answer

                assert not alice.join.subscriber_primary
                assert (answer.id, dict(answer.mid_to_track_id)) == (3, {"4": track_sid})
                world.sfu.happens(messages.TransportChanged(max(world.sfu.peers), "publisher", "connected"))
                assert (await alice.next("update")).update.participants

    async def test_a_track_that_comes_later_requires_sections(self, world: World) -> None:
        offer = pb.SessionDescription(type="offer", sdp="4 audio recvonly - 0", id=1)
        query = world.query(join_request=join_request(publisher_offer=offer))
        async with connect(f"{world.url}/rtc/v1?{query}") as connection:
            alice = Wire(connection)
            await alice.next("answer")
            async with world.inside("bob") as bob:
                track_sid = await bob.publish("camera", "video")
                world.sfu.happens(messages.TrackLive(max(world.sfu.published), "", "video/VP8"))

                required = (await alice.next("media_sections_requirement")).media_sections_requirement
                assert (required.num_audios, required.num_videos) == (0, 1)
                await alice.say(offer=pb.SessionDescription(type="offer", sdp="5 video recvonly - 0", id=2))
                assert dict((await alice.next("answer")).answer.mid_to_track_id) == {"5": track_sid}

    async def test_it_resumes_by_what_the_join_request_says(self, world: World) -> None:
        query = world.query(join_request=join_request())
        async with connect(f"{world.url}/rtc/v1?{query}") as connection:
            sid = (await Wire(connection).next("join")).join.participant.sid
        query = world.query(join_request=join_request(reconnect=True, participant_sid=sid))

        async with connect(f"{world.url}/rtc/v1?{query}") as connection:
            first = pb.SignalResponse.FromString(await connection.recv())  # type: ignore[arg-type]

        assert first.WhichOneof("message") == "reconnect"

    @pytest.mark.parametrize("request_text", ["", "nonsense", "%%%"])
    async def test_an_unreadable_join_request_is_400(self, world: World, request_text: str) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{world.url}/rtc/v1?{world.query(join_request=request_text)}")

        assert refused.value.response.status_code == 400
        assert world.asked == []

    @pytest.mark.parametrize("sdk", ["RUST", "PYTHON", "NODE", "CPP", "UNITY"])
    async def test_clients_that_lose_pictures_on_one_connection_are_made_to_fall_back(
        self, world: World, sdk: str
    ) -> None:
        query = world.query(join_request=join_request(client_info=pb_models.ClientInfo(sdk=sdk)))
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{world.url}/rtc/v1?{query}")
        with TestClient(Starlette(routes=routes(world.engine, CLOCK))) as client:
            answer = client.get(f"/rtc/v1/validate?{query}")

        assert (refused.value.response.status_code, answer.status_code) == (404, 404)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "requested room does not exist" not in answer.text
        assert world.asked == []

    async def test_a_first_offer_that_was_not_compressed_is_read(self, world: World) -> None:
        sdp = "\n".join(f"{mid} audio recvonly {'x' * 300} 0" for mid in range(100))
        request = pb.JoinRequest(publisher_offer=pb.SessionDescription(type="offer", sdp=sdp, id=4))
        whole = pb.WrappedJoinRequest(join_request=request.SerializeToString())
        query = world.query(join_request=base64.urlsafe_b64encode(whole.SerializeToString()).decode())
        assert len(query) > 40_000
        async with connect(f"{world.url}/rtc/v1?{query}") as connection:
            assert (await Wire(connection).next("answer")).answer.id == 4

    async def test_validate_says_whether_one_may_join(self, world: World) -> None:
        url = f"/rtc/v1/validate?{world.query(join_request=join_request())}"
        app = Starlette(routes=routes(world.engine, CLOCK))
        with TestClient(app) as client:
            assert client.get(url).text == "success"
            world.verdicts = [Refusal("removed")]
            assert client.get(url).status_code == 403

    async def test_a_join_request_on_the_plain_path_means_one_connection(self, world: World) -> None:
        offer = pb.SessionDescription(type="offer", sdp="4 audio recvonly - 0", id=6)
        # Also for those that are sent away from /rtc/v1.
        for sdk in (pb_models.ClientInfo.GO, pb_models.ClientInfo.PYTHON):
            details = join_request(publisher_offer=offer, client_info=pb_models.ClientInfo(sdk=sdk))
            async with connect(f"{world.url}/rtc?{world.query(join_request=details)}") as connection:
                alice = Wire(connection)
                assert not (await alice.next("join")).join.subscriber_primary
                assert (await alice.next("answer")).answer.id == 6
        assert [call[-2] for call in world.sfu.called("add_peer")] == [True, True]

    async def test_validate_on_the_plain_path_reads_the_join_request(self, world: World) -> None:
        with TestClient(Starlette(routes=routes(world.engine, CLOCK))) as client:
            assert client.get(f"/rtc/validate?{world.query(join_request=join_request())}").text == "success"
            assert client.get(f"/rtc/validate?{world.query(join_request='nonsense')}").status_code == 400

    async def test_a_join_request_on_the_plain_path_resumes(self, world: World) -> None:
        async with connect(f"{world.url}/rtc?{world.query(join_request=join_request())}") as connection:
            sid = (await Wire(connection).next("join")).join.participant.sid
        query = world.query(join_request=join_request(reconnect=True, participant_sid=sid))

        async with connect(f"{world.url}/rtc?{query}") as connection:
            assert (await Wire(connection).next("reconnect")).reconnect.server_info.version

    async def test_offers_may_be_larger_than_other_clients_messages(self, world: World) -> None:
        query = world.query(join_request=join_request())
        async with connect(f"{world.url}/rtc/v1?{query}") as connection:
            alice = Wire(connection)
            await alice.next("join")
            lines = "\n".join(f"{mid} audio recvonly {'x' * 1000} 0" for mid in range(500))

            await alice.say(offer=pb.SessionDescription(type="offer", sdp=lines, id=5))

            assert (await alice.next("answer")).answer.id == 5


class TestAdmission:
    @pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
    async def test_bad_token_is_refused_before_the_meeting_is_asked(self, world: World, token: str) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{world.url}/rtc?access_token={token}")

        assert refused.value.response.status_code == 401
        assert world.asked == []

    async def test_token_may_come_in_the_header(self, world: World) -> None:
        headers = {"Authorization": f"Bearer {world.token()}"}

        async with connect(f"{world.url}/rtc", additional_headers=headers) as connection:
            assert (await Wire(connection).next("join")).join.participant.identity == "alice"

    @pytest.mark.parametrize(("reason", "status"), [("meeting_full", 403), ("removed", 403), ("unavailable", 503)])
    async def test_meeting_says_no(self, world: World, reason: Any, status: int) -> None:
        world.verdicts = [Refusal(reason)]

        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{world.url}/rtc?{world.query()}")

        assert refused.value.response.status_code == status
        assert world.asked == [("standup", "alice")]

    async def test_who_is_removed_while_the_meeting_decides_is_asked_about_again(self, world: World) -> None:
        async def admit_and_end_the_meeting() -> Admission:
            await world.engine.delete_room("standup")
            return Admission()

        world.verdicts = [admit_and_end_the_meeting, Refusal("meeting_expired")]

        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{world.url}/rtc?{world.query()}")

        assert refused.value.response.status_code == 403

    async def test_validate_answers_what_the_socket_would(self, world: World) -> None:
        app = Starlette(routes=routes(world.engine, CLOCK))
        for verdict, token, status in (
            (Admission(), world.token(), 200),
            (Refusal("removed"), world.token(), 403),
            (Refusal("unavailable"), world.token(), 503),
            (Admission(), "nonsense", 401),
        ):
            world.verdicts = [verdict]
            answer = TestClient(app).get("/rtc/validate", params={"access_token": token})
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == "*"

    async def test_resume_needs_no_consent_but_a_participant_that_is_there(self, world: World) -> None:
        async with world.inside("alice") as wire, world.inside("bob") as other:
            asked = len(world.asked)
            async with world.socket("alice", reconnect="1", sid=wire.sid) as resumed:
                assert (await resumed.next("reconnect")).reconnect.server_info.version
            for identity, sid in (("alice", other.sid), ("alice", "PA_nobody"), ("carol", wire.sid)):
                async with world.socket(identity, reconnect="1", sid=sid) as refused:
                    leave = (await refused.next("leave")).leave
                    assert leave.action == pb.LeaveRequest.RECONNECT
                    assert leave.reason == pb_models.DisconnectReason.STATE_MISMATCH
                    assert await refused.closed() == 1000
            assert len(world.asked) == asked

    async def test_the_meeting_hears_the_kind_and_whether_a_place_is_wanted(self, world: World) -> None:
        token = world.token("bot", kind=ParticipantKind.AGENT)
        with TestClient(Starlette(routes=routes(world.engine, CLOCK))) as client:
            client.get("/rtc/validate", params={"access_token": token})
            client.get(f"/rtc/v1/validate?access_token={token}&join_request={join_request()}")
        async with connect(f"{world.url}/rtc?access_token={token}"):
            pass

        assert [(one.kind, one.connects) for one in world.applicants] == [
            (ParticipantKind.AGENT, False),
            (ParticipantKind.AGENT, False),
            (ParticipantKind.AGENT, True),
        ]


class TestLimits:
    @pytest.mark.parametrize("path", ["/rtc/validate", "/rtc/v1/validate"])
    async def test_joins_with_one_ticket_have_a_rate(self, world: World, path: str) -> None:
        with TestClient(Starlette(routes=routes(world.engine, CLOCK))) as client:

            def ask(identity: str) -> Any:
                # A fresh token for the same person is the same ticket.
                return client.get(f"{path}?{world.query(identity, join_request=join_request())}")

            answers = [ask("alice") for _ in range(2 * limits.MAX_ENTRY_BURST_OF_TICKET)]
            refused = [answer for answer in answers if answer.status_code == 429]
            assert len(answers) - len(refused) >= limits.MAX_ENTRY_BURST_OF_TICKET
            assert refused
            assert int(refused[-1].headers["Retry-After"]) > 0
            assert ask("bob").status_code == 200

    async def test_sockets_and_questions_of_one_ticket_count_together(self, world: World) -> None:
        query = world.query()
        with TestClient(Starlette(routes=routes(world.engine, CLOCK))) as client:
            for _ in range(limits.MAX_ENTRY_BURST_OF_TICKET):
                client.get(f"/rtc/validate?{query}")
        with pytest.raises(InvalidStatus) as refused:  # noqa: PT012 - whichever of them it is
            for _ in range(limits.MAX_ENTRY_BURST_OF_TICKET):
                async with connect(f"{world.url}/rtc?{query}"):
                    pass

        assert refused.value.response.status_code == 429

    def test_a_network_has_a_rate(self) -> None:
        entries = EntryLimits()
        burst = [entries.wait_for_request(f"2001:db8::{number:x}", 0.0) for number in range(1, 502)]

        assert burst == [0] * limits.MAX_ENTRY_BURST_OF_NETWORK + [1]
        assert entries.wait_for_request("2001:db8:0:1::1", 0.0) == 0
        assert entries.wait_for_request("2001:db8::1", 1.0) == 0

    def test_a_network_has_a_share_of_the_seats_without_media(self) -> None:
        entries = EntryLimits()
        for number in range(limits.MAX_UNCONNECTED_OF_NETWORK):
            assert entries.wait_for_entry("192.0.2.1", "standup", f"guest-{number}", 0.0) == 0
            entries.connecting(f"PA_{number}", "192.0.2.1")

        assert entries.wait_for_entry("192.0.2.1", "standup", "one more", 0.0) > 0
        assert entries.wait_for_entry("::ffff:192.0.2.1", "another", "one more", 0.0) > 0
        assert entries.wait_for_entry("192.0.2.2", "standup", "one more", 0.0) == 0
        entries.settled("PA_7")
        entries.settled("PA_7")
        assert entries.wait_for_entry("192.0.2.1", "standup", "one more", 0.0) == 0
        entries.connecting("PA_more", "192.0.2.1")
        assert entries.wait_for_entry("192.0.2.1", "standup", "yet another", 0.0) > 0

    async def test_media_and_leaving_give_the_share_back(self, world: World) -> None:
        share = world.engine._limits._of_network
        async with world.inside("alice"):
            assert not share
            async with world.socket("bob") as bob:
                await bob.next("join")
                assert share == {"127.0.0.1": 1}
                await bob.say(leave=pb.LeaveRequest())
                await eventually(lambda: not share)
            async with world.socket("carol") as carol:
                await carol.next("join")
                world.live_room().room.handle = lambda *_arguments: 1 / 0  # type: ignore[method-assign, assignment]
                await carol.say(ping_req=pb.Ping(timestamp=1))
                await carol.closed()
                assert not share
