"""How a typed application uses prizedraw; checked by mypy --strict, never run."""

import prizedraw

PACKAGE: str = prizedraw.__name__
