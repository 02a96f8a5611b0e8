"""Text of what ``imports.py`` measured."""

from page_table import table, versions

__all__ = ["imports"]


def imports(record: dict) -> str:
    """The section of docs/benchmarks.md, from what ``imports.py`` recorded."""
    rows = []
    for row in record["rows"]:
        used = (f"{row['utilization'][key]['used']:,}" for key in ("lut", "ff", "bram"))
        rows.append(
            (
                row["network"],
                f"{row['board']}, {'fastest' if row['fastest'] else 'knee'}",
                f"{row['differ']} of {row['values_compared']:,}",
                f"{row['classes_as_recorded']:,} of {row['images']:,}",
                f"{row['accuracy']:.2%}" if "accuracy" in row else "–",
                f"{row['latency']:,} / {row['interval']:,}",
                f"{row['fmax_mhz']:.1f}",
                f"{row['clock_mhz']:g}",
                *used,
            )
        )
    known = [row for row in record["rows"] if "logit_error" in row]
    (kws,) = (row for row in record["rows"] if "ternarized" in row)
    worst = max(row["logit_error"] for row in known)
    tools = versions([record["tools"], *(row["tools"] for row in record["rows"])])
    head = ("network", "board, plan", "values that differ", "classes as recorded", "accuracy")
    head += ("latency / interval", "Fmax MHz", "clock MHz", "logic cells", "FF", "block RAM")
    return f"""## Published networks, imported
`benchmarks/imports.py`; {tools}. TFC of the QONNX model zoo, 784-64-64-64-10 with binary or
ternary weights and activations, on all test images of MNIST, beside the logits that qonnx's
executor gave. Values are codes of all layers and classes; logits are those recorded up to scale
and shift, within {worst:.0e} of their range. Each is planned for the smallest board
that it fits, simulated on {known[0]["simulated"]} images without a mismatch, and routed.
kwsmlp_w3a3 of MLPerf Tiny, 490-256-256-256-12, has weights and activations of 3 bits. It is
compared with the codes and classes of its own executor on random inputs, {kws["simulated"]} of
which are simulated.

{table(head, rows)}

Fmax of Nexus is what nextpnr says, and not to be believed. With `--ternarize`
{kws["ternarized"]["classes_changed"]:.1%} of the classes of kwsmlp_w3a3 change.
"""
