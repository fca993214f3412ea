"""The kit for tests of what stands on prizedraw. Nothing in prizedraw itself imports it; it needs the ``testing`` extra."""

from prizedraw.testing.strategies import campaigns, prizes

__all__ = ["campaigns", "prizes"]
