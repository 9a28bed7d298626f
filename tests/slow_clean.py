"""Slow, plain twin of cleaning: the same rules, a fix at a time."""

from __future__ import annotations

import math

import numpy as np

from heatlas.core.mercator import from_lonlat, ground_metres

AIRLINER, SLACK, PATIENCE, NEAR = 350.0, 50.0, 300.0, 500.0


def apart(a, b):
    """Ground metres between two fixes."""
    east, north = ground_metres((a["v"] + b["v"]) / 2)
    du = b["u"] - a["u"]
    return math.hypot((du - round(du)) * float(east), (b["v"] - a["v"]) * float(north))


def twin(recording, max_speed, max_gap=None, max_step=None, earliest=-1e10, latest=1e11):
    """Kept records, records at which segments begin, and counts by reason."""
    counts = {}

    def count(reason):
        counts[reason] = counts.get(reason, 0) + 1

    starts = [0, *recording.segments.tolist()]
    fixes, part_before = [], None
    for i, (x, y, t) in enumerate(zip(recording.lon, recording.lat, recording.time, strict=True)):
        if math.isnan(x) or math.isnan(y):
            count("fixes without a position")
        elif not (abs(x) <= 180 and abs(y) <= 90):
            count("fixes out of range")
        elif x == y == 0:
            count("fixes at 0, 0")
        elif abs(y) > 85.05112877980659:
            count("fixes beyond 85.0511 degrees")
        else:
            u, v = (float(value) for value in from_lonlat(x, y))
            part = sum(start <= i for start in starts)
            fixes.append({"i": i, "u": u, "v": v, "t": None if math.isnan(t) else t, "fresh": part != part_before})
            part_before = part
    found = judged(fixes, max_speed, max_gap, max_step, count)
    if found is None:
        for fix in fixes:
            fix["t"] = None
        counts = {reason: n for reason, n in counts.items() if reason.startswith("fixes ") and "astray" not in reason}
        found = judged(fixes, max_speed, max_gap, max_step, count)
    kept, begins = found
    return [fix["i"] for fix in kept], begins, counts


def judged(fixes, max_speed, max_gap, max_step, count):
    """Fixes that are kept, and the positions among them at which segments begin; None when the clock is wrong."""
    fixes = [dict(fix) for fix in fixes]
    fill_clock(fixes, count)
    spacing = rhythm(steps_of(fixes))["farthest"] if any(fix["clock"] is None for fix in fixes) else NEAR
    fixes = without_strays(fixes, max_speed, spacing, count)
    steps = steps_of(fixes)
    if wrong_clock(fixes, steps):
        return None
    usual = rhythm(steps)
    begins = [0] if fixes else []
    for i in range(len(steps)):
        reason = why(fixes, steps, i, max_speed, usual, max_gap, max_step)
        if reason:
            begins.append(i + 1)
            if reason != "own":
                count(reason)
    return fixes, begins


def fill_clock(fixes, count):
    for k in range(1, len(fixes) - 1):
        before, here, after = fixes[k - 1 : k + 2]
        if here["fresh"] or after["fresh"] or None in (before["t"], here["t"], after["t"]):
            continue
        if before["t"] <= after["t"] and not before["t"] <= here["t"] <= after["t"]:
            here["t"] = None
            count("times out of order")
    for k, fix in enumerate(fixes):
        fix["clock"] = fix["t"]
        if fix["t"] is None and not fix["fresh"]:
            earlier, later = k, k
            while fixes[earlier]["t"] is None and not fixes[earlier]["fresh"]:
                earlier -= 1
            while later < len(fixes) and fixes[later]["t"] is None and (later == k or not fixes[later]["fresh"]):
                later += 1
            a = fixes[earlier]["t"]
            if a is not None and later < len(fixes) and not fixes[later]["fresh"]:
                fix["clock"] = a + max(fixes[later]["t"] - a, 0) * (k - earlier) / (later - earlier)


def disagree(a, b, speed, spacing):
    if a["clock"] is None or b["clock"] is None:
        return apart(a, b) > spacing
    return apart(a, b) > speed * max(b["clock"] - a["clock"], 0) + SLACK


def still(a, b):
    return abs(b["u"] - a["u"]) < 2e-11 and abs(b["v"] - a["v"]) < 2e-11


def soon(a, b):
    return a["clock"] is not None and b["clock"] is not None and b["clock"] - a["clock"] <= 30


def without_strays(fixes, max_speed, spacing, count):
    kept, i, since = [], 0, None
    while i < len(fixes):
        j = i + 1
        while j < len(fixes) and j - i < 16 and not fixes[j]["fresh"] and still(fixes[i], fixes[j]):
            j += 1
        if kept and not fixes[i]["fresh"] and j < len(fixes) and not fixes[j]["fresh"]:
            last = kept[-1]
            brief = soon(last, fixes[i]) and soon(fixes[j - 1], fixes[j])
            if any(
                disagree(since, fixes[i], speed, spacing)
                and disagree(fixes[i], fixes[j], speed, spacing)
                and not disagree(since, fixes[j], speed, spacing)
                for speed in ([max_speed, min(max_speed, 70.0)] if brief else [max_speed])
            ):
                for _ in range(i, j):
                    count("fixes astray between jumps")
                i = j
                continue
        if not kept or fixes[i]["fresh"] or since["clock"] is None or not still(kept[-1], fixes[i]):
            since = fixes[i]
        kept.append(fixes[i])
        i += 1
    return kept


def steps_of(fixes):
    """For each step its metres, its seconds, and the seconds since the position was new; None between segments."""
    steps, since = [], 0
    for k in range(len(fixes) - 1):
        a, b = fixes[k], fixes[k + 1]
        if k and (fixes[k]["fresh"] or fixes[since]["clock"] is None or not still(fixes[k - 1], fixes[k])):
            since = k
        if b["fresh"]:
            steps.append(None)
            continue
        metres = apart(a, b)
        timed = None not in (a["clock"], b["clock"])
        steps.append(
            (
                metres,
                b["clock"] - a["clock"] if timed else None,
                b["clock"] - fixes[since]["clock"] if timed else None,
            )
        )
    return steps


def usual(values, steps):
    need = min(max(5, math.ceil(0.05 * steps)), steps // 2 + 1)
    return sorted(values)[-need] if len(values) >= need else 0.0


def rhythm(steps):
    timed = [step for step in steps if step and step[1] is not None and step[1] > 0]
    untimed = [step[0] for step in steps if step and step[1] is None]
    return {
        "longest": max(PATIENCE, 5 * usual([step[1] for step in timed if step[0] >= 100], len(timed))),
        "farthest": max(NEAR, 5 * usual(untimed, len(untimed)) if untimed else 0),
        "pace": steady(timed),
    }


def steady(timed):
    long = [step for step in timed if step[1] >= 10 and step[0] > 0]
    if len(long) < 5:
        return None
    low, high = np.quantile([step[1] for step in timed], (0.1, 0.9))
    speed = float(np.median([step[0] / step[1] for step in long]))
    fits = sum(abs(step[1] - step[0] / speed) <= 1 + 0.03 * step[1] for step in long)
    return speed if fits >= 0.9 * len(long) and high >= 2 * low else None


def wrong_clock(fixes, steps):
    timed = [step for step in steps if step and step[1] is not None]

    def bad(step):
        return step and step[1] is not None and (step[1] < 0 or step[0] > AIRLINER * step[2] + SLACK)

    count = sum(map(bool, map(bad, steps)))
    if count < 3 or count < 0.25 * len(timed):
        return False
    pairs = [k for k in range(len(steps) - 1) if bad(steps[k]) and bad(steps[k + 1])]
    onwards = sum(apart_at(fixes, k) >= 0.9 * (steps[k][0] + steps[k + 1][0]) for k in pairs)
    return bool(pairs) and 2 * onwards >= len(pairs)


def apart_at(fixes, k):
    """As the crow flies over two steps, measured at the fix between them."""
    east, north = ground_metres(fixes[k + 1]["v"])
    du = fixes[k + 2]["u"] - fixes[k]["u"]
    return math.hypot((du - round(du)) * float(east), (fixes[k + 2]["v"] - fixes[k]["v"]) * float(north))


def goes_on(fixes, steps, i, max_speed):
    if i < 1 or i + 1 >= len(steps):
        return False
    three = steps[i - 1 : i + 2]
    if not all(s and s[2] is not None and max_speed * s[2] + SLACK < s[0] <= AIRLINER * s[2] + SLACK for s in three):
        return False
    before, here, after = (step[0] for step in three)
    return (
        apart(fixes[i - 1], fixes[i + 1]) >= 0.7 * (before + here)
        and apart(fixes[i], fixes[i + 2]) >= 0.7 * (here + after)
    )  # fmt: skip


def neighbours(steps, i):
    return [steps[j] for j in range(max(i - 5, 0), min(i + 6, len(steps))) if j != i and steps[j]]


def why(fixes, steps, i, max_speed, usual, max_gap, max_step):
    """Why no line is drawn along a step; None where one is."""
    if steps[i] is None:
        return "own"
    metres, lapse, free = steps[i]
    if lapse is not None and lapse < 0:
        return "breaks: clock runs backwards"
    if max_step is not None and metres > max_step:
        return "breaks: gap in distance"
    if lapse is None:
        like = sum(5 * step[0] >= metres for step in neighbours(steps, i))
        wide = max_step is None and metres > usual["farthest"] and like < 3
        return "breaks: gap in distance" if wide else None
    if metres > max_speed * free + SLACK and not goes_on(fixes, steps, i, max_speed):
        return "breaks: jump"
    if max_gap is not None:
        return "breaks: gap in time" if lapse > max_gap else None
    seconds = lapse if metres <= max_speed * lapse + SLACK else free
    if max_step is not None or seconds <= PATIENCE or metres <= NEAR or seconds <= usual["longest"]:
        return None
    if usual["pace"] is not None and abs(seconds - metres / usual["pace"]) <= 1 + 0.03 * seconds:
        return None
    like = sum(step[0] >= 100 and step[1] is not None and 5 * step[1] >= seconds for step in neighbours(steps, i))
    return None if like >= 3 else "breaks: gap in time"
