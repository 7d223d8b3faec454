"""The embedded SFU. ``__init__.pyi`` is the contract.

``commands`` has the values that go in, ``messages`` those that come out.
"""

from moothall_sfu._moothall_sfu import CODECS, Engine, __version__, collect_logs

__all__ = ["CODECS", "Engine", "__version__", "collect_logs"]
