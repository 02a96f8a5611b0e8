"""Text of what ``first_and_last.py`` measured."""

from collections.abc import Mapping
from math import sqrt

from page_table import table, versions

__all__ = ["first_and_last"]


def first_and_last(record: dict, cases: Mapping[str, dict]) -> str:
    """The section of docs/accuracy.md.

    Parameters
    ----------
    record : mapping
        What ``first_and_last.py`` recorded.
    cases : mapping
        What ``accuracy.py`` recorded, by the name of the network; one seed of each.
    """
    runs = {row["network"]: cases[row["network"]]["runs"][0] for row in record["rows"]}
    error = max(
        sqrt(run["integer"] * (1 - run["integer"]) / run["images"]) for run in runs.values()
    )
    config = cases[record["rows"][-1]["network"]]["config"]
    before = sum(stage["epochs"] for stage in config["stages"])
    epochs = before + config["epochs"]
    head = ("weights", "accuracy %", "KiB of weights", "latency", "interval")
    head += ("LUTs", "flip-flops", "block RAMs")
    rows = [
        (
            row["weights"],
            f"{100 * runs[row['network']]['integer']:.2f}",
            f"{row['weight_bits'] / 8192:.1f}",
            *(f"{row['measured'][key]:,.0f}" for key in ("latency", "interval")),
            *(f"{row[key]:,}" for key in ("lut", "ff", "bram")),
        )
        for row in record["rows"]
    ]
    images = record["rows"][0]["images"]
    return f"""## First and last layer of 8 bits
`benchmarks/first_and_last.py`: `resnet20-jpeg-apot`, the recipe of APoT in short, beside
`resnet20-jpeg-2bit`, both of 2-bit activations and trained for {epochs} epochs. The recipes differ
in more than these layers: APoT's has a learned clip, stages of float, 4-bit and 3-bit weights in
the first {before} of the epochs, and other rates and weight decay. With one seed each, and a
standard error of {100 * error:.1f} points that the images alone have, the accuracies are only
indicative.

Accelerators are planned for the same interval on the `{record["board"]}`, simulated in Verilator on
{images} test images without a difference, in the cycles predicted, and synthesised whole
({versions([record["tools"]])}).

{table(head, rows)}
"""
