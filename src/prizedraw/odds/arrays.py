"""The types of arrays: what is in them is in their names, as numpy's own types cannot follow arithmetic on shapes and dtypes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

Ints: TypeAlias = "NDArray[Any]"
Floats: TypeAlias = "NDArray[Any]"
Bools: TypeAlias = "NDArray[Any]"
