"""Our public address as a STUN server reports it."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stun import mapped_answer, stun_server

from moothall.kit.public_address import (
    AddressUnknown,
    PublicAddress,
    binding_request,
    detect_public_address,
    parse_answer,
)

_TRANSACTION = bytes(range(12))


def test_address_is_asked_again_when_a_datagram_is_lost():
    with stun_server(("203.0.113.7", 7882), deaf_to=1) as server:
        assert detect_public_address(server) == PublicAddress("203.0.113.7", 7882)


def test_silence_and_nonsense_are_reported():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(AddressUnknown, match="does not answer"):
            detect_public_address(f"127.0.0.1:{silent.getsockname()[1]}", seconds=0.2)
    with pytest.raises(AddressUnknown, match=r"nowhere\.invalid:3478"):
        detect_public_address("nowhere.invalid:3478", seconds=0.2)


def test_request_is_a_binding_request():
    assert struct.unpack("!HHI", binding_request(_TRANSACTION)[:8]) == (1, 0, 0x2112A442)


def test_only_the_answer_to_this_question_counts():
    answer = mapped_answer(_TRANSACTION, "198.51.100.4", 5000)

    assert parse_answer(answer, _TRANSACTION) == PublicAddress("198.51.100.4", 5000)
    assert parse_answer(answer, bytes(12)) is None
    assert parse_answer(b"\x01\x11" + answer[2:], _TRANSACTION) is None
    for cut in range(len(answer)):
        assert parse_answer(answer[:cut], _TRANSACTION) is None


@given(at=st.integers(0, 39), value=st.integers(0, 255), tail=st.binary(max_size=40))
def test_mangled_answers_are_no_error(at: int, value: int, tail: bytes):
    answer = bytearray(mapped_answer(_TRANSACTION, "198.51.100.4", 5000) + tail)
    answer[at] = value

    parse_answer(bytes(answer), _TRANSACTION)
