"""``/v2/account``: the calling account; an addition to the original API."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.prefix import ACCOUNT_PATH
from moothall.api.reference import addition
from moothall.applications import service
from moothall.applications.account_call import AuthenticatedAccount
from moothall.applications.model import Account
from moothall.applications.problems import ProblemRoute, documented_problems
from moothall.idempotency.once import Once
from moothall.idempotency.reference import repeatable
from moothall.kit.clock import render_timestamp

_UNTIL = "Until then callbacks are signed with the previous secret, too; null: with one secret only."


class AccountBody(BaseModel):
    account_id: str = Field(description="The API key of the account.", examples=["5f7a9b11"])
    created_at: str = Field(examples=["2026-12-01T09:00:00.000Z"])
    previous_signs_until: str | None = Field(description=_UNTIL, examples=["2026-12-02T09:00:00.000Z"])


class RotatedSecretBody(BaseModel):
    account_id: str = Field(description="The API key of the account.", examples=["5f7a9b11"])
    signature_secret: str = Field(description="The new secret, which is in this answer and in no other.")
    previous_signs_until: str | None = Field(description=_UNTIL, examples=["2026-12-02T09:00:00.000Z"])


router = APIRouter(prefix=ACCOUNT_PATH, tags=["Additions"], route_class=ProblemRoute)


@router.get(
    "",
    operation_id="get_account",
    summary="Get the account",
    description=addition("The account whose API key and secret the request has. Secrets are not in the answer."),
    response_model=AccountBody,
    responses=documented_problems(429, 401),
)
async def get_account(call: AuthenticatedAccount) -> Response:
    account = call.account
    until = account.previous_signs_until(call.now)
    return JSONResponse(
        {
            "account_id": account.account_id,
            "created_at": render_timestamp(account.created_at),
            "previous_signs_until": until and render_timestamp(until),
        }
    )


@router.post(
    "/signature_secret/rotate",
    operation_id="rotate_signature_secret",
    summary="Replace the secret that verifies callbacks",
    description=addition(
        "For 24 hours `webhook-signature` also carries the signature with the previous secret. Within these 24 hours "
        "another rotation is refused with 409. The new secret is in this answer and in no other, unless the same "
        "request is repeated with the same `Idempotency-Key`; `moothall account show` prints it on the server."
    ),
    response_model=RotatedSecretBody,
    responses=documented_problems(429, 400, 401, 409, 422),
    openapi_extra=repeatable(),
)
async def rotate_signature_secret(call: AuthenticatedAccount, request: Request) -> Response:
    once = Once.of(request, call.account.account_id, call.now)

    def render(account: Account) -> Response:
        until = account.previous_signs_until(call.now)
        return JSONResponse(
            {
                "account_id": account.account_id,
                "signature_secret": account.signature_secret,
                "previous_signs_until": until and render_timestamp(until),
            },
            headers={"Cache-Control": "no-store"},
        )

    return await once.write(
        lambda connection: service.rotate_signature_secret(connection, call.account.account_id, call.now), render
    )
