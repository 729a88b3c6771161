# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long something took: by the clock, and in CPU time of the processes that did it. The second
one says more when the machine has other work to do."""

import dataclasses
import math
import resource
import statistics
import time


@dataclasses.dataclass
class Took:
    """Seconds; cpu is NaN where nobody counted it."""
    wall: float
    cpu: float

    def __add__(self, other):
        return Took(self.wall + other.wall, self.cpu + other.cpu)


class Clock:
    """Runs from when it is made; CPU time is that of children that have ended since."""

    def __init__(self):
        self.start, self.cpu_start = time.monotonic(), self.cpu()

    @staticmethod
    def cpu():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def read(self):
        return Took(time.monotonic() - self.start, self.cpu() - self.cpu_start)


def ratio(ours, theirs, kind):
    """The median of what pairs of runs come to; kind: "wall" or "cpu"."""
    return statistics.median(getattr(a, kind) / getattr(b, kind) for a, b in zip(ours, theirs))


def head(title):
    """Above rows of the following kind, 80 columns wide."""
    return f"{title:<46} {'ours':>7} {'peer':>7} {'ratio':>5} {'CPU':>5} {'goal':>4}"


def row(title, ours, theirs, goal):
    """Seconds of both sides, the ratio by the clock and by CPU time, and the former's goal."""
    seconds = [f"{statistics.median(one.wall for one in side):>6.2f}s" for side in (ours, theirs)]
    ratios = [ratio(ours, theirs, kind) for kind in ("wall", "cpu")]
    texts = ["" if math.isnan(value) else f"{value:.3f}" for value in ratios]
    return (f"{title:<46} {seconds[0]} {seconds[1]} {texts[0]:>5} {texts[1]:>5} "
            f"{'' if goal is None else goal:>4}").rstrip()
