"""Texts around an accelerator's Verilog: header comment, instantiation template, FuseSoC core."""

import json

from jinja2 import Environment, PackageLoader, StrictUndefined

from .. import __version__
from ..plan import Plan
from ..plan.file import digest, mark
from ..registers import REGISTERS
from ..registers.identity import identity
from ..registers.texts import csr
from .bus import core_name, describe_bus
from .description import describe

__all__ = ["csr_json", "fusesoc_core", "header_comment", "instance", "ports_json", "render"]

_TEMPLATES = Environment(
    loader=PackageLoader("threefold.core", "."),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # names are checked to be identifiers, all other text is quoted
)
# A quoted name is one line of ASCII, whatever is in it.
_TEMPLATES.filters["quoted"] = json.dumps
_TEMPLATES.filters["shape"] = lambda sizes: "×".join(map(str, sizes))


def header_comment(plan: Plan, bus: str | None = None) -> str:
    """Comment above the modules of ``NAME.v``: what the ports mean, as in ``NAME.ports.json``.

    Parameters
    ----------
    plan : Plan
    bus : str, optional
        One of :data:`BUSES`; the accelerator alone if left out.

    Raises
    ------
    FileFormatError
        If the network's provenance does not name its classes right.
    """
    return render("comment", plan, bus)


def ports_json(plan: Plan, bus: str | None = None) -> str:
    """Text of ``NAME.ports.json``: :func:`describe` or :func:`describe_bus`."""
    return _json(describe_bus(plan, bus) if bus else describe(plan))


def csr_json(plan: Plan, bus: str, *, clock_mhz: float | None = None) -> str:
    """Text of ``NAME.csr.json``: registers from offset 0 on, as LiteX has them."""
    registers = REGISTERS.on(bus, loadable=plan.loadable)
    content = csr(core_name(plan, bus), registers, identity(plan, clock_mhz=clock_mhz))
    return _json(content | {"plan_digest": digest(plan)})


def instance(plan: Plan, bus: str | None = None) -> str:
    """Text of ``NAME.inst.v``: signals and an instance to copy into a module of one's own."""
    return render("instance", plan, bus)


def fusesoc_core(plan: Plan, bus: str | None = None) -> str:
    """Text of ``NAME.core``, which describes the files to FuseSoC (CAPI2)."""
    return _render("fusesoc.core.j2", plan, bus)


def render(template: str, plan: Plan, bus: str | None = None, **more) -> str:
    """Text of a Verilog template, that of the bus if there is one.

    It knows what :func:`describe` or :func:`describe_bus` says as ``core``, the ``mark``, and the
    ``address_bits`` of a word.
    """
    return _render(f"{template}_{bus}.v.j2" if bus else f"{template}.v.j2", plan, bus, **more)


def _json(content: dict) -> str:
    """JSON text, the same for the same content."""
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _render(template: str, plan: Plan, bus: str | None, **more) -> str:
    core = describe_bus(plan, bus) if bus else describe(plan)
    return _TEMPLATES.get_template(template).render(
        core=core,
        mark=mark(plan),
        version=__version__,
        address_bits=REGISTERS.address_bits,
        **more,
    )
