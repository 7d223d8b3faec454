"""Which codec an answer names first, and whether audio may be redundant."""

from moothall.signalling.sdp import forbid_redundancy, prefer_codecs

HEAD = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
VIDEO = (
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 105\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
    "a=rtpmap:102 H264/90000\r\na=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1\r\n"
    "a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\na=rtpmap:104 H264/90000\r\na=rtpmap:105 rtx/90000\r\na=fmtp:105 apt=104\r\n"
)
AUDIO = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=mid:{mid}\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n"
    "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"
)
DATA = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n"
SDP = HEAD + AUDIO.format(mid="a") + AUDIO.format(mid="b") + VIDEO.format(mid="0") + VIDEO.format(mid="1") + DATA


def test_preferred_codec_comes_first_with_its_retransmissions() -> None:
    changed = prefer_codecs(SDP, {"1": "h264"})

    media = [line for line in changed.split("\r\n") if line.startswith("m=video")]
    assert media == [
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 105",
        "m=video 9 UDP/TLS/RTP/SAVPF 102 103 104 105 96 97",
    ]
    assert sorted(changed.split()) == sorted(SDP.split())
    assert changed.count("\r\n") == SDP.count("\r\n")


def test_what_is_first_unknown_or_not_asked_for_changes_nothing() -> None:
    for codecs in ({}, {"0": "vp8"}, {"0": "vp9"}, {"2": "h264"}, {"0": ""}, {"d": "h264"}, {"a": "opus"}):
        assert prefer_codecs(SDP, codecs) == SDP
    assert prefer_codecs("", {"0": "h264"}) == ""


def test_a_section_begins_after_a_whole_line_end() -> None:
    odd = HEAD + AUDIO.format(mid="b")[:-2] + "\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"

    assert forbid_redundancy(odd + DATA, {"b"}).endswith("minptime=10;useinbandfec=1\r\n" + DATA)


def test_redundancy_is_forbidden_in_the_sections_named() -> None:
    plain = (
        AUDIO.format(mid="b").replace("a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n", "").replace(" 63 111", " 111")
    )

    assert forbid_redundancy(SDP, {"b", "0", "d"}) == SDP.replace(AUDIO.format(mid="b"), plain)
    assert forbid_redundancy(SDP, ()) == SDP
