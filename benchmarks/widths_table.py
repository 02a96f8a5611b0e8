"""Text of what ``widths.py`` and ``scheduling.py`` measured."""

from page_table import table

__all__ = ["widths"]


def widths(record: dict, scheduling: dict) -> str:
    """The section of docs/benchmarks.md, from what the scripts recorded."""
    rows, cells = [], []
    for name, each in record.items():
        for width, figures in sorted(each["widths"].items(), key=lambda it: -it[1]["interval"]):
            cycles = f"{figures['interval']:,}", f"{figures['latency']:,}"
            share = f"{figures['accuracy']:.2%}"
            rows.append((f"{name}, {each['board']}", width, *cycles, share))
        for kind, label in (("single", "whole alone"), ("several", "all widths")):
            built = each["built"].get(kind)
            placed = (f"{built['cells']:,}", f"{built['fmax_mhz']:.1f}") if built else ("–", "–")
            estimate = each["estimated"][kind]
            estimated = f"{estimate['cells']:,}", estimate["bram"]
            cells.append((f"{name}, {each['board']}", label, *estimated, *placed))
    simulated = ", ".join(f"{each['simulated']} of {name}" for name, each in record.items())
    head = ("network", "width", "interval", "latency", "accuracy")
    area = ("network", "hardware", "cells, estimate", "block RAM", "cells on the board", "Fmax MHz")
    return f"""## Several widths in one accelerator
`benchmarks/widths.py`: networks trained at three widths, in one accelerator each. Images ran in
Verilator at widths in random order ({simulated}):
every value of every layer equal to the golden model of that width, every image in the cycle
predicted. ResNet-20 is `zoo/resnet20_jpeg_widths.tern`, its accuracy that of the 10,000 test images
of the JPEG copy of CIFAR-10.

{table(head, rows)}

What widths take, beside an accelerator of the whole network alone; cells on the board have the link
with them.

{table(area, cells)}

{_scheduling(scheduling)}
"""


def _scheduling(record: dict) -> str:
    parts = []
    for name, figures in record.items():
        rows = []
        for policy, each in figures["policies"].items():
            at = ", ".join(f"{count:,} {width}" for width, count in each["at"].items() if count)
            rows.append((policy, f"{each['in_time']:.1%}", f"{each['right_in_time']:.1%}", at))
        head = (f"{name}: policy", "in time", "right in time", "requests at each width")
        parts.append(table(head, rows))
    count = len(next(iter(record.values()))["arrivals"])
    tables = "\n\n".join(parts)
    return f"""`benchmarks/scheduling.py`: a recorded trace of {count:,} requests, calm at half the
rate of the whole network and bursts at 85 % of that of the narrowest in turn, each due six
intervals of the whole network after an image could have left at the earliest. Requests that cannot
be in time are dropped. `threefold.host.Scheduler` with different times kept, in intervals of the
whole network, beside fixed widths:

{tables}"""
