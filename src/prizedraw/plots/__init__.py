"""Pictures for people, of numbers that others computed: no plot here draws, simulates or knows a rule.

Each function takes arrays and labels and gives a figure, which shows itself in a notebook and has ``savefig``. All can be read in
black and white, and write prize names in Chinese where a font for it is installed. It needs matplotlib, of the extra ``lab``.
"""

from prizedraw.errors import MissingExtra

try:
    import matplotlib as mpl  # noqa: F401 - only whether it is there
except ImportError as error:
    raise MissingExtra('plots need matplotlib, which is not installed; pip install "prizedraw[lab]"') from error

from prizedraw.plots.comparison import comparison
from prizedraw.plots.distribution import distribution
from prizedraw.plots.granted import granted
from prizedraw.plots.odds import by_draw
from prizedraw.plots.page import Picture
from prizedraw.plots.time import cost, stock

__all__ = ["Picture", "by_draw", "comparison", "cost", "distribution", "granted", "stock"]
