from typing import Any


class Finding: ...


def lint(*a: Any, **k: Any) -> list[Finding]:
    return []
