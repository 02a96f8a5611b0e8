"""Deadlines of a bursty trace of requests: widths chosen by the scheduler beside fixed ones.

    python benchmarks/scheduling.py [--json FILE]

Intervals, latencies and which images each width gets right are those that ``widths.py`` recorded.
Arrivals are drawn once with a fixed seed, calm and bursts in turn, and recorded. A request is due a
few intervals of the whole network after it came; one that cannot be in time is dropped.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from threefold.files import write_file
from threefold.host import Scheduler

HERE = Path(__file__).parent
REQUESTS, SEED = 2000, 0
CALM, BURST = 0.5, 0.85  # of the rates of the whole network, and of the narrowest one
STAY = 60  # requests until calm and burst change, on average
DUE = 6  # intervals of the whole network after the arrival
RESERVES = (0, 2, 4)  # intervals of the whole network that are kept for requests to come


def arrivals(whole: float, narrowest: float) -> list[int]:
    """Cycles in which requests come: calm and bursts in turn, for intervals of two widths."""
    rng = np.random.default_rng(SEED)
    now, bursts, times = 0.0, False, []
    for _ in range(REQUESTS):
        if rng.random() < 1 / STAY:
            bursts = not bursts
        now += rng.exponential(narrowest / BURST if bursts else whole / CALM)
        times.append(round(now))
    return times


def serve(
    times: Sequence[int],
    due: float,
    scheduler: Scheduler,
    pick: Callable[[float, Sequence[float]], int | None],
) -> list[int | None]:
    """The width at which each request is computed in time; None for those that are dropped."""
    widths: list[int | None] = [None] * len(times)
    queue: list[int] = []
    now, following = 0.0, 0
    while queue or following < len(times):
        if not queue:
            now = max(now, times[following])
        while following < len(times) and times[following] <= now:
            queue.append(following)
            following += 1
        width = pick(now, [times[request] + due for request in queue])
        request = queue.pop(0)
        widths[request] = width
        if width is not None:
            now += scheduler.intervals[width]
    return widths


def fixed(scheduler: Scheduler, width: int) -> Callable[[float, Sequence[float]], int | None]:
    """The same width for every request that it lets be in time."""
    return lambda now, deadlines: (
        width if now + scheduler.latencies[width] <= deadlines[0] else None
    )


def measure(record: dict) -> dict:
    """Shares of requests in time, and right in time, by policy."""
    widths = list(record["widths"].values())
    names = list(record["widths"])
    scheduler = Scheduler(
        [each["interval"] for each in widths], [each["latency"] for each in widths]
    )
    whole = widths[0]["interval"]
    times = arrivals(whole, min(scheduler.intervals))
    due = DUE * whole + widths[0]["latency"]
    policies = {name: fixed(scheduler, width) for width, name in enumerate(names)}
    for kept in RESERVES:
        policies[f"scheduled, {kept} kept"] = replace(scheduler, reserve=kept * whole).pick
    found = {}
    for name, pick in policies.items():
        chosen = serve(times, due, scheduler, pick)
        right = [
            width is not None and widths[width]["right"][index % len(widths[width]["right"])] == "1"
            for index, width in enumerate(chosen)
        ]
        found[name] = {
            "in_time": sum(width is not None for width in chosen) / len(chosen),
            "right_in_time": sum(right) / len(chosen),
            "at": {each: chosen.count(width) for width, each in enumerate(names)},
        }
    return {"due_cycles": due, "arrivals": times, "policies": found}


def main() -> None:
    """Measure, print the table, and write the figures as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    args = parser.parse_args()

    recorded, console, record = json.loads((HERE / "widths.json").read_text()), Console(), {}
    for name in recorded:
        if recorded[name]["widths"]["whole"].get("right"):
            record[name] = measure(recorded[name])
            console.print(table(name, record[name]))
    if args.json:
        write_file(args.json, json.dumps(record, indent=1, sort_keys=True) + "\n")


def table(name: str, figures: dict) -> Table:
    """A row for each policy."""
    rows = Table(
        "policy", "in time", "right in time", "requests at each width", title=name, box=None
    )
    for policy, each in figures["policies"].items():
        at = ", ".join(f"{width} {count:,}" for width, count in each["at"].items() if count)
        rows.add_row(policy, f"{each['in_time']:.1%}", f"{each['right_in_time']:.1%}", at)
    return rows


if __name__ == "__main__":
    main()
