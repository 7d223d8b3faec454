"""Bytes read as a sequence of choices, so that mutated inputs remain valid scenarios."""

from collections.abc import Sequence
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

T = TypeVar("T")

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (4, True),
    FieldDescriptor.CPPTYPE_UINT32: (4, False),
    FieldDescriptor.CPPTYPE_INT64: (8, True),
    FieldDescriptor.CPPTYPE_UINT64: (8, False),
    FieldDescriptor.CPPTYPE_BOOL: (1, False),
}
_MOST_FIELDS = 8
_DEEPEST = 5
# The factor by which elements or characters are repeated to reach limits.
_MANY = 300
_MARKS = 8
# Characters in one field at most: no more than a client could say at once.
_LARGEST = 64 * 1024


class Choices:
    """At the end of the bytes every choice is the first one, so every input is a whole story.

    ``words``: strings that mean something.
    """

    def __init__(self, data: bytes, words: Sequence[str] = ()) -> None:
        self._data = data
        self._at = 0
        self.words = words

    @property
    def more(self) -> bool:
        return self._at < len(self._data)

    def byte(self) -> int:
        chosen = self._data[self._at] if self.more else 0
        self._at += 1
        return chosen

    def pick(self, options: Sequence[T]) -> T:
        return options[self.byte() % len(options)]

    def piece(self, most: int) -> bytes:
        """Return a number from the next two bytes."""
        size = (self.byte() << 8 | self.byte()) % (most + 1)
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken

    def rest(self) -> bytes:
        taken = self._data[self._at :]
        self._at = len(self._data)
        return taken

    def number(self, width: int, *, signed: bool = False) -> int:
        """Small, or all of ``width`` bytes."""
        kind = self.byte()
        if kind % 4:
            return kind // 4
        return int.from_bytes(bytes(self.byte() for _ in range(width)), "big", signed=signed)

    def text(self) -> str:
        """A word that means something, any short text, or one as long as the limits or longer."""
        kind = self.byte()
        if self.words and kind % 4 < 2:
            return self.words[kind // 4 % len(self.words)]
        if kind % 4 == 2:
            return self.piece(64).decode(errors="ignore")
        return self.pick(("x", "é", "𝄞", '"', " ", "\0")) * (kind // 4 * _MANY)

    def message(self, message: Message, depth: int = 0) -> None:
        """Fill some fields of a protobuf message, whatever its type."""
        fields = message.DESCRIPTOR.fields
        for _ in range(1 + self.byte() % _MOST_FIELDS):
            self._fill(message, self.pick(fields), depth)

    def _fill(self, message: Message, field: FieldDescriptor, depth: int) -> None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            entry = field.message_type.fields_by_name
            for _ in range(self._count()):
                key = self._scalar(entry["key"])
                if entry["value"].message_type is None:
                    getattr(message, field.name)[key] = self._scalar(entry["value"])
        elif field.message_type is not None:
            if depth >= _DEEPEST:
                return
            if field.is_repeated:
                for _ in range(1 + self.byte() % 4):
                    self.message(getattr(message, field.name).add(), depth + 1)
            else:
                getattr(message, field.name).SetInParent()
                self.message(getattr(message, field.name), depth + 1)
        elif field.is_repeated:
            value = self._scalar(field)
            size = len(value) if isinstance(value, str | bytes) else 1
            getattr(message, field.name).extend([value] * min(self._count(), _LARGEST // (size + 1) + 1))
        else:
            setattr(message, field.name, self._scalar(field))

    def _count(self) -> int:
        kind = self.byte()
        return kind // _MARKS * _MANY if kind % _MARKS == 0 else kind % _MARKS

    def _scalar(self, field: FieldDescriptor) -> Any:
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            return self.piece(64) if field.type == FieldDescriptor.TYPE_BYTES else self.text()
        if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
            known = field.enum_type.values_by_number
            number = self.byte()
            return sorted(known)[number % len(known)] if number < 0xF0 else number
        if field.cpp_type in _INTEGERS:
            width, signed = _INTEGERS[field.cpp_type]
            number = self.number(width, signed=signed)
            return bool(number) if width == 1 else number
        return self.number(2) / 16
