"""The interval of a score in words."""

import math


def describe_interval(interval: tuple[float, float]) -> str:
    """Describe a 95 % interval of a score; an infinite one says that nothing is known."""
    low, high = interval
    if not (math.isfinite(low) and math.isfinite(high)):
        return "no 95 % interval, as all rows are of one group"
    return f"95 % interval {low:.5g} to {high:.5g}"
