"""Engines on scripted words, for tests that follow single tickets."""

from datetime import UTC, datetime

from prizedraw import DrawEngine
from prizedraw.sampling.entropy import Words

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)


class Script(Words):
    """A source that gives these words and no others; ``before[k]`` is called when the k-th is asked for, amid the draw.

    A word smaller than a ticket's size is the ticket itself.
    """

    def __init__(self, *words, before=None):
        self.words, self.given, self.before = words, 0, before or {}

    def word(self):
        self.given += 1
        self.before.get(self.given - 1, lambda: None)()
        return self.words[self.given - 1]


def engine(store, *words, before=None):
    return DrawEngine(store, clock=lambda: NOW, entropy=Script(*words, before=before))
