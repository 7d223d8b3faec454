"""Takes the README's screenshot of a real meeting: `make picture`.

One server and four browsers, with drawn people in place of cameras.
"""

import io
import json
import sys
import tempfile
from pathlib import Path
from urllib.request import Request, urlopen

from moothall_process import ROOT, MoothallProcess
from people import Person
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 1280, 720
FRAMES = 30
# Name, background from and to, skin, hair, clothes.
CAST = [
    ("Ada", "#f4d9b8", "#c98f63", "#e0ac86", "#3a2420", "#2d5d5b"),
    ("Grace", "#c7d8e8", "#6f8fae", "#8d5b3f", "#1c1717", "#b7472a"),
    ("Alan", "#d9e4cf", "#8fa67c", "#f0c7a4", "#6b4a2b", "#35425e"),
    ("Hedy", "#e6d3e4", "#a37aa3", "#d79e78", "#171213", "#d8a531"),
]


def portrait(background: str, shade: str, skin: str, hair: str, clothes: str, *, sway: float) -> Image.Image:
    picture = Image.new("RGB", (WIDTH, HEIGHT), background)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((WIDTH * 0.45, -HEIGHT * 0.5, WIDTH * 1.4, HEIGHT * 1.1), fill=shade)
    picture = picture.filter(ImageFilter.GaussianBlur(120))
    draw = ImageDraw.Draw(picture)
    middle = WIDTH / 2 + sway * 10
    draw.rounded_rectangle((middle - 270, 520, middle + 270, 1000), 190, fill=clothes)
    draw.rounded_rectangle((middle - 150, 150, middle + 150, 470), 150, fill=hair)
    draw.rounded_rectangle((middle - 62, 430, middle + 62, 580), 60, fill=skin)
    draw.ellipse((middle - 122, 190, middle + 122, 480), fill=skin)
    draw.pieslice((middle - 132, 160, middle + 132, 400), 180, 360, fill=hair)
    for side in (-1, 1):
        draw.ellipse((middle + side * 50 - 10, 330, middle + side * 50 + 10, 350), fill="#2a2020")
    draw.arc((middle - 46, 360, middle + 46, 430), 25, 155, fill="#7c2f2a", width=8)
    return picture.filter(ImageFilter.GaussianBlur(1.2))


def film(folder: Path, name: str, *colours: str) -> Path:
    """A short film of one drawn person as motion JPEG, which Chromium takes for a camera."""
    path = folder / f"{name}.mjpeg"
    with path.open("wb") as file:
        for number in range(FRAMES):
            frame = io.BytesIO()
            portrait(*colours, sway=abs(number - FRAMES / 2) / FRAMES).save(frame, "JPEG", quality=90)
            file.write(frame.getvalue())
    return path


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        server = MoothallProcess(folder)
        server.start()
        application = server.create_application("Picture")
        room = create_room(application.url, application.token())
        people = []
        for who, *colours in CAST:
            camera = f"--use-file-for-fake-video-capture={film(folder, who, *colours)}"
            devices = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", camera]
            people.append(Person(playwright, who, arguments=devices))
            links = room["_links"]
            people[-1].open(links["guest_url" if len(people) > 1 else "host_url"]["href"])
            people[-1].join()
        for who, *_ in CAST:
            people[0].sees_tile_of(who)
        people[0].wait_for_media()
        people[0].page.wait_for_timeout(8000)
        people[0].page.screenshot(path=target)
        for person in people:
            person.close()
        server.stop()


def create_room(url: str, token: str) -> dict[str, dict[str, dict[str, str]]]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"display_name": "Weekly planning"}).encode()
    with urlopen(Request(f"{url}/v1/meetings/rooms", body, headers)) as response:  # noqa: S310
        room: dict[str, dict[str, dict[str, str]]] = json.load(response)
        return room


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images" / "meeting.png")
