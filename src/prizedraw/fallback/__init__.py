"""The thank-you fallback: why a draw ended in a thank-you, as values in order of precedence."""

from prizedraw.fallback.reasons import Reason, first

__all__ = ["Reason", "first"]
