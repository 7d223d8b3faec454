"""Use cases of the event and delivery log.

Each runs in the transaction of the connection it is given.
"""

from collections.abc import Sequence
from datetime import datetime

from moothall.api.errors import BadRequest, Conflict, NotFound
from moothall.callbacks import outbox, store
from moothall.callbacks.events import CallbackTest
from moothall.callbacks.model import DeliveryDetails, Event, Topic
from moothall.db import Connection
from moothall.kit.ids import new_uuid

MOST_REDELIVERED = 10_000
# The schedule has eleven attempts; more come from redelivery.
MOST_ATTEMPTS_SHOWN = 100


def get_delivery(connection: Connection, application_id: str, delivery_id: int) -> DeliveryDetails:
    """Return a delivery with its body and its newest attempts.

    Raises NotFound, also for another application's delivery.
    """
    delivery = store.find_delivery(connection, application_id, delivery_id)
    if delivery is None:
        raise NotFound(f"Delivery {delivery_id} was not found")
    return DeliveryDetails(
        delivery,
        store.find_body(connection, delivery.event_id),
        store.list_attempts(connection, delivery_id, limit=MOST_ATTEMPTS_SHOWN),
    )


def send_test(connection: Connection, application_id: str, webhook: Topic, now: datetime) -> DeliveryDetails:
    """Write an event that is sent to this webhook of the application as any other, and return it.

    Its room does not exist, so no room's callbacks wait for it. Raises Conflict without a webhook.
    """
    place = new_uuid()
    test = CallbackTest(webhook=webhook, sent_at=now)
    happened = Event(
        application_id=application_id,
        room_id=place,
        topic=webhook,
        name=test.event,
        payload=test.render(),
        url=None,
        metadata=None,
        at=now,
    )
    outbox.record(connection, happened)
    found = store.list_deliveries(
        connection, application_id, room_id=place, status=None, event=None, newest_first=False, after=0, limit=1
    )
    if not found:
        raise Conflict(f"The application has no webhook {webhook.value} to send a test event to")
    return get_delivery(connection, application_id, found[0].id)


def redeliver(connection: Connection, application_id: str, delivery_id: int, now: datetime) -> DeliveryDetails:
    """Make a delivery due now, whatever its state.

    Raises NotFound; Conflict during an attempt.
    """
    get_delivery(connection, application_id, delivery_id)
    if not store.redeliver(connection, application_id, delivery_id, now):
        raise Conflict(f"An attempt of delivery {delivery_id} is in progress")
    return get_delivery(connection, application_id, delivery_id)


def redeliver_between(
    connection: Connection, application_id: str, start: datetime, end: datetime, now: datetime
) -> int:
    """Everything that is not pending, of events from ``start`` until before ``end``.

    Raises BadRequest when that is too much.
    """
    if store.count_ended_between(connection, application_id, start, end) > MOST_REDELIVERED:
        raise BadRequest(f"More than {MOST_REDELIVERED} deliveries lie between these times: choose a shorter period")
    return store.redeliver_between(connection, application_id, start, end, now)


def redeliver_events(connection: Connection, application_id: str, event_ids: Sequence[str], now: datetime) -> int:
    """Redeliver the callbacks of these events that are not pending, and return their number.

    Unknown ids and those of other applications are ignored.
    """
    return store.redeliver_events(connection, application_id, event_ids, now)
