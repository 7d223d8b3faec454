"""The embedded SFU. See ``__init__.pyi`` for the contract."""

from moothall_sfu._moothall_sfu import Engine, __version__

__all__ = ["Engine", "__version__"]
