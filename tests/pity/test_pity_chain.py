"""What is expected of a participant's first draws, against the oracle's law applied draw by draw in Fractions."""

from fractions import Fraction

import pytest

from law_cases import campaign, plain
from law_oracle import following, law
from prizedraw.pity import Level, Newcomer, Pity, Stages, expected

ABC = {"a": 1, "b": 2, "c": 3}
CAMPAIGNS = {
    "newcomer": campaign(ABC, Pity(id="top", target=("a",), hard=4), thanks=2, newcomer=Newcomer(3, ("a", "b"))),
    "start": campaign(ABC, Pity(id="top", target=("a",), base="1/4", hard=4, start=2), thanks=2),
    "tiers that reset": campaign(
        ABC,
        Pity(id="top", target=("a",), base="1/8", soft_from=2, soft_step="1/4", lower="sequential", resets=("low",)),
        Pity(id="low", target=("b",), hazard=["1/4", "1/2", "1"]),
        thanks=1,
    ),
    "featured at rest": campaign(
        ABC, Pity(id="five", target=("a", "b"), hard=3), Pity(id="featured", target=("a",), scope=("a", "b"), base="1/2", hard=2), thanks=2
    ),
    "repeats and levels": campaign(
        ABC,
        Pity(id="third", target=("a",), hard=3, repeats=True),
        Pity(id="levels", target=("a", "b"), levels=(Level("1/2", 1, 0), Level("1/4", 0, 1))),
        thanks=1,
    ),
}


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_expected_of_the_first_six_draws(name):
    """Exact sums in Fractions and the chain's sums in doubles agree to 1e-12."""
    made = CAMPAIGNS[name]
    wanted = set(made.newcomer.target) if made.newcomer else set()
    sums = dict.fromkeys(made.weights, Fraction(0))
    spread = {(tuple((one.id, one.start) for one in made.pity), True): Fraction(1)}
    for number in range(1, 7):
        after = {}
        for (misses, fresh), weight in spread.items():
            for (granted, *_), chance in law(plain(made), dict(misses), number, fresh, {}).items():
                sums[granted] += weight * chance
                key = (tuple(following(plain(made), dict(misses), granted).items()), fresh and granted not in wanted)
                after[key] = after.get(key, 0) + weight * chance
        spread = after
    assert sum(sums.values()) == 6
    found = expected(Stages(made.pity, made.weights, made.newcomer), 6)
    assert found == pytest.approx({id_: float(total) for id_, total in sums.items()}, rel=1e-12)
