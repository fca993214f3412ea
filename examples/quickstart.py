"""Publish a campaign, draw, draw again with the same request id, look at the books."""

from pathlib import Path

from prizedraw import Campaign, DrawEngine, DrawRefused

campaign = Campaign.load(Path(__file__).parent / "campaigns" / "quickstart.toml")

with DrawEngine.open(":memory:") as engine:
    engine.publish(campaign)
    for number in range(1, 6):
        try:
            receipt = engine.draw(campaign.id, "user-42", request_id=f"order-{number}")
        except DrawRefused as refusal:
            print(f"order-{number}: no draw, {refusal.reason}; again at {refusal.retry_at}")
        else:
            print(f"order-{number}: {receipt.prize.name}" + ("" if receipt.is_win else f" ({receipt.reason})"))

    again = engine.receipt(campaign=campaign.id, request_id="order-1")
    print("order-1 happened once:", engine.draw(campaign.id, "user-42", request_id="order-1") == again)
    print("the books add up:", engine.audit(campaign.id).ok)
