"""A prize wheel on FastAPI: a page, a call that draws and three that read. Every rule of the draw is in campaign.toml."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse

from prizedraw import AsyncDrawEngine, Campaign, DrawRefused, Receipt, RequestMismatch
from prizedraw.errors import InvalidRequest, PrizeDrawError

HERE = Path(__file__).parent
COOKIE = "participant"
SHOWN = 20
"""How many prizes and winners the page shows at most."""

WORDS = {
    "offline": "The wheel is closed at the moment.",
    "outside_window": "The wheel does not turn at this hour.",
    "blocked": "You cannot take part in this wheel.",
    "total_draws": "You have used all your spins.",
    "campaign_draws": "All spins of this wheel have been used.",
    "daily_draws": "You have used today's spins.",
}
"""What a participant is told for each reason of a refusal."""


def create_app(engine: AsyncDrawEngine, campaign: Campaign) -> FastAPI:
    """The backend of one campaign; it opens the engine when it starts, publishes the campaign, and closes the engine at its end."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engine:
            await engine.publish(campaign)  # changes nothing if it was published before
            yield

    app = FastAPI(title=campaign.title, lifespan=lifespan, exception_handlers={PrizeDrawError: told})

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> FileResponse:
        response = FileResponse(HERE / "index.html", headers={"Cache-Control": "no-store"})
        if COOKIE not in request.cookies:  # your own application knows who is logged in
            response.set_cookie(COOKIE, secrets.token_hex(16), max_age=365 * 86_400, httponly=True, samesite="lax")
        return response

    @app.post("/api/draws")
    async def draw(who: Participant, request_id: Annotated[str, Body(embed=True)]) -> dict[str, Any]:
        return (await engine.draw(campaign.id, who, request_id=request_id)).to_dict()

    @app.get("/api/wheel")
    async def wheel() -> dict[str, Any]:
        now = await engine.campaign(campaign.id)  # an operator may have edited it since
        prizes = [*(prize for prize in now.prizes if prize.shown), now.fallback]
        whole = sum(now.weights.values()) if now.disclosure.weights else None
        told = [{"id": one.id, "name": one.name, "odds": float(one.weight / whole) if whole else None} for one in prizes]
        return {"title": now.title, "prizes": told}

    @app.get("/api/me")
    async def me(who: Participant) -> dict[str, Any]:
        chances = (await engine.standing(campaign.id, who)).message
        mine = await some(engine.receipts(campaign.id, who, wins_only=True, voided=False))
        return {"chances": {"kind": chances.kind, "n": chances.n}, "prizes": [receipt.to_dict() for receipt in mine]}

    @app.get("/api/winners")
    async def winners() -> list[dict[str, str]]:
        found = await some(engine.receipts(campaign.id, wins_only=True, voided=False))
        return [{"who": f"Guest {one.participant[-4:]}", "prize": one.prize.name, "at": one.drawn_at.isoformat()} for one in found]

    return app


def participant(request: Request) -> str:
    """Who asks, by the cookie that came with the page."""
    if not (who := request.cookies.get(COOKIE)):
        raise HTTPException(401, "Open the page first; it sets a cookie that tells participants apart.")
    return who


Participant = Annotated[str, Depends(participant)]


async def some(receipts: AsyncIterator[Receipt]) -> list[Receipt]:
    """The first few of many."""
    found: list[Receipt] = []
    async for receipt in receipts:
        found.append(receipt)
        if len(found) == SHOWN:
            break
    return found


async def told(_: Request, error: Exception) -> JSONResponse:
    """An error in words. A ``reason`` says that nothing was drawn; without one the page keeps its request id and asks again."""
    reason, retry_at = None, None
    match error:
        case DrawRefused():
            status, reason, message = 409, error.reason, WORDS[error.reason]
            retry_at = error.retry_at and error.retry_at.isoformat()
        case RequestMismatch():
            status, reason, message = 409, "request_mismatch", "That spin was somebody else's. Please spin again."
        case InvalidRequest():
            status, reason, message = 422, "invalid_request", f"That cannot be right: {error}"
        case _:  # the store failed, and whether the draw happened is not known
            status, message = 503, "The wheel is stuck for a moment. Spin again: it is still the same spin."
    return JSONResponse({"reason": reason, "message": message, "retry_at": retry_at}, status)


app = create_app(AsyncDrawEngine.open(os.environ.get("PRIZEDRAW_STORE", "draws.db")), Campaign.load(HERE / "campaign.toml"))
