"""``/recordings`` and ``/sessions/{id}/recordings`` as a client sees them."""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from support.server import ORIGIN, RunningServer, Tenant

from moothall.kit.ids import new_uuid
from moothall.recordings import store
from moothall.recordings.model import Recording, RecordingStatus
from moothall.sessions import store as sessions
from moothall.sessions.model import Session

CONTENT = bytes(range(256)) * 1000


@dataclass
class Studio:
    """Makes the recordings that a recorder would have made."""

    server: RunningServer
    tenant: Tenant

    async def session(self) -> str:
        session = Session(f"2_MX4{new_uuid()}", new_uuid(), self.tenant.application_id, self.server.clock.now(), None)
        await self.server.server.context.database.write(lambda connection: sessions.insert_session(connection, session))
        return session.id

    async def record(self, session_id: str | None = None, **fields: Any) -> Recording:
        recording = Recording(
            id=new_uuid(),
            application_id=self.tenant.application_id,
            room_id=new_uuid(),
            session_id=session_id or await self.session(),
            started_at=self.server.clock.now(),
        )
        recording = replace(recording, **fields)
        await self.server.server.context.database.write(
            lambda connection: store.insert_recording(connection, recording)
        )
        return recording

    async def finish(self, recording: Recording, content: bytes = CONTENT, suffix: str = ".mp4") -> Recording:
        finished = replace(
            recording,
            status=RecordingStatus.UPLOADED,
            ended_at=self.server.clock.now(),
            file=f"{recording.id}{suffix}",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        await asyncio.to_thread(self._write, finished.file, content)
        await self.server.server.context.database.write(lambda connection: store.save_recording(connection, finished))
        return finished

    async def finished(self, **options: Any) -> Recording:
        return await self.finish(await self.record(), **options)

    @property
    def folder(self) -> Path:
        return self.server.server.context.settings.data_dir / "recordings"

    def files(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}

    async def link(self, recording: Recording) -> str:
        url: str = (await self.tenant.get(f"/recordings/{recording.id}")).json()["_links"]["url"]["href"]
        return url

    def _write(self, name: str | None, content: bytes) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / str(name)).write_bytes(content)


@pytest.fixture
def studio(server: RunningServer, acme: Tenant) -> Studio:
    return Studio(server, acme)


async def test_a_recording_shows_its_state(acme: Tenant, studio: Studio):
    recording = await studio.record()

    for status in (RecordingStatus.STARTED, RecordingStatus.PAUSED, RecordingStatus.STOPPED):
        changed = replace(recording, status=status)
        await studio.server.server.context.database.write(
            lambda connection, changed=changed: store.save_recording(connection, changed)
        )
        response = await acme.get(f"/recordings/{recording.id.upper()}")

        assert response.status_code == 200
        assert response.json() == {
            "id": recording.id,
            "session_id": recording.session_id,
            "started_at": "2026-11-22T12:00:00.000Z",
            "status": status.value,
            "_links": {"url": {"href": None}},
        }


async def test_an_uploaded_recording_has_a_link_to_its_file(acme: Tenant, studio: Studio):
    recording = await studio.record()
    acme.clock.advance(minutes=5)
    await studio.finish(recording)

    found = (await acme.get(f"/recordings/{recording.id}")).json()

    assert (found["status"], found["ended_at"]) == ("uploaded", "2026-11-22T12:05:00.000Z")
    assert found["_links"]["url"]["href"].startswith(f"{ORIGIN}/files/recordings/{recording.id}?")
    loaded = await acme.http.get(found["_links"]["url"]["href"])
    assert (loaded.status_code, loaded.content) == (200, CONTENT)
    assert loaded.headers["content-type"] == "video/mp4"
    assert loaded.headers["cache-control"] == "private, no-store"
    assert loaded.headers["x-content-type-options"] == "nosniff"
    assert loaded.headers["referrer-policy"] == "no-referrer"
    assert loaded.headers["content-disposition"] == f'attachment; filename="{recording.id}.mp4"'
    head = await acme.http.head(found["_links"]["url"]["href"])
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(CONTENT)), b"")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("0-0", 0, 1), ("1000-1999", 1000, 2000), ("255990-", 255990, 256000), ("-10", 255990, 256000)],
)
async def test_a_part_of_the_file_can_be_loaded(acme: Tenant, studio: Studio, asked: str, start: int, end: int):
    url = await studio.link(await studio.finished())

    part = await acme.http.get(url, headers={"range": f"bytes={asked}"})

    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes {start}-{end - 1}/256000"
    assert part.content == CONTENT[start:end]


@pytest.mark.parametrize("asked", ["0-1,3-4", "0-,0-", ",".join("0-" for _ in range(1500)), "300000-"])
async def test_more_ranges_or_none_that_exists_are_refused(acme: Tenant, studio: Studio, asked: str):
    url = await studio.link(await studio.finished())

    response = await acme.http.get(url, headers={"range": f"bytes={asked}"})

    assert response.status_code == 416
    assert response.headers["content-range"] == "bytes */256000"


async def test_a_link_ends_after_a_quarter_of_an_hour(acme: Tenant, studio: Studio):
    url = await studio.link(await studio.finished())

    acme.clock.advance(minutes=14, seconds=59)
    assert (await acme.http.get(url)).status_code == 200
    acme.clock.advance(seconds=1)

    assert (await acme.http.get(url)).status_code == 403


async def test_a_link_leads_to_its_recording_only(acme: Tenant, studio: Studio):
    one, two = await studio.finished(), await studio.finished()
    url = await studio.link(one)

    for changed in (
        url.replace(one.id, two.id),
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace("expires=1", "expires=2"),
    ):
        response = await acme.http.get(changed)
        assert response.status_code == 403
        assert response.json()["name"] == "ForbiddenError"


@pytest.mark.parametrize("query", ["", "?expires=1", "?signature=1", "?expires=1&signature=" + "x" * 65])
async def test_a_link_without_its_signature_is_no_link(acme: Tenant, studio: Studio, query: str):
    recording = await studio.finished()

    response = await acme.http.get(f"/files/recordings/{recording.id}{query}")

    assert response.status_code == 400


async def test_a_deleted_recording_is_gone_with_its_file_and_links(acme: Tenant, studio: Studio):
    recording, other = await studio.finished(), await studio.finished()
    url = await studio.link(recording)

    response = await acme.request("DELETE", f"/recordings/{recording.id}")

    assert (response.status_code, response.content) == (204, b"")
    assert (await acme.http.get(url)).status_code == 404
    assert (await acme.get(f"/recordings/{recording.id}")).status_code == 404
    await studio.server.run_due_jobs()
    assert studio.files() == {other.file}
    assert (await acme.request("DELETE", f"/recordings/{recording.id}")).json() == {
        "message": "Could not find recording",
        "name": "NotFoundError",
        "status": 404,
    }


@pytest.mark.parametrize("status", [RecordingStatus.STARTED, RecordingStatus.PAUSED, RecordingStatus.STOPPED])
async def test_a_recording_that_is_not_ready_cannot_be_deleted(acme: Tenant, studio: Studio, status: RecordingStatus):
    recording = await studio.record(status=status)

    response = await acme.request("DELETE", f"/recordings/{recording.id}")

    assert response.status_code == 409
    assert response.json() == {
        "message": f"Recording {recording.id} is {status}: only uploaded recordings can be deleted",
        "name": "ConflictError",
        "status": 409,
    }
    assert (await acme.get(f"/recordings/{recording.id}")).status_code == 200


async def test_an_unknown_recording_is_not_found(acme: Tenant):
    response = await acme.get("/recordings/9d7cd94b-04b9-4c5b-9b6d-9a3f1b2f6e11")

    assert response.status_code == 404
    assert response.json() == {
        "message": "Recording 9d7cd94b-04b9-4c5b-9b6d-9a3f1b2f6e11 was not found",
        "name": "NotFoundError",
        "status": 404,
    }


async def test_another_applications_recording_is_not_found(globex: Tenant, studio: Studio):
    recording = await studio.finished()

    assert (await globex.get(f"/recordings/{recording.id}")).status_code == 404
    assert (await globex.request("DELETE", f"/recordings/{recording.id}")).status_code == 404
    assert (await globex.get(f"/sessions/{recording.session_id}/recordings")).status_code == 404
    assert (await globex.get(f"/sessions/{recording.session_id}")).status_code == 404
    assert studio.files() == {recording.file}


@pytest.mark.parametrize("suffix", ["/recordings", ""])
async def test_the_recordings_of_a_session_are_listed(acme: Tenant, studio: Studio, suffix: str):
    session_id = await studio.session()
    first = await studio.finish(await studio.record(session_id))
    acme.clock.advance(seconds=1)
    second = await studio.record(session_id)
    await studio.record()

    response = await acme.get(f"/sessions/{session_id}{suffix}")

    assert response.status_code == 200
    found = [(await acme.get(f"/recordings/{recording.id}")).json() for recording in (first, second)]
    assert response.json() == {"_embedded": {"recordings": found}}


@pytest.mark.parametrize("suffix", ["/recordings", ""])
async def test_a_session_without_recordings_has_an_empty_list(acme: Tenant, studio: Studio, suffix: str):
    response = await acme.get(f"/sessions/{await studio.session()}{suffix}")

    assert (response.status_code, response.json()) == (200, {"_embedded": {"recordings": []}})


@pytest.mark.parametrize("suffix", ["/recordings", ""])
async def test_an_unknown_session_is_not_found(acme: Tenant, suffix: str):
    response = await acme.get(f"/sessions/2_MX4nothing{suffix}")

    assert response.status_code == 404
    assert response.json() == {
        "message": "Failed to find session recordings by id: 2_MX4nothing",
        "name": "NotFoundError",
        "status": 404,
    }


async def test_the_session_of_a_real_meeting_can_be_asked_for(acme: Tenant, server: RunningServer):
    room = await acme.create_room()
    await server.engine.join(room["id"], new_uuid())
    (session,) = await server.server.context.database.read(
        lambda connection: sessions.list_sessions(connection, room["id"], offset=0, limit=10)
    )

    assert (await acme.get(f"/sessions/{session.id}/recordings")).json() == {"_embedded": {"recordings": []}}


@pytest.mark.parametrize(
    "name", ["../secrets.json", "x.mp4", "9d7cd94b-04b9-4c5b-9b6d-9a3f1b2f6e11.exe", "/etc/passwd"]
)
async def test_only_files_of_ours_are_served(acme: Tenant, studio: Studio, name: str):
    recording = await studio.record(status=RecordingStatus.UPLOADED, file=name)

    assert (await acme.http.get(await studio.link(recording))).status_code == 404


async def test_a_link_in_the_file_system_is_not_followed(acme: Tenant, studio: Studio):
    recording = await studio.finished()
    url = await studio.link(recording)
    await asyncio.to_thread(_replace_by_symlink, studio.folder / str(recording.file))

    assert (await acme.http.get(url)).status_code == 404


async def test_a_file_that_was_lost_is_not_found(acme: Tenant, studio: Studio):
    recording = await studio.finished()
    url = await studio.link(recording)
    await asyncio.to_thread((studio.folder / str(recording.file)).unlink)

    assert (await acme.http.get(url)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/recordings/x"), ("DELETE", "/recordings/x"), ("GET", "/sessions/x/recordings"), ("GET", "/sessions/x")],
)
async def test_nothing_works_without_a_token(server: RunningServer, method: str, path: str):
    assert (await server.http.request(method, f"/v1/meetings{path}")).status_code == 401


def _replace_by_symlink(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


async def test_the_recordings_of_all_sessions_come_with_the_newest_first(
    server: RunningServer, acme: Tenant, globex: Tenant, studio: Studio
):
    await Studio(server, globex).record()
    first = await studio.finished()
    server.clock.advance(minutes=1)
    others = [await studio.record(), await studio.record()]

    seen: list[dict[str, Any]] = []
    query, has_more = "?limit=2", True
    while has_more:
        page = (await acme.get(f"/recordings{query}")).json()
        seen += page["_embedded"]
        query, has_more = f"?limit=2&after={page['after']}", page["has_more"]

    assert {one["id"] for one in seen[:2]} == {other.id for other in others}
    assert (seen[2]["id"], seen[2]["room_id"], len(seen)) == (first.id, first.room_id, 3)
    assert seen[2]["_links"]["url"]["href"].startswith(ORIGIN)
    assert seen[0]["_links"]["url"]["href"] is None
