import pytest

from moothall.db.sqlite_library import is_safe, sqlite_version


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
    ],
)
def test_versions_that_can_corrupt_a_wal_are_refused(version: tuple[int, int, int], safe: bool) -> None:
    assert is_safe(version) is safe


def test_the_installed_library_is_safe() -> None:
    assert is_safe(sqlite_version())
