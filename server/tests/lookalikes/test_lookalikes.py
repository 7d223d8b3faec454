import pytest

from moothall.lookalikes.model import Person, lookalikes


def marked(host: str, *guests: str) -> list[str]:
    people = {guest: Person(guest, is_host=False) for guest in guests}
    found = lookalikes({"host": Person(host, is_host=True), **people})
    return [guest for guest in guests if guest in found]


@pytest.mark.parametrize(
    "guest",
    [
        "Grace Hopper",
        "grace hopper",
        "GRACE HOPPER",
        "Grаce Hopper",  # Cyrillic а
        "Ꮐrace Ηopper",  # Cherokee Ꮐ, Greek Η
        "𝐆𝐫𝐚𝐜𝐞 𝗛𝗼𝗽𝗽𝗲𝗿",
        "Grâce Hopper",
        "Grace-Hopper",
        "GraceHopper",
        "Grace  Hopper.",
        "Grace H0pper",
        "Grace Hopper (2)",
        "Grace Hopper (Host)",
        "👑 Grace Hopper",
        "Gastgeber: Grace Hopper",
    ],
)
def test_a_name_that_passes_for_that_of_a_host_is_marked(guest: str) -> None:
    assert marked("Grace Hopper", guest) == [guest]


@pytest.mark.parametrize(
    "guest", ["Grace", "Hopper", "Grace Hooper", "Graciela Hopper", "Ada", "🎉", "007", "李雷", "Grace Hopper 2"]
)
def test_another_name_is_not(guest: str) -> None:
    assert marked("Grace Hopper", guest) == []


@pytest.mark.parametrize("title", ["Host", "HOST 1", "Ноst", "Hôte", "מארח", "المضيف", "主持人"])
def test_a_guest_whose_name_is_a_title_is_marked_whatever_the_host_is_called(title: str) -> None:
    assert marked("Grace Hopper", title) == [title]


def test_rooms_with_numbers_are_told_apart() -> None:
    assert marked("Room 4", "Room 5", "Room 4") == ["Room 4"]


def test_capitals_are_compared_as_they_look() -> None:
    # Greek capital Nu, whose small letter looks like a v.
    assert marked("Nina", "Νina") == ["Νina"]
