"""Parses one multipart form (RFC 7578): short fields, then a file. Does no I/O.

Everything is bounded before it is kept. A part named ``file`` is the file; every other part is a
field, whether or not it carries a file name (the Python SDK sends all fields as files). Anything
after the file is ignored, as S3 does. A Content-Type without a boundary, as the PHP SDK sends, is
completed from the first line of the body.
"""

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

MAX_PARTS = 12
MAX_FIELD_BYTES = 8192
MAX_FIELDS_BYTES = 32 * 1024
_MAX_NAME_BYTES = 64
_MAX_HEADERS = 8
_MAX_HEADER_BYTES = 1024
_MAX_BOUNDARY_LENGTH = 200
# Bytes around the file: the fields, their headers and the boundaries.
MAX_OVERHEAD_BYTES = MAX_FIELDS_BYTES + MAX_PARTS * (_MAX_HEADERS * 2 * _MAX_HEADER_BYTES + _MAX_BOUNDARY_LENGTH)

FILE_PART = "file"


class FormMalformed(Exception):
    """The bytes are not a valid form."""


class FileTooLarge(Exception):
    """The file is larger than allowed."""


class FormReader:
    """One form. ``feed`` it in pieces of any size, then ``finish``."""

    def __init__(self, content_type: str, *, max_file_bytes: int) -> None:
        """Raises FormMalformed when the Content-Type is not multipart/form-data."""
        self.fields: dict[str, str] = {}
        self.file: bytearray | None = None
        self._max_file_bytes = max_file_bytes
        self._bytes_left = max_file_bytes + MAX_OVERHEAD_BYTES
        self._parts = 0
        self._fields_bytes = 0
        self._complete = False
        self._begin_part()
        self._first_line = bytearray()
        boundary = _boundary(content_type)
        self._parser = None if boundary is None else self._make_parser(boundary)

    @property
    def file_begun(self) -> bool:
        """Return whether all relevant fields have been read."""
        return self.file is not None

    def feed(self, piece: bytes) -> None:
        """Raises FormMalformed, FileTooLarge."""
        self._bytes_left -= len(piece)
        if self._bytes_left < 0:
            raise FormMalformed("the body is too large")
        if self._parser is None:
            self._first_line += piece
            line, ended, _ = self._first_line.partition(b"\r\n")
            if not ended and len(line) <= _MAX_BOUNDARY_LENGTH:
                return
            boundary = bytes(line.removeprefix(b"--"))
            if not line.startswith(b"--") or not 0 < len(boundary) <= _MAX_BOUNDARY_LENGTH:
                raise FormMalformed("the form has no boundary")
            self._parser = self._make_parser(boundary)
            piece = bytes(self._first_line)
            self._first_line.clear()
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise FormMalformed("the body is not a well-formed form") from error

    def finish(self) -> None:
        """End the body. Raises FormMalformed when the form is incomplete."""
        if not self._complete:
            raise FormMalformed("the form ends too early")

    def _make_parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_part_data": self._part_data,
                "on_part_end": self._end_part,
                "on_header_field": self._header_name_part,
                "on_header_value": self._header_value_part,
                "on_header_end": self._end_header,
                "on_headers_finished": self._headers_finished,
                "on_end": self._end,
            },
        )

    def _begin_part(self) -> None:
        self._name = ""
        self._value = bytearray()
        self._headers = 0
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._disposition = b""

    def _header_name_part(self, piece: bytes, start: int, end: int) -> None:
        self._header_name += _bounded(piece[start:end], self._header_name, _MAX_HEADER_BYTES)

    def _header_value_part(self, piece: bytes, start: int, end: int) -> None:
        self._header_value += _bounded(piece[start:end], self._header_value, _MAX_HEADER_BYTES)

    def _end_header(self) -> None:
        self._headers += 1
        if self._headers > _MAX_HEADERS:
            raise FormMalformed("a part has too many headers")
        if bytes(self._header_name).lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _headers_finished(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise FormMalformed(f"the form has more than {MAX_PARTS} parts")
        kind, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"")
        if kind != b"form-data" or not 0 < len(name) <= _MAX_NAME_BYTES:
            raise FormMalformed("a part has no name")
        self._name = name.decode("utf-8", "replace")
        if self.file is None and self._name == FILE_PART:
            self.file = bytearray()
        elif self.file is not None:
            self._name = ""
        elif self._name in self.fields:
            raise FormMalformed("a field appears twice")

    def _part_data(self, piece: bytes, start: int, end: int) -> None:
        if self._name == FILE_PART and self.file is not None:
            if len(self.file) + end - start > self._max_file_bytes:
                raise FileTooLarge
            self.file += piece[start:end]
        elif self._name:
            self._value += _bounded(piece[start:end], self._value, MAX_FIELD_BYTES)

    def _end_part(self) -> None:
        if self._name and self._name != FILE_PART:
            self._fields_bytes += len(self._value)
            if self._fields_bytes > MAX_FIELDS_BYTES:
                raise FormMalformed("the fields are too large")
            self.fields[self._name] = self._value.decode("utf-8", "replace")

    def _end(self) -> None:
        self._complete = True


def _boundary(content_type: str) -> bytes | None:
    """Return the boundary in this Content-Type, or None without one. Raises FormMalformed."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or (boundary is not None and not 0 < len(boundary) <= _MAX_BOUNDARY_LENGTH):
        raise FormMalformed("the request is not multipart/form-data")
    return boundary


def _bounded(piece: bytes, so_far: bytearray, limit: int) -> bytes:
    if len(so_far) + len(piece) > limit:
        raise FormMalformed("a part is too large")
    return piece
