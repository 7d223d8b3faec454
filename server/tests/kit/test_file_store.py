"""Files of ours in a folder: named by UUIDs, whole or absent, private."""

import stat
from pathlib import Path

import pytest

from moothall.kit.file_store import FileStore

NAME = "7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80"


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files", (".png", ".mp4"))


def test_a_file_is_read_replaced_and_removed(store: FileStore) -> None:
    assert store.read(f"{NAME}.png", 10) is None
    assert store.stat(f"{NAME}.png") is None
    store.write(f"{NAME}.png", b"first")
    store.write(f"{NAME}.png", b"second")
    assert store.read(f"{NAME}.png", 3) == b"sec"
    found = store.stat(f"{NAME}.png")
    assert found is not None
    assert found.st_size == len(b"second")
    store.remove(f"{NAME}.png")
    store.remove(f"{NAME}.png")
    assert list(store.folder.iterdir()) == []


def test_files_and_their_folder_are_private(store: FileStore) -> None:
    store.write(f"{NAME}.png", b"x")
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.path(f"{NAME}.png").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "name",
    ["", ".png", NAME, f"{NAME}.jpg", f"{NAME}.png.jpg", f"{NAME}.png\n", f"../{NAME}.png", f"{NAME.upper()}.png"],
)
def test_other_names_are_refused(store: FileStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a file name of ours"):
        store.path(name)
    with pytest.raises(ValueError, match="not a file name of ours"):
        store.read(name, 1)
    assert store.stat(name) is None


def test_a_link_is_not_a_file(store: FileStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    store.folder.mkdir()
    store.path(f"{NAME}.png").symlink_to(outside)
    assert store.stat(f"{NAME}.png") is None


def test_a_failed_write_leaves_the_old_file_and_no_trace(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(f"{NAME}.png", b"old")

    def fail(_descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("moothall.kit.file_store.os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        store.write(f"{NAME}.png", b"new")
    assert [path.name for path in store.folder.iterdir()] == [f"{NAME}.png"]
    assert store.read(f"{NAME}.png", 10) == b"old"
