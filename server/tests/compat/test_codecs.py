"""Unmodified livekit-client publishes VP9 and AV1 with their layers, a backup codec, and G.711."""

import asyncio
from typing import Any

import pytest
from conftest import MeetingServer, OpenPage
from playwright.async_api import Page
from support.waiting import eventually

# Three spatial layers, the smallest of 240 by 135; Chromium encodes fewer of a smaller camera.
_CAMERA = {"resolution": {"width": 960, "height": 540, "frameRate": 15}}
_FRAMES = 10
_SECONDS = 30


def _publishing(codec: str, backup: object = False) -> dict[str, Any]:
    return {"videoCaptureDefaults": _CAMERA, "publishDefaults": {"videoCodec": codec, "backupCodec": backup}}


async def _decodes(page: Page, identity: str, codec: str, width: int = 0) -> None:
    """Wait until the page decodes frames of somebody's camera in this codec (and width)."""
    first: int | None = None

    async def more() -> bool:
        nonlocal first
        now = await page.evaluate("who => received(who, 'camera')", identity) or {}
        if now.get("codec") != codec or (width and now["width"] != width):
            first = None
            return False
        first = now["frames"] if first is None else first
        return bool(now["frames"] >= first + _FRAMES)

    await eventually(more, seconds=_SECONDS)


@pytest.mark.parametrize("codec", ["VP9", "AV1"])
async def test_everybody_decodes_the_layer_of_one_stream_that_they_ask_for(
    server: MeetingServer, open_page: OpenPage, codec: str
) -> None:
    await open_page(server, "alice", **_publishing(codec.lower()))
    bob, carol = [await open_page(server, name, media=False) for name in ("bob", "carol")]
    for page in (bob, carol):
        await eventually(lambda page=page: page.evaluate("remoteVideos().length"))

    for large, small in ((bob, carol), (carol, bob)):
        await large.evaluate("setQualities(LivekitClient.VideoQuality.HIGH)")
        await small.evaluate("setQualities(LivekitClient.VideoQuality.LOW)")
        await asyncio.gather(
            _decodes(large, "alice", f"video/{codec}", 960),
            _decodes(small, "alice", f"video/{codec}", 240),
        )


@pytest.mark.parametrize("single_connection", [True, False], ids=["one connection", "two connections"])
@pytest.mark.parametrize("codec", ["VP9", "AV1"])
async def test_backup_codec_reaches_the_one_who_cannot_decode_the_first(
    server: MeetingServer, open_page: OpenPage, codec: str
) -> None:
    first = f"video/{codec}"
    alice = await open_page(server, "alice", **_publishing(codec.lower(), {"codec": "vp8"}))
    bob = await open_page(server, "bob", media=False)
    await _decodes(bob, "alice", first)
    assert set(await alice.evaluate("sentCodecs()")) == {first}

    carol = await open_page(server, "carol", media=False, cannotDecode=[first.lower()])

    await asyncio.gather(_decodes(carol, "alice", "video/VP8"), _decodes(bob, "alice", first))
    assert set(await alice.evaluate("sentCodecs()")) == {first, "video/VP8"}


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
async def test_sound_in_g711_is_heard(server: MeetingServer, open_page: OpenPage, codec: str) -> None:
    # Chromium refuses to send G.711 with a limit below its fixed 64 kbit/s.
    sound = {"publishDefaults": {"audioPreset": {"maxBitrate": 96_000}}}
    await open_page(server, "alice", soundCodec=f"audio/{codec.lower()}", **sound)
    bob = await open_page(server, "bob", media=False)
    loudest = 0.0

    async def heard() -> bool:
        nonlocal loudest
        now = await bob.evaluate("received('alice', 'microphone')") or {}
        louder = now.get("energy", 0.0) > loudest + 1e-4
        loudest = max(loudest, now.get("energy", 0.0))
        return bool(louder and now["codec"] == f"audio/{codec}")

    for _ in range(2):
        await eventually(heard, seconds=_SECONDS)
