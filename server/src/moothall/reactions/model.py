"""The reactions that people can send."""

from enum import StrEnum


class Reaction(StrEnum):
    """The page chooses the picture."""

    THUMBS_UP = "thumbs_up"
    CLAP = "clap"
    HEART = "heart"
    LAUGH = "laugh"
    WOW = "wow"
    PARTY = "party"
