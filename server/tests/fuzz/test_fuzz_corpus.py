"""Every input that was ever interesting, as it is and a little changed."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.protocol import rtc as pb
from support.chaos import Chaos

from fuzz.choices import Choices
from fuzz.meeting import ACTS
from fuzz.targets import TARGETS
from moothall.livekit.codec import decode_request

CORPUS = Path(__file__).parent / "corpus"
INPUTS = {name: [path.read_bytes() for path in sorted((CORPUS / name).iterdir())] for name in TARGETS}


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_takes_its_whole_corpus(name: str) -> None:
    assert len(INPUTS[name]) >= 3
    for data in INPUTS[name]:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_no_target_minds_what_is_cut_changed_or_put_together(name: str) -> None:
    inputs = st.sampled_from(INPUTS[name])

    @settings(max_examples=60, deadline=None)
    @given(inputs, inputs, st.data())
    def vary(first: bytes, second: bytes, data: st.DataObject) -> None:
        varied = bytearray(first[: data.draw(st.integers(0, len(first)))] + second)
        for _ in range(data.draw(st.integers(0, 4)) if varied else 0):
            varied[data.draw(st.integers(0, len(varied) - 1))] = data.draw(st.integers(0, 255))
        TARGETS[name](bytes(varied))

    vary()


def test_whatever_a_room_can_be_put_through_the_fuzzer_can_do() -> None:
    assert {name.removeprefix("do_") for name in dir(Chaos) if name.startswith("do_")} <= set(ACTS)


@pytest.mark.parametrize("number", range(len(pb.SignalRequest.DESCRIPTOR.fields)))
def test_choices_reach_every_message_a_client_can_send(number: int) -> None:
    message = pb.SignalRequest()

    Choices(bytes([0, number])).message(message)

    assert message.WhichOneof("message") == pb.SignalRequest.DESCRIPTOR.fields[number].name


def test_at_the_end_of_the_bytes_a_story_ends_well() -> None:
    choices = Choices(b"\x05")

    assert (choices.byte(), choices.byte(), choices.piece(9), choices.rest(), choices.more) == (5, 0, b"", b"", False)
    assert decode_request(b"") is not None
