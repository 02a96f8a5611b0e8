"""Text of what ``imports.py`` measured."""

from page_table import table, versions

__all__ = ["imports"]


def imports(record: dict) -> str:
    """The section of docs/benchmarks.md, from what ``imports.py`` recorded."""
    rows, rounded = [], record["ternarized"]
    for row in record["rows"]:
        used = (f"{row['utilization'][key]['used']:,}" for key in ("lut", "ff", "bram"))
        rows.append(
            (
                row["network"],
                f"{row['board']}, {'fastest' if row['fastest'] else 'knee'}",
                f"{row['differ']} of {row['values_compared']:,}",
                f"{row['classes_as_recorded']:,} of {row['images']:,}",
                f"{row['accuracy']:.2%}",
                f"{row['latency']:,} / {row['interval']:,}",
                f"{row['fmax_mhz']:.1f}",
                f"{row['clock_mhz']:g}",
                *used,
            )
        )
    first = record["rows"][0]
    worst = max(row["logit_error"] for row in record["rows"])
    tools = versions([record["tools"], *(row["tools"] for row in record["rows"])])
    head = ("network", "board, plan", "values that differ", "classes as recorded", "accuracy")
    head += ("latency / interval", "Fmax MHz", "clock MHz", "logic cells", "FF", "block RAM")
    return f"""## Published networks, imported
`benchmarks/imports.py`; {tools}. TFC of the QONNX model zoo, 784-64-64-64-10 with binary or
ternary weights and activations, on all test images of MNIST, beside the logits that qonnx's
executor gave. Values are codes of all layers and classes; logits are those recorded up to scale
and shift, within {worst:.0e} of their range. Each is planned for the smallest board
that it fits, simulated on {first["simulated"]} images without a mismatch, and routed.

{table(head, rows)}

kwsmlp_w3a3, of 3 bits, is refused: "{rounded["refusal"]}". With `--ternarize`
{rounded["classes_changed"]:.1%} of the classes of {rounded["images"]:,} random inputs change.
"""
