"""Hostile input against a server with a meeting in it.

Nothing breaks, nothing leaks, and the people notice nothing.
"""

import os
import random
import socket
from collections.abc import Callable
from typing import Any

from moothall_process import MoothallProcess
from people import Person

BURST = 20_000


def test_garbage_on_the_udp_port_disturbs_nobody(
    server: MoothallProcess, create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    ada, grace = person("Ada"), person("Grace")
    for someone in (ada, grace):
        someone.open(link)
        someone.join()
    before = ada.wait_for_media()

    dice = random.Random(20261122)  # noqa: S311 - garbage that repeats
    openings = [
        b"",
        b"\x00\x01\x00\x00\x21\x12\xa4\x42",
        b"\x16\xfe\xfd",
        b"\x17\xfe\xfd",
        b"\x80\x60",
        b"\x80\xc8",
        b"\x90\x6f",
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(BURST):
            size = dice.choice((0, 1, 3, 12, 40, 300, 1200, 1500, 9000, 60000))
            stranger.sendto(dice.choice(openings) + os.urandom(size), ("127.0.0.1", server.udp_port))
        stranger.settimeout(0.2)
        try:
            answered = stranger.recv(2048)
        except TimeoutError:
            answered = b""
    assert answered == b"", "a stranger gets no answer"

    ada.wait_for_media(more_than=before)
    grace.wait_for_media()
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "panicked" not in log


def test_secrets_stay_out_of_the_log(
    server: MoothallProcess, create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    ada = person("Ada")
    ada.open(create_room()["_links"]["host_url"]["href"])
    ada.join()
    ada.sees_tile_of("Ada")
    ada.press("Leave")
    server.stop()
    assert "eyJ" not in server.log.read_text(), "a token was logged"
