"""Engines on scripted words, for tests that follow single tickets."""

from datetime import UTC, datetime

from prizedraw import DrawEngine
from prizedraw.sampling.entropy import Words as Reduced

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)


def word(value, size):
    """A word, from the middle of those that give this ticket of this size."""
    return (2**63 // size) * size + value


class Words(Reduced):
    """A source that gives these words and no others; ``before[k]`` is called when the k-th is asked for, amid the draw."""

    def __init__(self, *words, before=None):
        self.words, self.given, self.before = words, 0, before or {}

    def word(self):
        self.given += 1
        self.before.get(self.given - 1, lambda: None)()
        return self.words[self.given - 1]


def engine(store, *words, before=None):
    return DrawEngine(store, clock=lambda: NOW, entropy=Words(*words, before=before))
