"""The errors of prizedraw: one small tree on natural builtins.

Only exception classes live here. Each carries its data as attributes, survives pickling, and its message names the value and the remedy.

::

    PrizeDrawError
    ├── InvalidCampaign (ValueError)     a definition that cannot run
    ├── InvalidEdit (ValueError)         a change that may not be made to what is published
    ├── InvalidRequest (ValueError)      an argument of a call that cannot be right
    ├── NotExact (ValueError)            a question to which exact odds have no answer
    ├── TooLarge (ValueError)            an exact answer that would take too much time or memory
    ├── RequestMismatch (ValueError)     a request id that was used for something else
    ├── UnknownCampaign (LookupError)
    ├── UnknownReceipt (LookupError)
    ├── DrawRefused (RuntimeError)       a draw that may not happen now
    ├── ClockError (RuntimeError)        a clock that is naive or runs backwards
    ├── MissingExtra (ImportError)       an optional dependency that is not installed
    └── StorageError (OSError)
        ├── StorageBusy (TimeoutError)   nothing was written; try again with the same request id
        ├── StorageCorrupt               not a prizedraw store, or a damaged one
        └── StorageVersion               written by another version of prizedraw
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


class PrizeDrawError(Exception):
    """The base of every error that prizedraw raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by state, so that subclasses may have keyword arguments of their own."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(cls: type[PrizeDrawError], args: tuple[Any, ...], state: dict[str, Any]) -> PrizeDrawError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class _Placed(PrizeDrawError, ValueError):
    """An error with the place of the fault in front of its message, as in ``prizes[2].weight: must be positive``."""

    def __init__(self, problem: str, place: str = "") -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.problem = problem
        self.place = place

    def within(self, outer: str) -> _Placed:
        """The same error seen from one level further out: ``weight`` within ``prizes[2]`` is ``prizes[2].weight``."""
        joint = "" if not self.place or self.place.startswith("[") else "."
        return type(self)(self.problem, f"{outer}{joint}{self.place}")


class InvalidCampaign(_Placed):
    """A campaign definition that cannot run. ``place`` names the field, ``problem`` what is wrong with it."""


class InvalidEdit(_Placed):
    """A change that may not be made to a published campaign; nothing was changed."""


class InvalidRequest(_Placed):
    """An argument that cannot be right, such as an empty participant id; nothing was done."""


class NotExact(PrizeDrawError, ValueError):
    """Participants are not independent here, so there is no exact answer; the message names what can answer."""


class TooLarge(PrizeDrawError, ValueError):
    """An exact answer would need ``count`` states or bytes, as ``unit`` says; nothing was allocated."""

    def __init__(self, message: str, *, count: int = 0, unit: str = "states") -> None:
        super().__init__(message)
        self.count = count
        self.unit = unit


class Infeasible(PrizeDrawError, ValueError):
    """No figures meet the targets; the message says which bound binds. ``nearest`` is how near one can get, where that is a number."""

    def __init__(self, message: str, *, nearest: float | None = None) -> None:
        super().__init__(message)
        self.nearest = nearest


class RequestMismatch(PrizeDrawError, ValueError):
    """The request id was used before for another request, so neither a replay nor a new one would be right."""

    def __init__(self, message: str, *, request_id: str = "") -> None:
        super().__init__(message)
        self.request_id = request_id


class UnknownCampaign(PrizeDrawError, LookupError):
    """No campaign of that id is published in this namespace."""

    def __init__(self, message: str, *, campaign_id: str = "") -> None:
        super().__init__(message)
        self.campaign_id = campaign_id


class UnknownReceipt(PrizeDrawError, LookupError):
    """No receipt of that id exists."""


class DrawRefused(PrizeDrawError, RuntimeError):
    """A draw that may not happen now; nothing was written.

    ``reason`` is one of the refusal codes, ``standing`` the participant's standing, ``retry_at`` the aware
    time from which the same request may succeed, or None where waiting does not help.
    """

    def __init__(self, message: str, *, reason: Any = None, standing: Any = None, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.standing = standing
        self.retry_at = retry_at


class ClockError(PrizeDrawError, RuntimeError):
    """A clock that is naive, or has gone back by more than a minute; nothing was written."""


class MissingExtra(PrizeDrawError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""


class StorageError(PrizeDrawError, OSError):
    """The store failed. From a draw it carries ``request_id``; retrying with that id is always safe."""

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


class StorageBusy(StorageError, TimeoutError):
    """The store could not be had in time; nothing was written. ``waited`` is in seconds."""

    def __init__(self, message: str, *, request_id: str | None = None, waited: float = 0.0) -> None:
        super().__init__(message, request_id=request_id)
        self.waited = waited


class StorageCorrupt(StorageError):
    """The file or server holds something that is not a prizedraw store, or a damaged one."""


class StorageVersion(StorageError):
    """The store was written by a newer version of prizedraw, or by an older one and may not be upgraded from here."""
