"""Raising and lowering hands in a running meeting."""

from collections.abc import Mapping, Sequence

from moothall.feeds.model import STATE, Change, Entry
from moothall.hands import model
from moothall.meeting.access import Caller, Insider
from moothall.meeting.feeds import Feeds, Rule, Scene
from moothall.meeting.notices import Notices


class Hands:
    def __init__(self, feeds: Feeds, notices: Notices) -> None:
        self._feeds = feeds
        self._notices = notices

    async def raise_own(self, caller: Insider, *, raised: bool) -> None:
        """Raise or lower one's own hand. Raises NotPermitted, FeedFull."""

        def rule(scene: Scene, hands: Mapping[str, Entry]) -> Sequence[Change]:
            if raised:
                return model.raise_hand(hands, caller.participant_id, scene.at)
            return model.lower_hand(hands, caller.participant_id)

        await self._feeds.change(caller, STATE, rule, prefix=model.PREFIX)

    async def lower(self, caller: Caller, participant_id: str) -> None:
        """Lower somebody's hand, and tell them who did. Raises NotPermitted, SessionUnknown."""

        def rule(scene: Scene, hands: Mapping[str, Entry]) -> Sequence[Change]:
            scene.moderates()
            return model.lower_hand(hands, participant_id)

        await self._change(caller, rule)

    async def lower_all(self, caller: Caller) -> None:
        """Lower every hand. Raises NotPermitted, SessionUnknown."""

        def rule(scene: Scene, hands: Mapping[str, Entry]) -> Sequence[Change]:
            scene.moderates()
            return model.lower_all(hands)

        await self._change(caller, rule)

    async def _change(self, caller: Caller, rule: Rule) -> None:
        lowered = await self._feeds.change(caller, STATE, rule, prefix=model.PREFIX)
        people = [entry.key.removeprefix(model.PREFIX) for entry in lowered]
        if people:
            await self._notices.tell(caller.room_id, {"type": "hand_lowered", "by": caller.by}, to=people)
