"""Text of what ``first_and_last.py`` measured."""

from collections.abc import Mapping

from page_table import table, versions

__all__ = ["first_and_last"]


def first_and_last(record: dict, accuracies: Mapping[str, float]) -> str:
    """The section of docs/accuracy.md.

    Parameters
    ----------
    record : mapping
        What ``first_and_last.py`` recorded.
    accuracies : mapping
        Accuracy by network.
    """
    head = ("weights", "accuracy %", "KiB of weights", "latency", "interval")
    head += ("LUTs", "flip-flops", "block RAMs")
    rows = [
        (
            row["weights"],
            f"{100 * accuracies[row['network']]:.2f}",
            f"{row['weight_bits'] / 8192:.1f}",
            *(f"{row['measured'][key]:,.0f}" for key in ("latency", "interval")),
            *(f"{row[key]:,}" for key in ("lut", "ff", "bram")),
        )
        for row in record["rows"]
    ]
    images = record["rows"][0]["images"]
    return f"""## First and last layer of 8 bits
`benchmarks/first_and_last.py`: `resnet20-jpeg-apot`, the recipe of APoT in short, beside
`resnet20-jpeg-2bit`, both of 2-bit activations and trained for 20 epochs. The recipes differ in
more than these layers: APoT's has a learned clip, stages of float, 4-bit and 3-bit weights in the
first 10 of the epochs, and other rates and weight decay. With one seed each, and a standard error
of 0.4 points that the images alone have, the accuracies are only indicative.

Accelerators are planned for the same interval on the `{record["board"]}`, simulated in Verilator on
{images} test images without a difference, in the cycles predicted, and synthesised whole
({versions([record["tools"]])}).

{table(head, rows)}
"""
