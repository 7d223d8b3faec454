"""People with cameras, of whom one speaks every other second: `python senders.py URL TOKEN…`.

It says `ready` once all of them publish, and leaves when its standard input ends.
"""

import asyncio
import sys
import time

import numpy as np
from livekit import rtc

WIDTH, HEIGHT, FRAMES_PER_SECOND = 320, 180, 15
RATE, CHUNK = 48_000, 480
# The number of pictures that are drawn once and sent again and again.
DRAWN = 60


async def enter(url: str, token: str) -> tuple[rtc.Room, rtc.VideoSource]:
    room = rtc.Room()
    await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
    source = rtc.VideoSource(WIDTH, HEIGHT)
    track = rtc.LocalVideoTrack.create_video_track("camera", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=False)
    await room.local_participant.publish_track(track, options)
    return room, source


def drawn() -> list[rtc.VideoFrame]:
    """A bright block that wanders over a gradient with a little noise, as a camera has."""
    chance = np.random.default_rng(1)
    shade = np.linspace(40, 160, WIDTH, dtype=np.float32)[None, :, None].repeat(HEIGHT, 0)
    frames = []
    for number in range(DRAWN):
        picture = np.empty((HEIGHT, WIDTH, 4), dtype=np.uint8)
        picture[:, :, :3] = np.clip(shade + chance.normal(0, 2, (HEIGHT, WIDTH, 1)), 0, 255)
        picture[:, :, 3] = 255
        left = int((np.sin(number / DRAWN * 2 * np.pi) + 1) / 2 * (WIDTH - 80))
        picture[50:150, left : left + 80, :3] = (200, 150, 120)
        frames.append(rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.RGBA, picture.tobytes()))
    return frames


async def speak(room: rtc.Room) -> None:
    source = rtc.AudioSource(RATE, 1)
    track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, options)
    chance = np.random.default_rng(2)
    while True:
        loud = 6000 if int(time.monotonic()) % 2 == 0 else 0
        sound = (chance.normal(0, 1, CHUNK) * loud).clip(-32768, 32767).astype(np.int16)
        await source.capture_frame(rtc.AudioFrame(sound.tobytes(), RATE, 1, CHUNK))


async def show(sources: list[rtc.VideoSource], frames: list[rtc.VideoFrame]) -> None:
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    number = 0
    due = time.monotonic()
    while not ended.done():
        for index, source in enumerate(sources):
            source.capture_frame(frames[(number + index * 7) % DRAWN])
        number += 1
        due += 1 / FRAMES_PER_SECOND
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def main(url: str, tokens: list[str]) -> None:
    people = [await enter(url, token) for token in tokens]
    frames = drawn()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    async with asyncio.TaskGroup() as tasks:
        voice = tasks.create_task(speak(people[0][0]))
        await show([source for _, source in people], frames)
        voice.cancel()
    for room, _ in people:
        await room.disconnect()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
