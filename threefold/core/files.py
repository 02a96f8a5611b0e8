"""Files of a core, written into a folder of products."""

import contextlib

from ..data import load_images
from ..errors import DataError
from ..files import write_file
from ..plan import Plan
from ..products import Products
from .testbench import verilog_testbench
from .texts import csr_json, fusesoc_core, header_comment, instance, ports_json
from .waivers import waivers

__all__ = ["write_core"]


def write_core(
    products: Products,
    plan: Plan,
    verilog: str,
    bus: str | None = None,
    *,
    clock_mhz: float | None = None,
) -> None:
    """Write the Verilog of a core, and what is around it, as ``products.core_of(bus)``.

    Around an accelerator whose weights come from a memory outside there is nothing.

    Parameters
    ----------
    products : Products
    plan : Plan
    verilog : str
        Modules of the core.
    bus : str, optional
        One of :data:`BUSES`; the accelerator alone if left out.
    clock_mhz : float, optional
        Frequency that ``CLOCK`` tells, in MHz.

    Raises
    ------
    FileFormatError
        If the network's provenance does not name its classes right.
    BuildError
        If a file cannot be written.
    """
    files = products.core_of(bus)
    texts = {files.rtl: header_comment(plan, bus) + verilog}
    if plan.streamed is None:
        texts |= {
            files.ports: ports_json(plan, bus),
            files.waivers: waivers(plan, bus),
            files.instance: instance(plan, bus),
            files.testbench: _testbench(products, plan, bus),
            files.fusesoc: fusesoc_core(plan, bus),
        }
    if bus:
        texts[files.csr] = csr_json(plan, bus, clock_mhz=clock_mhz)
    for path, text in texts.items():
        write_file(path, text)


def _testbench(products: Products, plan: Plan, bus: str | None) -> str:
    """Testbench with the images of the folder; with random ones if there are none that fit."""
    with contextlib.suppress(DataError):
        return verilog_testbench(plan, load_images(products.images)[0], bus=bus)
    return verilog_testbench(plan, bus=bus)
