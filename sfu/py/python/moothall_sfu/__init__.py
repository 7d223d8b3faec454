"""The embedded SFU. See ``__init__.pyi`` for the contract."""

from typing import Literal

from moothall_sfu._moothall_sfu import Engine, __version__

Target = Literal["publisher", "subscriber"]
Kind = Literal["audio", "video"]
Section = tuple[str, Kind, str, list[str], str]
Event = tuple[object, ...]

__all__ = ["Engine", "Event", "Kind", "Section", "Target", "__version__"]
