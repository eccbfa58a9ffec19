# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics: functions that reduce the curves of a View to the one number of a claim.

Each maker returns such a function; its docstring says what the number is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from isblab.figures import phases as ph
from isblab.figures.budgets import KIB
from isblab.figures.claims import Measure
from isblab.figures.places import place_of
from isblab.figures.tables import View

Statistic = Callable[[View], Measure]

_ONSET_LOSS = 0.5  # per cent: from here on a curve "loses"
LAST_WHOLE = 1472  # bytes of UDP payload: the largest that is one frame


def gap(figure: str, phase: str, below: str) -> Statistic:
    """How far `phase` lies above `below`."""

    def statistic(view: View) -> Measure:
        low, high = view.value(figure, below), view.value(figure, phase)
        return Measure(high - low, f"{low:.1f} and {high:.1f}")

    return statistic


def least_gap_over(figure: str, lowest: str, others: Sequence[str]) -> Statistic:
    """How far the nearest of `others` lies above `lowest`; negative when one is below it."""

    def statistic(view: View) -> Measure:
        base = view.value(figure, lowest)
        value, nearest = min((view.value(figure, other) - base, other) for other in others)
        return Measure(value, f"{ph.BY_KEY[nearest].title} is nearest")

    return statistic


def least_step(figure: str, ascending: Sequence[str]) -> Statistic:
    """The smallest step in a row of phases that should ascend; negative when out of order."""

    def statistic(view: View) -> Measure:
        values = [view.value(figure, phase) for phase in ascending]
        shown = " < ".join(f"{value:.1f}" for value in values)
        steps = [high - low for low, high in zip(values, values[1:])]
        return Measure(min(steps), shown if min(steps) > 0 else shown.replace("<", ","))

    return statistic


def single(figure: str, phase: str) -> Statistic:
    """The value itself."""
    return lambda view: Measure(view.value(figure, phase))


def difference_percent(figure: str, phase: str, reference: str) -> Statistic:
    """How far `phase` is from `reference`, in per cent of it."""

    def statistic(view: View) -> Measure:
        value, base = view.value(figure, phase), view.value(figure, reference)
        return Measure(100 * (value - base) / base, f"{value:.1f} and {base:.1f}")

    return statistic


def _common_x(*curves: dict[float, float]) -> list[float]:
    return sorted(set.intersection(*(set(curve) for curve in curves)))


def greatest_share(figure: str, phase: str, of: str) -> Statistic:
    """The greatest ratio of two curves over all x, in per cent."""

    def statistic(view: View) -> Measure:
        top, base = view.curve(figure, phase), view.curve(figure, of)
        ratio, x = max((100 * top[x] / base[x], x) for x in _common_x(top, base))
        return Measure(ratio, f"at {x:g}")

    return statistic


def widest_band(figure: str, phases: Sequence[str]) -> Statistic:
    """The greatest distance from the lowest to the highest curve, in per cent of the highest."""

    def statistic(view: View) -> Measure:
        curves = [view.curve(figure, phase) for phase in phases]

        def width(x: float) -> float:
            values = [curve[x] for curve in curves]
            return 100 * (1 - min(values) / max(values))

        x = max(_common_x(*curves), key=width)
        return Measure(width(x), f"at {x:g}")

    return statistic


def greatest_fall(figure: str, phases: Sequence[str]) -> Statistic:
    """How far any curve falls below a value that it had at a smaller x, in per cent of that."""

    def statistic(view: View) -> Measure:
        falls = [(0.0, "nowhere")]
        for phase in phases:
            best = 0.0
            for x, value in sorted(view.curve(figure, phase).items()):
                best = max(best, value)
                falls.append((100 * (1 - value / best), f"{ph.BY_KEY[phase].title} at {x:g}"))
        return Measure(*max(falls, key=lambda fall: fall[0]))

    return statistic


def least_lead(figure: str, first: str, others: Sequence[str]) -> Statistic:
    """The least lead of `first` over the best of `others`, in per cent of it; negative = beaten."""

    def statistic(view: View) -> Measure:
        top = view.curve(figure, first)
        curves = {other: view.curve(figure, other) for other in others}
        leads = [
            (100 * (1 - curve[x] / top[x]), f"over {ph.BY_KEY[other].title} at {x:g}")
            for other, curve in curves.items()
            for x in _common_x(top, curve)
        ]
        return Measure(*min(leads))

    return statistic


def crossing(figure: str, riser: str, other: str) -> Statistic:
    """The x from which `riser` stays above `other`, having been below: where the straight lines
    between the points meet. None when there is no such x."""

    def statistic(view: View) -> Measure:
        up, down = view.curve(figure, riser), view.curve(figure, other)
        xs = _common_x(up, down)
        lead = {x: up[x] - down[x] for x in xs}
        span = f"{riser} minus {other}: {min(lead.values()):+.2f} to {max(lead.values()):+.2f} Mb/s"
        behind = [x for x in xs if lead[x] <= 0]
        if not behind:
            return Measure(None, f"no crossing, {riser} is ahead at every count ({span})")
        if behind[-1] == xs[-1]:
            return Measure(None, f"no crossing, {riser} is not ahead at {xs[-1]:g} ({span})")
        before = behind[-1]
        after = xs[xs.index(before) + 1]
        share = -lead[before] / (lead[after] - lead[before])
        return Measure(before + share * (after - before), span)

    return statistic


def greatest(figure: str, phases: Sequence[str]) -> Statistic:
    """The greatest value of any of the curves."""

    def statistic(view: View) -> Measure:
        value, phase, x = max(
            (value, phase, x) for phase in phases for x, value in view.curve(figure, phase).items()
        )
        return Measure(value, f"{ph.BY_KEY[phase].title} at {x:g}" if value else "")

    return statistic


def least(figure: str, phase: str) -> Statistic:
    """The least value of a curve."""

    def statistic(view: View) -> Measure:
        x, value = min(view.curve(figure, phase).items(), key=lambda point: point[1])
        return Measure(value, f"at {x:g}")

    return statistic


def onset(figure: str, phase: str) -> Statistic:
    """The x from which on, at every x measured, the curve lies above _ONSET_LOSS; interpolated."""

    def statistic(view: View) -> Measure:
        points = sorted(view.curve(figure, phase).items())
        free = [i for i, (_, loss) in enumerate(points) if loss < _ONSET_LOSS]
        if not free:
            return Measure(None, f"loses at every rate, {points[0][1]:.3g} % at {points[0][0]:g}")
        if free[-1] == len(points) - 1:
            return Measure(None, f"{points[-1][1]:.3g} % lost at {points[-1][0]:g}: no onset")
        (x0, y0), (x1, y1) = points[free[-1]], points[free[-1] + 1]
        return Measure(x0 + (x1 - x0) * (_ONSET_LOSS - y0) / (y1 - y0), "")

    return statistic


def widest_difference(figure: str, phase: str, other: str) -> Statistic:
    """The greatest distance of two curves, in the unit of y."""

    def statistic(view: View) -> Measure:
        one, two = view.curve(figure, phase), view.curve(figure, other)
        value, x = max((abs(one[x] - two[x]), x) for x in _common_x(one, two))
        return Measure(value, f"at {x:g} B")

    return statistic


def least_excess(figure: str, worst: str, others: Sequence[str]) -> Statistic:
    """By how much `worst` lies above the highest other curve, where that is least."""

    def statistic(view: View) -> Measure:
        top = view.curve(figure, worst)
        curves = [view.curve(figure, other) for other in others]
        value, x = min((top[x] - max(c[x] for c in curves), x) for x in _common_x(top, *curves))
        return Measure(value, f"at {x:g} B")

    return statistic


def farthest_minimum(figure: str, phases: Sequence[str]) -> Statistic:
    """The size nearest to 1 KB at which a curve has its least loss (several sizes may share it);
    of the curves' sizes the one farthest from 1 KB."""

    def statistic(view: View) -> Measure:
        nearest = []
        for phase in phases:
            curve = view.curve(figure, phase)
            bottom = min(curve.values())
            nearest.append(min((x for x in curve if curve[x] == bottom), key=_from_1k))
        return Measure(max(nearest, key=_from_1k), "")

    return statistic


def _from_1k(size: float) -> float:
    return abs(size - KIB)


def least_rise(
    figure: str, phases: Sequence[str], start: Callable, end: Callable
) -> Statistic:
    """The least rise of any curve from the size start(sizes) to the size end(sizes)."""

    def statistic(view: View) -> Measure:
        rises = []
        for phase in phases:
            curve = view.curve(figure, phase)
            x0, x1 = start(sorted(curve)), end(sorted(curve))
            note = f"{ph.BY_KEY[phase].title}: {curve[x0]:.3g} % to {curve[x1]:.3g} %"
            rises.append((curve[x1] - curve[x0], note))
        return Measure(*min(rises))

    return statistic


def one_kib(sizes: Sequence[float]) -> float:
    """The size nearest to 1 KB."""
    return min(sizes, key=_from_1k)


def first_fragmented(sizes: Sequence[float]) -> float:
    """The smallest size that takes more than one frame."""
    return next(size for size in sizes if size > LAST_WHOLE)


def last_whole(sizes: Sequence[float]) -> float:
    """The greatest size that is one frame."""
    return [size for size in sizes if size <= LAST_WHOLE][-1]


def greatest_dip(
    figure: str, phases: Sequence[str], part: Callable[[Sequence[float]], Sequence[float]]
) -> Statistic:
    """How far any curve falls, in the unit of y, below a value that it had before, walking the
    sizes part(sizes) in their order."""

    def statistic(view: View) -> Measure:
        dips = [(0.0, "nowhere")]
        for phase in phases:
            curve, best = view.curve(figure, phase), 0.0
            for x in part(sorted(curve)):
                best = max(best, curve[x])
                dips.append((best - curve[x], f"{ph.BY_KEY[phase].title} at {x:g} B"))
        return Measure(*max(dips, key=lambda dip: dip[0]))

    return statistic


def shrinking_from_1k(sizes: Sequence[float]) -> list[float]:
    """The sizes from 1 KB down."""
    return [size for size in reversed(sizes) if size <= KIB]


def growing_fragmented(sizes: Sequence[float]) -> list[float]:
    """The sizes of more than one frame, upwards."""
    return [size for size in sizes if size > LAST_WHOLE]


def drop_share(figure: str, phases: Sequence[str], place: str) -> Statistic:
    """The share of the box' drops that happen at a place, in per cent."""

    def statistic(view: View) -> Measure:
        drops = view.drops(figure, phases)
        total = sum(drops.values())
        if total == 0:
            return Measure(None, "nothing was dropped")
        here = sum(count for reason, count in drops.items() if place_of(reason) == place)
        return Measure(100 * here / total, f"{here} of {total} packets")

    return statistic


def box_drops(figures: Sequence[str], phase: str) -> Statistic:
    """Packets dropped in the box."""

    def statistic(view: View) -> Measure:
        drops: dict[str, int] = {}
        for figure in figures:
            for reason, count in view.drops(figure, (phase,)).items():
                drops[reason] = drops.get(reason, 0) + count
        return Measure(sum(drops.values()), ", ".join(sorted(drops)))

    return statistic


def frame_rate(figure: str, phase: str, frame_per_payload: float) -> Statistic:
    """Payload rate as a rate of Ethernet frames (header and FCS, no preamble and gap)."""

    def statistic(view: View) -> Measure:
        payload = view.value(figure, phase)
        return Measure(payload * frame_per_payload, f"payload {payload:.2f}")

    return statistic


def between(low: float, high: float) -> Callable[[float], bool]:
    return lambda value: low <= value <= high


def above(limit: float) -> Callable[[float], bool]:
    return lambda value: value > limit


def at_most(limit: float) -> Callable[[float], bool]:
    return lambda value: value <= limit


def at_least(limit: float) -> Callable[[float], bool]:
    return lambda value: value >= limit


def zero(value: float) -> bool:
    return value == 0


def within_percent(target: float, percent: float) -> Callable[[float], bool]:
    return between(target * (1 - percent / 100), target * (1 + percent / 100))
