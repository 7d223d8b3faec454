"""Signing secrets: generated on the first start and kept in the data directory."""

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from moothall.kit.ids import new_secret
from moothall.settings.fields import Settings
from moothall.settings.loading import SettingsInvalid


@dataclass(frozen=True, slots=True)
class ServerSecrets:
    """The server's signing secrets. None of them ever leaves the process or its data directory."""

    host_token: str = field(repr=False)
    control_token: str = field(repr=False)
    livekit_api_secret: str = field(repr=False)
    livekit_api_key: str = "moothall"


def load_secrets(settings: Settings) -> ServerSecrets:
    """Read ``secrets.json`` of the data directory; the first start creates it (mode 0600).

    Settings win over the file.

    Two processes that start at once agree: the file that appears first is kept. Raises
    SettingsInvalid for a damaged file, OSError when the data directory cannot be written.
    """
    path = settings.data_dir / "secrets.json"
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_once(path, json.dumps({name: new_secret() for name in _GENERATED}, indent=2))
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        kept = {name: str(stored[name]) for name in _GENERATED}
    except (ValueError, KeyError, TypeError):
        raise SettingsInvalid(
            f"{path} is damaged: restore it from a backup, or delete it to make new secrets"
        ) from None
    for name in _GENERATED:
        given: SecretStr | None = getattr(settings, name)
        if given is not None:
            kept[name] = given.get_secret_value()
    return ServerSecrets(
        host_token=kept["host_token_secret"],
        control_token=kept["control_token_secret"],
        livekit_api_secret=kept["livekit_api_secret"],
    )


_GENERATED = ("host_token_secret", "control_token_secret", "livekit_api_secret")


def _write_once(path: Path, text: str) -> None:
    """Create a complete file with mode 0600, unless ``path`` exists.

    A hard link appears whole or not at all.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        Path(temporary).unlink()
