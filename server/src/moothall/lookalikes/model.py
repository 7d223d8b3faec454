"""Rules of lookalikes: which guests have a name that passes for a host's. Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

import regex

from moothall.kit import names

# How people call a host in the languages of the page.
_TITLES = (
    "host cohost moderator organizer organiser admin administrator gastgeber gastgeberin leitung hôte animateur "
    "anfitrión anfitriona organizador organizadora organizzatore organizzatrice anfitrião anfitriã amfitrió amfitriona "
    "מארח מארחת מנהל מנהלת مضيف المضيف مضيفة منظم المنظم 主持人 主办人 主辦人"
)

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
# As the page tells people of one name apart.
_NUMBER = regex.compile(r"\(\p{Nd}+\)\s*$")
# No skeleton has a space.
_ONLY_A_TITLE = " "


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    is_host: bool


def lookalikes(people: Mapping[str, Person]) -> AbstractSet[str]:
    """The ids of guests whose name looks like that of a host inside, or says that they are one."""
    hosts = {_look_of(person.name) for person in people.values() if person.is_host}
    return {
        participant_id
        for participant_id, person in people.items()
        if not person.is_host and (_look_of(person.name) in hosts or _look_of(person.name) == _ONLY_A_TITLE)
    }


@lru_cache(maxsize=4096)
def _look_of(name: str) -> str:
    """The skeleton of a name without titles: "Grace (Host)" and "Grace (2)" look like "Grace"."""
    words = _WORD.findall(_NUMBER.sub("", name))
    kept = [word for word in words if names.skeleton(word) not in _titles()]
    if len(kept) < len(words) and all(word.isdecimal() for word in kept):
        return _ONLY_A_TITLE
    return "".join(names.skeleton(word) for word in kept) or names.comparable(name)


@lru_cache(maxsize=1)
def _titles() -> frozenset[str]:
    return frozenset(names.skeleton(word) for word in _TITLES.split())
