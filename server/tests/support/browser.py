"""Where this machine keeps its Chromium."""

import os
import shutil


def chromium_path() -> str:
    """Raises LookupError with what to do about it."""
    for name in (os.environ.get("MOOTHALL_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name) if name else None
        if path:
            return path
    raise LookupError("no Chromium found: install Debian's package `chromium` or set MOOTHALL_CHROMIUM")
