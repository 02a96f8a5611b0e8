"""Finish of a row of constants: its code or its logit, from the signal of the row."""

from threefold.plan.units.unrolled import UnrolledUnit
from threefold.plan.unrolled.datapath import Output

from .row_codes import RowCode
from .row_logits import RowLogit

__all__ = ["finish_row"]


def finish_row(plan: UnrolledUnit, row: int, output: Output, bits: int) -> RowCode | RowLogit:
    """What is behind the signal of a row, which is ``output.offset`` above the product.

    Parameters
    ----------
    plan : UnrolledUnit
    row : int
    output : Output
    bits : int
        Width of the unsigned signal.
    """
    if plan.layer.thresholds is None:
        offset = plan.logit_offset(row) - (output.offset << plan.shift)
        return RowLogit(bits=bits, shift=plan.shift, offset=offset, logit_bits=plan.outputs[0].bits)
    line = plan.lines[row]
    if line is not None:
        line = line._replace(offset=line.offset - output.offset)
    return RowCode(
        plan.product_thresholds(row) + output.offset,
        line=line,
        largest=output.largest + output.offset,
        latency=plan.finish_latency,
    )
