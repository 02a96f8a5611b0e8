"""A C header with everything about an accelerator that its driver has to know."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from threefold.boards import BAUD, CODE_BITS, FIFO_BYTES
from threefold.network import Integers
from threefold.plan import Plan

__all__ = ["header"]

_TEMPLATES = Environment(
    loader=PackageLoader("threefold.firmware", "."),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # C, not HTML; names are checked to be identifiers
)


def header(plan: Plan) -> str:
    """The text of ``<name>.h``: sizes and types of inputs and outputs, and the cycles.

    The serial line is in it unless input codes are too wide for its bytes.
    """
    network = plan.network
    codes = network.input.element
    last, output = plan.steps[-1].step, network.types[network.output.name]
    bits = output.element.bits if plan.argmax else last.out_bits
    return _TEMPLATES.get_template("header.h.j2").render(
        name=network.name,
        prefix=network.name.upper(),
        inputs=network.input.size,
        codes=codes,
        outputs=output.size,
        output_bits=bits,
        output_bytes=-(-bits // 8),
        output_is_class=int(plan.argmax),
        output_is_signed=isinstance(output.element, Integers),
        pixels=last.pixels,
        classes=last.channels,
        cycles=plan.cycles,
        serial=codes.bits <= CODE_BITS,
        baud=BAUD,
        fifo_bytes=FIFO_BYTES,
    )
