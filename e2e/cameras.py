"""People with small cameras, in a process of their own, with the stock Python SDK.

Start it with `python cameras.py URL TOKEN…`; it says `ready` once all of them publish, and leaves
when its standard input ends.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

import numpy as np
from livekit import rtc

_WIDTH, _HEIGHT, _FRAMES_PER_SECOND = 320, 180, 10


class Cameras:
    """The test's side: returns once everybody publishes."""

    def __init__(self, url: str, tokens: list[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, str(Path(__file__)), url, *tokens],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def leave(self) -> None:
        self._process.communicate(timeout=30)


async def _publish(url: str, token: str) -> tuple[rtc.Room, rtc.VideoSource]:
    room = rtc.Room()
    await room.connect(url, token)
    source = rtc.VideoSource(_WIDTH, _HEIGHT)
    track = rtc.LocalVideoTrack.create_video_track("camera", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=False)
    await room.local_participant.publish_track(track, options)
    return room, source


async def main(url: str, tokens: list[str]) -> None:
    people = [await _publish(url, token) for token in tokens]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    number = 0
    while not ended.done():
        picture = np.full((_HEIGHT, _WIDTH, 4), 64, dtype=np.uint8)
        left = (number * 16) % _WIDTH
        picture[:, left : left + 40, :3] = (200, 120, 40)
        for _, source in people:
            source.capture_frame(rtc.VideoFrame(_WIDTH, _HEIGHT, rtc.VideoBufferType.RGBA, picture.tobytes()))
        number += 1
        await asyncio.sleep(1 / _FRAMES_PER_SECOND)
    for room, _ in people:
        await room.disconnect()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
