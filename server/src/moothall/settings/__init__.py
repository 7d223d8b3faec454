"""The settings: one frozen object, read once at start and passed on as values.

``Settings`` (``fields.py``) is the only place where a setting is written down. The options of the
commands, the ``MOOTHALL_*`` variables, the keys of the TOML file and docs/settings.md follow from
it.
"""

from moothall.settings.fields import DialInNumber, Settings
from moothall.settings.loading import SettingsInvalid, load_settings, unknown_variables
from moothall.settings.stored_secrets import ServerSecrets, load_secrets

__all__ = [
    "DialInNumber",
    "ServerSecrets",
    "Settings",
    "SettingsInvalid",
    "load_secrets",
    "load_settings",
    "unknown_variables",
]
