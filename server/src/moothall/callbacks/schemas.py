"""Events and deliveries on the wire."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from moothall.api.fields import Line, Moment, choice_of
from moothall.callbacks.model import Attempt, DeliveryDetails, DeliveryStatus, LoggedDelivery, LoggedEvent, Topic
from moothall.kit.clock import render_dates, render_timestamp

_MOST_EVENT_IDS = 500


class LoggedEventBody(BaseModel):
    model_config = ConfigDict(title="Event")

    id: str = Field(description="The callback's `webhook-id`.", examples=["msg_6f0f…"])
    position: int = Field(description="Counts the application's events from 1 without a gap.", examples=[1042])
    room_id: str
    created_at: str = Field(examples=["2026-11-22T12:00:00.000Z"])
    body: dict[str, Any] = Field(
        description="The body of the callback.", examples=[{"event": "session:started", "sequence": 3}]
    )


class EventsBody(BaseModel):
    model_config = ConfigDict(title="Events")

    embedded: list[LoggedEventBody] = Field(alias="_embedded")
    after: int = Field(description="The `after` to go on with.", examples=[1042])
    has_more: bool


class AttemptBody(BaseModel):
    model_config = ConfigDict(title="DeliveryAttempt")

    number: int
    at: str
    duration_ms: int
    status: int | None = Field(description="The HTTP status of the answer; null when there was none.")
    error: str | None = Field(description="Why there was no answer.")
    excerpt: str | None = Field(description="The start of the answer's body, at most 1024 bytes.")


class DeliveryBody(BaseModel):
    model_config = ConfigDict(title="Delivery")

    id: int
    event_id: str
    event: str = Field(examples=["session:started"])
    room_id: str
    sequence: int
    url: str
    status: DeliveryStatus
    attempts: int = Field(description="Attempts since the delivery was created or last redelivered.")
    created_at: str
    next_attempt_at: str | SkipJsonSchema[None] = Field(None, description="Absent when no further attempt is planned.")
    last_attempt_at: str | SkipJsonSchema[None] = Field(None, description="Absent before the first attempt.")
    last_status: int | None
    last_error: str | None


class DeliveryWithAttemptsBody(DeliveryBody):
    model_config = ConfigDict(title="DeliveryWithAttempts")

    body: dict[str, Any] = Field(
        description="The body of the callback.", examples=[{"event": "session:started", "sequence": 3}]
    )
    log: list[AttemptBody] = Field(description="The newest 100 attempts, in order.")


class DeliveriesBody(BaseModel):
    model_config = ConfigDict(title="Deliveries")

    embedded: list[DeliveryBody] = Field(alias="_embedded")
    after: int = Field(description="The `after` to go on with.")
    has_more: bool


class RedeliverBody(BaseModel):
    """A period or a list of event ids."""

    model_config = ConfigDict(extra="forbid", title="Redeliver")

    from_: Moment | None = Field(None, alias="from", description="Events from this moment on.")
    to: Moment | None = Field(None, description="Events before this moment.")
    event_ids: (
        Annotated[
            list[Annotated[Line, StringConstraints(max_length=64)]],
            Field(min_length=1, max_length=_MOST_EVENT_IDS),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "RedeliverBody":
        times = self.from_ is not None and self.to is not None
        some_time = self.from_ is not None or self.to is not None
        if times == (self.event_ids is not None) or some_time != times:
            raise ValueError('must have either "from" and "to" or "event_ids"')
        if self.from_ is not None and self.to is not None and self.from_ >= self.to:
            raise ValueError('must have a "from" that is before "to"')
        return self


class SendTestBody(BaseModel):
    model_config = ConfigDict(extra="forbid", title="SendTest")

    webhook: Annotated[Topic, choice_of(Topic, required=True)] = Field(
        description="Which of the application's webhooks gets the test event."
    )


class RedeliveredBody(BaseModel):
    model_config = ConfigDict(title="Redelivered")

    redelivered: int = Field(description="The number of deliveries that are due again.")


def render_event(event: LoggedEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "position": event.position,
        "room_id": event.room_id,
        "created_at": render_timestamp(event.created_at),
        "body": dict(event.body),
    }


def render_delivery(delivery: LoggedDelivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "event": delivery.event,
        "room_id": delivery.room_id,
        "sequence": delivery.sequence,
        "url": delivery.url,
        "status": delivery.status.value,
        "attempts": delivery.attempts,
        **render_dates(
            created_at=delivery.created_at,
            next_attempt_at=delivery.next_attempt_at,
            last_attempt_at=delivery.last_attempt_at,
        ),
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
    }


def render_details(details: DeliveryDetails) -> dict[str, Any]:
    return {
        **render_delivery(details.delivery),
        "body": dict(details.body),
        "log": [render_attempt(attempt) for attempt in details.attempts],
    }


def render_attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "at": render_timestamp(attempt.at),
        "duration_ms": attempt.duration_ms,
        "status": attempt.status,
        "error": attempt.error,
        "excerpt": attempt.excerpt,
    }
