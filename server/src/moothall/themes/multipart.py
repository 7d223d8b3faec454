"""Reads one multipart form (RFC 7578): short fields, then a file. Sans-IO: bytes go in, fields and file come out.

Everything is bounded before it is kept. A part named ``file`` is the file; every other part is a field, whether or not it carries a file
name (one known client sends all its fields as files). What follows the file is ignored, as S3 does.
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
# What may surround the file: the fields, their headers and the boundaries.
MAX_OVERHEAD_BYTES = MAX_FIELDS_BYTES + MAX_PARTS * (_MAX_HEADERS * 2 * _MAX_HEADER_BYTES + _MAX_BOUNDARY_LENGTH)

FILE_PART = "file"


class FormMalformed(Exception):
    """These bytes are not a form we read."""


class FileTooLarge(Exception):
    """The file has more bytes than allowed."""


class FormReader:
    """One form. ``feed`` it in pieces of any size, then ``finish``."""

    def __init__(self, content_type: str, *, max_file_bytes: int) -> None:
        """Raises FormMalformed when the Content-Type names no multipart form."""
        self.fields: dict[str, str] = {}
        self.file: bytearray | None = None
        self._max_file_bytes = max_file_bytes
        self._bytes_left = max_file_bytes + MAX_OVERHEAD_BYTES
        self._parts = 0
        self._fields_bytes = 0
        self._complete = False
        self._begin_part()
        self._parser = MultipartParser(
            _boundary(content_type),
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

    @property
    def file_begun(self) -> bool:
        """Whether every field that counts has been read."""
        return self.file is not None

    def feed(self, piece: bytes) -> None:
        """Raises FormMalformed, FileTooLarge."""
        self._bytes_left -= len(piece)
        if self._bytes_left < 0:
            raise FormMalformed("the body is too large")
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise FormMalformed("the body is not a well-formed form") from error

    def finish(self) -> None:
        """The body is over. Raises FormMalformed when the form is not."""
        if not self._complete:
            raise FormMalformed("the form ends too early")

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


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= _MAX_BOUNDARY_LENGTH:
        raise FormMalformed("the request is not multipart/form-data")
    return boundary


def _bounded(piece: bytes, so_far: bytearray, limit: int) -> bytes:
    if len(so_far) + len(piece) > limit:
        raise FormMalformed("a part is too large")
    return piece
