"""The law of one draw by brute force: plain recursion on prize ids, dicts and Fractions, sharing no code with the package.

A campaign is a dict: ``prizes`` (id to weight, in order), ``thanks`` (weight), ``redraw`` (bool), ``rules`` (dicts with the keys
of ``[[pity]]``) and ``newcomer`` (None, or draws and target). A state is the misses by rule, the number of the draw from 1 and
whether the newcomer's target is still to come. ``closed`` is the reason by prize; ``cap`` closes every prize.
"""

from fractions import Fraction

THANKS = "thank-you"


def chance(rule, misses, share):
    """p[misses + 1], or None while the rule rests; *share* is the target's share of the weight of its stage."""
    k, hard, soft = misses + 1, rule["hard"], rule["soft_from"]
    if rule["levels"]:
        return Fraction(rule["levels"][misses][0])
    if rule["hazard"]:
        return Fraction(rule["hazard"][min(k, len(rule["hazard"])) - 1])
    if hard and k >= hard:
        return Fraction(1)
    if rule["base"] is None and not (soft and k >= soft):
        return None
    base = share if rule["base"] is None else Fraction(rule["base"])
    return min(Fraction(1), base + (Fraction(rule["soft_step"]) * max(0, k - soft + 1) if soft else 0))


def law(campaign, misses, number, fresh, closed, cap=None):
    """The exact chance of each (granted, reason, forced_by, owed) of one draw; *fresh* is whether the newcomer's target never came."""
    weight = {p: Fraction(w) for p, w in campaign["prizes"].items()} | {THANKS: Fraction(campaign["thanks"])}
    rules, newcomer = campaign["rules"], campaign["newcomer"]
    target = {r["id"]: set(r["target"]) for r in rules} | {"newcomer": set(newcomer[1]) if newcomer else set()}

    def in_stage(scope):
        return [r for r in rules if set(r["scope"]) == (set() if scope == set(weight) else scope)]

    def claims(scope, first):
        """(position, mass, due rule, prizes, whether a rule claimed them), the rules before *first* being out of the game."""
        free = u = Fraction(1)
        taken, given, rows = set(), [], []
        for i, r in enumerate(in_stage(scope)):
            share = sum(weight[p] for p in target[r["id"]]) / (sum(weight[p] for p in scope) or 1)
            h = chance(r, misses[r["id"]], share)
            if h is None:
                continue
            part, taken = target[r["id"]] - taken, taken | target[r["id"]]
            if i >= first:
                q = min(free, max(Fraction(0), u * h - sum(g for t, g in given if t <= target[r["id"]])))
                free -= q
                u = free if r["lower"] == "sequential" else u
                given.append((target[r["id"]], q))
                rows.append((i, q, r["id"] if h == 1 else None, part, True))
        rest = [(len(in_stage(scope)), free, None, scope - taken, False)]
        return rows + (rest if any(weight[p] for p in scope - taken) else [])

    def stage(scope, rows, gone, followed, why, then):
        if rows and not any(q for _, q, _, _, _ in rows):
            rows = claims(scope, rows[0][0])
        total, law = sum(q for _, q, _, _, _ in rows), {}
        if not total:
            return then(gone, followed, why)
        for j, (_, q, due, part, claimed) in enumerate(rows):

            def give_way(gone, followed, why, later=rows[j + 1 :]):
                return stage(scope, later, gone, followed, why, then)

            if q:
                mine = (*followed, due) if due else followed
                inner = claimed and part and part in [set(r["scope"]) for r in rules]
                units = [] if inner else [target[r["id"]] for r in in_stage(scope) if target[r["id"]] <= part and in_stage(target[r["id"]])]
                here = (
                    stage(part, claims(part, 0), gone, mine, why, give_way)
                    if inner
                    else pull(table(part, claimed), units, gone, mine, why, give_way)
                )
                add(law, q / total, here)
        return law

    def table(part, claimed):
        """The weights of a class; prizes that only a rule can bring share it equally."""
        return {p: weight[p] if not claimed or any(weight[q] for q in part) else Fraction(1) for p in part}

    def pull(table, units, gone, followed, why, then):
        """One ticket after the other among what is left of a class; a unit is a resting target that its own stage settles."""
        left = units + [{p} for p in table.keys() - gone if not any(p in u for u in units)]
        total, law = sum(table[p] for item in left for p in item), {}
        if not total:
            return then(gone, followed, why)
        for item in left:
            share = sum(table[p] for p in item) / total
            if share and item in units:

                def rest(g, f, y, unit=item):
                    return pull({p: w for p, w in table.items() if p not in unit}, [u for u in units if u != unit], g, f, y, then)

                add(law, share, stage(item, claims(item, 0), gone, followed, why, rest))
            elif share:
                (p,) = item
                reason = None if p == THANKS else cap or closed.get(p)
                if reason is None:
                    add(law, share, grant(p, followed, why))
                elif cap or not (campaign["redraw"] or followed):
                    add(law, share, grant(THANKS, followed, why or reason))
                else:
                    add(law, share, pull(table, units, gone | {p}, followed, why or reason, then))
        return law

    def grant(p, followed, why):
        hits = [r for r in followed if p in target[r]]
        owed = tuple(r for r in followed if p not in target[r])
        return {(p, None if p != THANKS else why or "drawn", hits[0] if hits else None, owed): Fraction(1)}

    def always(gone, followed, why):
        return stage(set(weight), claims(set(weight), 0), gone, followed, why, lambda _, f, y: grant(THANKS, f, y))

    if newcomer and fresh and number >= newcomer[0]:
        return pull(table(target["newcomer"], True), [], frozenset(), ("newcomer",), None, always)
    return always(frozenset(), (), None)


def add(law, share, more):
    for outcome, p in more.items():
        law[outcome] = law.get(outcome, 0) + share * p


def following(campaign, misses, granted):
    """The misses after a draw that gave *granted*."""
    weight = {p: Fraction(w) for p, w in campaign["prizes"].items()} | {THANKS: Fraction(campaign["thanks"])}
    after, cleared = {}, set()
    for r in campaign["rules"]:
        m, counts = misses[r["id"]], r["scope"] if r["counts"] is None else r["counts"]
        scope = r["scope"] or weight
        h = chance(r, m, sum(weight[p] for p in r["target"]) / (sum(weight[p] for p in scope) or 1))
        hit, counted = granted in r["target"], not counts or granted in counts
        cleared |= set(r["resets"]) if hit else set()
        if r["levels"]:
            after[r["id"]] = r["levels"][m][1] if hit else r["levels"][m][2] if counted else m
        elif hit and (h == 1 or not r["repeats"]):
            after[r["id"]] = 0
        else:
            after[r["id"]] = m + 1 if counted else m
    return {r: 0 if r in cleared else m for r, m in after.items()}
