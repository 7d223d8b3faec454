"""Backgrounds are hidden before anything of a camera is seen, and stay so."""

import struct
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from api_client import ApiClient
from moothall_process import Application, MoothallProcess
from people import FAKE_DEVICES, Person, wait_for
from playwright.sync_api import Locator, expect

_PATIENCE_MS = 60_000
_WIDTH, _HEIGHT = 640, 360

# The contrast of every picture of a person that this browser decodes: small squares have much of
# it, and a blur or another picture in their place has little. `mean` tells them from a black one.
_WATCH = """
(() => {
  window.__contrast = { frames: 0, most: 0, last: 0, mean: 0 };
  window.__heights = [];
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const watched = new WeakSet();
  const look = (video) => {
    if (video.videoWidth > 0) {
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      context.drawImage(video, 0, 0);
      const { data } = context.getImageData(canvas.width / 4, canvas.height / 2, canvas.width / 2, 1);
      const values = Array.from({ length: data.length / 4 }, (_, index) => data[4 * index + 1]);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
      window.__contrast.frames += 1;
      window.__contrast.last = spread;
      window.__contrast.mean = mean;
      window.__contrast.most = Math.max(window.__contrast.most, spread);
      if (window.__heights.at(-1) !== video.videoHeight) {
        window.__heights.push(video.videoHeight);
      }
    }
    video.requestVideoFrameCallback(() => look(video));
  };
  setInterval(() => {
    for (const video of document.querySelectorAll(window.__watched ?? 'nothing')) {
      if (!watched.has(video)) {
        watched.add(video);
        video.requestVideoFrameCallback(() => look(video));
      }
    }
  }, 20);
})();
"""
# Counts how often a camera is opened from now on.
_COUNT_CAMERAS = """
() => {
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.__cameras = 0;
  navigator.mediaDevices.getUserMedia = (wish) => {
    window.__cameras += wish.video ? 1 : 0;
    return original(wish);
  };
}
"""
# The effect gives up by how fast this machine is. Here it goes on at any speed, unless a test asks
# for more frames a second than any machine has; the page's limit is all that is changed.
_SET_PACE = """
(() => {
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...others) {
    const isLimit = message !== null && typeof message === 'object' && 'leastFrames' in message;
    const sent = isLimit ? { ...message, leastFrames: window.__leastFrames ?? 0 } : message;
    return post.call(this, sent, ...others);
  };
})();
"""
_OF_ADA = '[data-testid="tile"][data-participant-name="Ada"] video'
_BLURRED, _SHARP = 25, 50


def _squares(path: Path, width: int, height: int) -> Path:
    """A camera that sees a wall of small squares, and nobody: a Y4M file."""
    frames = bytearray(f"YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420jpeg\n".encode())
    for number in range(2):
        lines = [bytes(235 if (column // 8 + row + number) % 2 else 16 for column in range(width)) for row in range(2)]
        picture = b"".join(lines[(row // 8) % 2] for row in range(height))
        frames += b"FRAME\n" + picture + bytes([128]) * (width * height // 2)
    path.write_bytes(frames)
    return path


def _plain_png(width: int = 64, height: int = 36) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes((90, 120, 150)) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _with_camera(
    person: Callable[..., Person],
    tmp_path: Path,
    width: int = _WIDTH,
    height: int = _HEIGHT,
) -> Person:
    """Ada, whose camera sees the squares in that many pixels."""
    path = _squares(tmp_path / "squares.y4m", width, height)
    ada = person("Ada", arguments=[*FAKE_DEVICES, f"--use-file-for-fake-video-capture={path}"])
    ada.context.add_init_script(_SET_PACE)
    return ada


def _watch(one: Person, selector: str) -> None:
    one.context.add_init_script(_WATCH)
    one.context.add_init_script(f"window.__watched = {selector!r}")


def _forget(viewer: Person) -> None:
    viewer.page.evaluate("() => { window.__contrast = { frames: 0, most: 0, last: 0, mean: 0 }; }")


def _sees_more(viewer: Person, frames: int = 20) -> dict[str, float]:
    count = "() => window.__contrast.frames"
    before = viewer.page.evaluate(count)
    wait_for(
        lambda: viewer.page.evaluate(count) >= before + frames,
        f"{viewer.name} sees {frames} frames",
        90,
    )
    seen: dict[str, float] = viewer.page.evaluate("() => window.__contrast")
    return seen


def _choose(one: Person, label: str) -> None:
    """On the page before the meeting, or in the menu of a meeting."""
    button = one.page.get_by_role("button", name="Background", exact=True)
    if not button.is_visible():
        one.press("More")
        button = one.page.get_by_role("menuitem", name="Background")
    button.click()
    # The picture of a choice covers its radio button.
    one.page.get_by_role("radio", name=label).check(force=True)
    one.page.keyboard.press("Escape")
    expect(one.page.get_by_role("dialog")).to_have_count(0)


def _own_tile(one: Person) -> Locator:
    return one.page.locator(f'[data-testid="tile"][data-participant-name="{one.name}"] video')


def test_nobody_ever_sees_what_is_behind(
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
    tmp_path: Path,
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    grace = person("Grace")
    _watch(grace, _OF_ADA)
    grace.open(link)
    grace.join()
    ada = _with_camera(person, tmp_path)
    _watch(ada, 'section[aria-label="Preview of your camera"] video')
    loaded: list[str] = []
    ada.page.on("request", lambda request: loaded.append(request.url))

    ada.open(link)
    assert _sees_more(ada)["last"] > _SHARP
    assert not any("effects" in url or "backgroundFilter" in url for url in loaded), "nothing before it is wanted"
    _choose(ada, "Strong blur")
    wait_for(
        lambda: ada.page.evaluate("() => window.__contrast.last") < _BLURRED,
        "Ada sees it hidden",
        90,
    )
    ada.join()
    seen = _sees_more(grace)
    print(f"contrast with blur: {seen}")
    assert seen["most"] < _BLURRED
    assert 60 < seen["mean"] < 200, "a wall out of focus, and not a black picture"

    ada.press("Turn camera off")
    expect(grace.page.locator(_OF_ADA)).to_have_count(0, timeout=_PATIENCE_MS)
    ada.press("Turn camera on")
    assert _sees_more(grace)["most"] < _BLURRED

    ada.press("Camera options")
    ada.page.evaluate(_COUNT_CAMERAS)
    ada.page.get_by_role("menuitemradio").filter(has_text="squares").click()
    ada.page.keyboard.press("Escape")
    wait_for(
        lambda: ada.page.evaluate("() => window.__cameras") == 1,
        "the camera is opened anew",
    )
    assert _sees_more(grace)["most"] < _BLURRED

    ada.page.reload()
    ada.join()
    assert _sees_more(grace)["most"] < _BLURRED

    _choose(ada, "None")
    wait_for(
        lambda: grace.page.evaluate("() => window.__contrast.last") > _SHARP,
        "Grace sees the squares",
        60,
    )
    _choose(ada, "Dawn")
    wait_for(
        lambda: grace.page.evaluate("() => window.__contrast.last") < _BLURRED,
        "Grace sees the dawn",
        60,
    )
    _forget(grace)
    assert _sees_more(grace)["most"] < _BLURRED


def test_a_camera_whose_background_cannot_be_hidden_stays_off_until_it_is_wanted_so(
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
    tmp_path: Path,
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    grace = person("Grace")
    _watch(grace, _OF_ADA)
    grace.open(link)
    grace.join()
    ada = _with_camera(person, tmp_path)
    ada.context.add_init_script("localStorage.setItem('moothall.background', 'blur:strong')")
    ada.context.route("**/*.tflite", lambda route: route.abort())
    ada.open(link)

    question = "The background could not be hidden. Turn on the camera without it?"
    ada.sees(question)
    expect(ada.page.locator('section[aria-label="Preview of your camera"] video')).to_have_count(0)
    ada.join()
    grace.sees_tile_of("Ada")
    ada.press("Turn camera on")
    ada.sees(question)
    expect(ada.page.get_by_role("button", name="Turn camera on")).to_be_visible()
    assert grace.page.evaluate("() => window.__contrast.frames") == 0

    ada.press("Turn on without it")
    wait_for(
        lambda: grace.page.evaluate("() => window.__contrast.last") > _SHARP,
        "Grace sees the squares",
        60,
    )


def test_quality_falls_before_the_effect_and_the_effect_before_anything_shows(
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
    tmp_path: Path,
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    grace = person("Grace")
    _watch(grace, _OF_ADA)
    grace.open(link)
    grace.join()
    ada = _with_camera(person, tmp_path, 1280, 720)
    _watch(ada, _OF_ADA)
    ada.open(link)
    ada.join()
    assert _sees_more(ada)["last"] > _SHARP
    ada.page.evaluate("() => { window.__leastFrames = 1e9; }")
    _choose(ada, "Strong blur")
    wait_for(
        lambda: grace.page.evaluate("() => window.__contrast.last") < _BLURRED,
        "Grace sees it hidden",
        60,
    )
    _forget(grace)

    ada.sees("Your device is too slow to hide the background. Turn on the camera without it?")
    # A track that has ended may leave a frame of a few pixels.
    heights = [height for height in ada.page.evaluate("() => window.__heights") if height >= _HEIGHT]
    assert heights == [720, 360]
    expect(ada.page.get_by_role("button", name="Turn camera on")).to_be_visible()
    expect(grace.page.locator(_OF_ADA)).to_have_count(0, timeout=_PATIENCE_MS)
    grace.sees_tile_of("Ada")
    assert grace.page.evaluate("() => window.__contrast.most") < _BLURRED


def test_a_theme_brings_pictures_of_its_own(
    application: Application,
    server: MoothallProcess,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
    tmp_path: Path,
) -> None:
    with closing(ApiClient(server.port, application.token())) as api:
        theme = api.api("POST", "/themes", 201, {"main_color": "#7a1fa2", "brand_text": "Aurora"})
        path = f"/v1/meetings/themes/{theme['theme_id']}/backgrounds"
        background = api.send_file(path, 201, _plain_png(640, 360))
    link = create_room(theme_id=theme["theme_id"])["_links"]["guest_url"]["href"]
    grace = person("Grace")
    _watch(grace, _OF_ADA)
    grace.open(link)
    grace.join()
    ada = _with_camera(person, tmp_path)
    _watch(ada, 'section[aria-label="Preview of your camera"] video')
    ada.open(link)
    assert _sees_more(ada)["last"] > _SHARP
    _choose(ada, "Aurora: picture 1")
    wait_for(
        lambda: ada.page.evaluate("() => window.__contrast.last") < _BLURRED,
        "Ada sees the picture",
        90,
    )
    ada.join()

    seen = _sees_more(grace)
    assert seen["most"] < _BLURRED
    assert abs(seen["mean"] - 120) < 15, "the picture's green, and not the wall"

    # Its picture is gone, so the wall is blurred instead.
    with closing(ApiClient(server.port, application.token())) as api:
        api.ask("DELETE", f"{path}/{background['background_id']}", 204)
    ada.page.reload()
    ada.page.get_by_role("button", name="Background", exact=True).click()
    expect(ada.page.get_by_role("radio", name="Strong blur")).to_be_visible()
    expect(ada.page.get_by_role("radio", name="Aurora: picture 1")).to_have_count(0)
    ada.page.keyboard.press("Escape")
    _forget(grace)
    ada.join()
    assert _sees_more(grace)["most"] < _BLURRED


def test_a_picture_of_ones_own_stays_in_the_browser(
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
    tmp_path: Path,
) -> None:
    ada = _with_camera(person, tmp_path)
    _watch(ada, 'section[aria-label="Preview of your camera"] video')
    sent: list[str] = []
    ada.page.on(
        "request",
        lambda request: sent.append(request.method) if request.method != "GET" else None,
    )
    ada.open(create_room()["_links"]["guest_url"]["href"])
    ada.page.get_by_role("button", name="Background", exact=True).click()
    before = len(sent)

    ada.page.get_by_label("Add a picture").set_input_files(
        {"name": "wall.png", "mimeType": "image/png", "buffer": _plain_png()}
    )
    expect(ada.page.get_by_role("radio", name="Your picture 1")).to_be_checked()
    assert len(sent) == before
    size = """async () => {
      const image = document.querySelector('label img');
      await image.decode();
      const opened = await new Promise((resolve) => {
        const opening = indexedDB.open('moothall');
        opening.onsuccess = () => resolve(opening.result);
      });
      const kept = await new Promise((resolve) => {
        const reading = opened.transaction('backgrounds').objectStore('backgrounds').getAll();
        reading.onsuccess = () => resolve(reading.result);
      });
      opened.close();
      return [image.naturalWidth, image.naturalHeight, kept.map(({ type }) => type)];
    }"""
    wait_for(
        lambda: ada.page.evaluate(size) == [1280, 720, ["image/jpeg"]],
        "the picture is kept",
    )

    ada.page.reload()
    wait_for(
        lambda: ada.page.evaluate("() => window.__contrast.frames") > 5,
        "the picture stands in",
        60,
    )
    assert ada.page.evaluate("() => window.__contrast.most") < _SHARP
    ada.page.get_by_role("button", name="Background", exact=True).click()
    expect(ada.page.get_by_role("radio", name="Your picture 1")).to_be_checked()
    ada.press("Remove your picture 1")
    expect(ada.page.get_by_role("radio", name="Strong blur")).to_be_checked()
