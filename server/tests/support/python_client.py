"""A person with the Python ``livekit`` SDK.

Synthetic camera and microphone, and a memory of what came.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from livekit import rtc

from support.waiting import eventually

WIDTH, HEIGHT, FRAME_RATE = 640, 360, 15
SAMPLE_RATE = 48_000
_TONE_HZ = 440
_LOUDNESS = 12_000


class PythonClient:
    """``log`` holds (event name, first argument) in order; ``messages`` the data packets."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.room = rtc.Room()
        self.log: list[tuple[str, Any]] = []
        self.messages: list[rtc.DataPacket] = []
        self.camera: rtc.LocalVideoTrack | None = None
        self.microphone: rtc.LocalAudioTrack | None = None
        self._tasks = tasks
        self._running: list[asyncio.Task[None]] = []
        for event in ("participant_connected", "participant_disconnected", "track_muted", "track_unmuted"):
            self.room.on(event, self._remember(event))
        for event in ("track_subscribed", "track_unsubscribed", "reconnecting", "reconnected", "disconnected"):
            self.room.on(event, self._remember(event))
        self.room.on("data_received", self.messages.append)

    def _remember(self, event: str) -> Any:
        def remember(*details: Any) -> None:
            self.log.append((event, details[0] if details else None))

        return remember

    def saw(self, event: str) -> list[Any]:
        return [detail for name, detail in self.log if name == event]

    async def join(self, url: str, token: str, **options: Any) -> None:
        async with asyncio.timeout(30):
            await self.room.connect(url, token, rtc.RoomOptions(**options))

    async def publish(self) -> None:
        """Camera and microphone on, with moving pictures and a tone."""
        video, audio = rtc.VideoSource(WIDTH, HEIGHT), rtc.AudioSource(SAMPLE_RATE, 1)
        self.camera = rtc.LocalVideoTrack.create_video_track("camera", video)
        self.microphone = rtc.LocalAudioTrack.create_audio_track("microphone", audio)
        self._running.append(self._tasks.create_task(_play_video(video)))
        self._running.append(self._tasks.create_task(_play_tone(audio)))
        me = self.room.local_participant
        async with asyncio.timeout(30):
            await me.publish_track(
                self.camera, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=True)
            )
            await me.publish_track(self.microphone, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE))

    async def share_screen(self) -> rtc.LocalTrackPublication:
        """Raises livekit.rtc.participant.PublishTrackError when the server refuses it."""
        source = rtc.VideoSource(WIDTH, HEIGHT, is_screencast=True)
        self._running.append(self._tasks.create_task(_play_video(source)))
        track = rtc.LocalVideoTrack.create_video_track("screen", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_SCREENSHARE, simulcast=False)
        async with asyncio.timeout(30):
            return await self.room.local_participant.publish_track(track, options)

    def publication(self, identity: str, source: int) -> rtc.RemoteTrackPublication | None:
        person = self.room.remote_participants.get(identity)
        publications = person.track_publications.values() if person is not None else ()
        return next((one for one in publications if one.source == source), None)

    async def _track(self, identity: str, source: int) -> Any:
        def subscribed() -> Any:
            publication = self.publication(identity, source)
            return publication.track if publication is not None else None

        return await eventually(subscribed)

    async def sees(self, identity: str, *, frames: int = 15) -> tuple[int, int]:
        """Waits for this many frames of somebody's camera; the size of the last one."""
        stream = rtc.VideoStream(await self._track(identity, rtc.TrackSource.SOURCE_CAMERA))
        try:
            async with asyncio.timeout(30):
                async for event in stream:
                    frames -= 1
                    if frames <= 0:
                        return event.frame.width, event.frame.height
        finally:
            await stream.aclose()
        raise AssertionError("the video ended")

    async def hears(self, identity: str, *, loudness: float = 300) -> float:
        """Wait until somebody's microphone is at least this loud (RMS of 16-bit samples)."""
        stream = rtc.AudioStream(await self._track(identity, rtc.TrackSource.SOURCE_MICROPHONE))
        try:
            async with asyncio.timeout(30):
                async for event in stream:
                    samples = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float64)
                    level = float(np.sqrt(np.mean(samples**2)))
                    if level >= loudness:
                        return level
        finally:
            await stream.aclose()
        raise AssertionError("the audio ended")

    async def leave(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()
        await self.room.disconnect()


@asynccontextmanager
async def python_clients(count: int) -> AsyncIterator[list[PythonClient]]:
    """Yield this many participants, who leave at the end of the block."""
    async with asyncio.TaskGroup() as tasks:
        clients = [PythonClient(tasks) for _ in range(count)]
        try:
            yield clients
        finally:
            for client in clients:
                await client.leave()


async def _play_video(source: rtc.VideoSource) -> None:
    number = 0
    while True:
        # A moving bar: an encoder must have something to encode.
        picture = np.full((HEIGHT, WIDTH, 4), 64, dtype=np.uint8)
        left = (number * 16) % WIDTH
        picture[:, left : left + 80, :3] = (200, 120, 40)
        source.capture_frame(rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.RGBA, picture.tobytes()))
        number += 1
        await asyncio.sleep(1 / FRAME_RATE)


async def _play_tone(source: rtc.AudioSource) -> None:
    length = SAMPLE_RATE // 50
    played = 0
    while True:
        times = (np.arange(length) + played) / SAMPLE_RATE
        samples = (np.sin(2 * np.pi * _TONE_HZ * times) * _LOUDNESS).astype(np.int16)
        # Returns when there is room in the source's queue: it keeps the pace.
        await source.capture_frame(rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE, 1, length))
        played += length
