import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moothall.themes.multipart import (
    MAX_FIELD_BYTES,
    MAX_PARTS,
    FileTooLarge,
    FormMalformed,
    FormReader,
)

BOUNDARY = "----a-boundary"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
MAX_FILE = 1000


def part(name: str, content: bytes, *, filename: str | None = None, extra: str = "") -> bytes:
    suffix = "" if filename is None else f'; filename="{filename}"'
    return (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{suffix}\r\n{extra}\r\n'.encode()
        + content
        + b"\r\n"
    )


END = f"--{BOUNDARY}--\r\n".encode()


def read(body: bytes, *, content_type: str = CONTENT_TYPE, piece: int = 64) -> FormReader:
    reader = FormReader(content_type, max_file_bytes=MAX_FILE)
    for start in range(0, len(body), piece):
        reader.feed(body[start : start + piece])
    reader.finish()
    return reader


@given(piece=st.integers(1, 300), content=st.binary(max_size=500))
def test_fields_and_file_come_out_however_the_bytes_arrive(piece: int, content: bytes):
    reader = read(part("key", b"k") + part("Policy", b"p") + part("file", content, filename="a.png") + END, piece=piece)

    assert reader.fields == {"key": "k", "Policy": "p"}
    assert reader.file == content


def test_fields_may_come_as_files():
    reader = read(part("key", b"k", filename="key") + part("file", b"x", filename="logo.png") + END)

    assert reader.fields == {"key": "k"}
    assert reader.file == b"x"


def test_names_may_come_without_quotes_and_with_other_headers():
    body = (
        f"--{BOUNDARY}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=key\r\n\r\nk\r\n"
    ).encode()

    reader = read(body + part("file", b"x", extra="Content-Length: 1\r\n") + END)

    assert reader.fields == {"key": "k"}


def test_a_boundary_may_be_quoted():
    reader = read(part("file", b"x") + END, content_type=f'multipart/form-data; boundary="{BOUNDARY}"')

    assert reader.file == b"x"


def test_the_file_begins_when_all_fields_are_read():
    reader = FormReader(CONTENT_TYPE, max_file_bytes=MAX_FILE)

    reader.feed(part("key", b"k"))
    assert not reader.file_begun
    reader.feed(part("file", b"begin")[:-2])
    assert reader.file_begun
    assert reader.fields == {"key": "k"}


def test_what_follows_the_file_is_ignored():
    reader = read(part("file", b"x") + part("key", b"late") + part("file", b"y") + END)

    assert reader.fields == {}
    assert reader.file == b"x"


def test_a_field_must_not_appear_twice():
    with pytest.raises(FormMalformed, match="twice"):
        read(part("key", b"a") + part("key", b"b") + END)


def test_a_form_has_a_dozen_parts_at_most():
    fields = b"".join(part(f"f{number}", b"x") for number in range(MAX_PARTS - 1))
    assert read(fields + part("file", b"x") + END).file == b"x"

    with pytest.raises(FormMalformed, match="parts"):
        read(fields + part("one-more", b"x") + part("file", b"x") + END)


def test_a_large_field_is_refused():
    with pytest.raises(FormMalformed, match="too large"):
        read(part("key", b"x" * (MAX_FIELD_BYTES + 1)) + END)


def test_many_large_fields_are_refused():
    with pytest.raises(FormMalformed, match="too large"):
        read(b"".join(part(f"f{number}", b"x" * MAX_FIELD_BYTES) for number in range(6)) + END)


def test_a_large_file_is_refused_before_it_is_kept():
    reader = FormReader(CONTENT_TYPE, max_file_bytes=MAX_FILE)
    reader.feed(part("file", b"x" * MAX_FILE)[:-2])

    with pytest.raises(FileTooLarge):
        reader.feed(b"y")

    assert reader.file is not None
    assert len(reader.file) == MAX_FILE


@pytest.mark.parametrize("extra", ["X-Long: " + "x" * 2000 + "\r\n", "X-A: 1\r\n" * 9, "X" * 2000 + ": 1\r\n"])
def test_large_and_many_headers_are_refused(extra: str):
    with pytest.raises(FormMalformed):
        read(part("key", b"k", extra=extra) + END)


def test_an_endless_preamble_or_epilogue_is_refused():
    with pytest.raises(FormMalformed):
        read(b"x" * 10_000_000, piece=65536)
    with pytest.raises(FormMalformed):
        read(part("file", b"x") + END + b"x" * 10_000_000, piece=65536)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=x",
        "multipart/form-data; boundary=" + "x" * 300,
    ],
)
def test_only_multipart_forms_are_read(content_type: str):
    with pytest.raises(FormMalformed):
        FormReader(content_type, max_file_bytes=MAX_FILE)


@pytest.mark.parametrize(
    "disposition",
    ["", "attachment; name=key", "form-data", 'form-data; name=""', f'form-data; name="{"x" * 100}"'],
)
def test_a_part_needs_a_name(disposition: str):
    body = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\nk\r\n".encode()

    with pytest.raises(FormMalformed):
        read(body + END)


@pytest.mark.parametrize("body", [b"", part("key", b"k"), part("file", b"x")[:-2], b"--", b"\r\n\r\n"])
def test_a_form_that_ends_too_early_is_refused(body: bytes):
    with pytest.raises(FormMalformed):
        read(body)


def test_a_form_without_a_file_ends_without_one():
    assert read(END).file is None


@settings(max_examples=300)
@given(
    body=st.binary(max_size=400)
    | st.lists(
        st.sampled_from([b"--", BOUNDARY.encode(), b"\r\n", b":", b"Content-Disposition", b"form-data; name=x", b"x"]),
        max_size=30,
    ).map(b"".join)
)
def test_no_bytes_crash_the_reader(body: bytes):
    try:
        read(body)
    except (FormMalformed, FileTooLarge):
        return


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_the_boundary_is_read_from_the_body_when_the_header_has_none(step: int) -> None:
    body = b'--cut\r\nContent-Disposition: form-data; name="file"\r\n\r\nimage\r\n--cut--\r\n'
    reader = FormReader("multipart/form-data", max_file_bytes=100)

    for start in range(0, len(body), step):
        reader.feed(body[start : start + step])
    reader.finish()

    assert reader.file == b"image"


@pytest.mark.parametrize("body", [b"x" * 500, b"cut\r\n", b"--\r\n", b"--" + b"x" * 300 + b"\r\n"])
def test_a_body_without_a_boundary_is_malformed(body: bytes) -> None:
    reader = FormReader("multipart/form-data", max_file_bytes=100)

    with pytest.raises(FormMalformed, match="no boundary"):
        reader.feed(body)
