"""Exact odds: what a campaign's next draw, next draws and long run bring one participant, by the law that the engine draws by."""

from prizedraw.draw.place import State
from prizedraw.errors import NotExact, TooLarge
from prizedraw.odds.boxes import box_hits, box_until
from prizedraw.odds.coupons import coupon_collector
from prizedraw.odds.distribution import Distribution
from prizedraw.odds.hits import hits_in
from prizedraw.odds.horizon import by_draw, expected, hits_joint
from prizedraw.odds.next_draw import effective
from prizedraw.odds.prd import prd_constant
from prizedraw.odds.stationary import long_run, long_run_exact
from prizedraw.odds.stock import stock_out
from prizedraw.odds.tables import OddsTable
from prizedraw.odds.waiting import collect, draws_until

__all__ = [
    "Distribution",
    "NotExact",
    "OddsTable",
    "State",
    "TooLarge",
    "box_hits",
    "box_until",
    "by_draw",
    "collect",
    "coupon_collector",
    "draws_until",
    "effective",
    "expected",
    "hits_in",
    "hits_joint",
    "long_run",
    "long_run_exact",
    "prd_constant",
    "stock_out",
]
