"""A C header with everything about an accelerator that its driver has to know."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from threefold.hw.interfaces.serial import BAUD, CODE_BITS
from threefold.network.file import digest
from threefold.plan import Plan
from threefold.plan.file import mark

from .preparation import tables

__all__ = ["header"]

_TEMPLATES = Environment(
    loader=PackageLoader("threefold.firmware", "."),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # C, not HTML; names are checked to be identifiers
)


def header(plan: Plan) -> str:
    """The text of ``<name>.h``: sizes and types of inputs and outputs, and the cycles.

    The serial line is in it unless input codes are too wide for its bytes. Names of classes and
    the codes of real values are in it where the network's provenance tells them.

    Raises
    ------
    FileFormatError
        If what the provenance tells of them is damaged.
    """
    network, ports = plan.network, plan.ports
    codes, output = network.input.codes, ports.output
    return _TEMPLATES.get_template("header.h.j2").render(
        name=network.name,
        mark=mark(plan),
        prefix=network.name.upper(),
        inputs=network.input.size,
        codes=codes,
        outputs=output.tensor.size,
        output_bits=output.type.bits,
        output_bytes=output.element_bytes,
        output_is_class=int(ports.gives_class),
        output_is_signed=output.type.signed,
        pixels=output.pixels,
        classes=ports.classes,
        digest=digest(network)[:8],
        cycles=plan.cycles,
        widths=plan.widths,
        batch=plan.batch,
        serial=codes.bits <= CODE_BITS,
        baud=BAUD,
        shape=network.input.shape,
        tables=tables(network),
    )
