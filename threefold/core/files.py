"""Files of a core, written into a folder of products."""

import contextlib

from ..data import load_images
from ..errors import DataError
from ..files import write_file
from ..plan import Plan
from ..products import Products
from .description import ports_json
from .testbench import verilog_testbench
from .texts import fusesoc_core, header_comment, instance
from .waivers import waivers

__all__ = ["write_core"]


def write_core(products: Products, plan: Plan, verilog: str) -> None:
    """Write the Verilog of an accelerator, and what is around it, as ``products.core``.

    Parameters
    ----------
    products : Products
    plan : Plan
    verilog : str
        Modules of the accelerator.

    Raises
    ------
    FileFormatError
        If the network's provenance does not name its classes right.
    BuildError
        If a file cannot be written.
    """
    texts = {
        products.rtl: header_comment(plan) + verilog,
        products.ports: ports_json(plan),
        products.waivers: waivers(plan),
        products.instance: instance(plan),
        products.testbench: _testbench(products, plan),
        products.fusesoc: fusesoc_core(plan),
    }
    for path, text in texts.items():
        write_file(path, text)


def _testbench(products: Products, plan: Plan) -> str:
    """Testbench with the images of the folder; with random ones if there are none that fit."""
    with contextlib.suppress(DataError):
        return verilog_testbench(plan, load_images(products.images)[0])
    return verilog_testbench(plan)
