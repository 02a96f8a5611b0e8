"""Verilog generation: the same text for the same component."""

import gc
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amaranth.back import rtlil
from amaranth.lib import wiring

from threefold.errors import BuildError
from threefold.tools.toolchain import run

from .equal_widths import equal_widths

__all__ = ["to_rtlil", "to_verilog"]


def to_rtlil(component: wiring.Component, name: str, ports=None, platform=None) -> str:
    """The component as RTLIL text, without source positions.

    Parameters
    ----------
    component : wiring.Component
        What to convert; with ``ports`` any elaboratable will do.
    name : str
        Name of the top module.
    ports : sequence of signals or dict, optional
        Ports where they do not follow from the component's signature.
    platform : object, optional
        Its attribute ``family`` lets components use what the FPGA has; see
        :func:`~threefold.hw.family.family_of`.
    """
    with _no_collection():
        return rtlil.convert(component, name=name, ports=ports, platform=platform, emit_src=False)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the cyclic garbage collector.

    Amaranth makes millions of small objects that stay until it is done; looking through them again
    and again takes longer than everything else together.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def to_verilog(component: wiring.Component, name: str, ports=None, platform=None) -> str:
    """The component as Verilog text of 2005, which linters take but for matters of style.

    Each signal has one name, the one that says most; signals of the top module that are called
    ``tap_…`` keep theirs. Bits of a sum that nothing uses are left out. Attributes that are meant
    for synthesis (``keep``, ``ram_style``) stay, Amaranth's own and source positions go. Parameters
    are those of :func:`to_rtlil`.

    Raises
    ------
    ToolError
        If Yosys is missing.
    BuildError
        If Yosys fails, or temporary files cannot be written.
    """
    text = to_rtlil(component, name, ports, platform)
    try:
        with tempfile.TemporaryDirectory(prefix="threefold-") as folder:
            folder = Path(folder)
            (folder / "design.il").write_text(text)
            (folder / "widths.v").write_text(equal_widths())
            (folder / "design.ys").write_text(_script(name))
            run("yosys", ["-q", "design.ys"], cwd=folder)
            # The first line tells how Yosys was built, which is nobody's business.
            return (folder / "design.v").read_text().split("\n", 1)[1].lstrip()
    except OSError as error:
        raise BuildError(
            f"cannot write into {tempfile.gettempdir()}: {error.strerror}; make room there"
        ) from None


def _script(name: str) -> str:
    """Commands of Yosys that write a design as Verilog."""
    return f"""\
read_rtlil design.il
proc -norom
pmuxtree
memory_collect
setattr -set keep 1 {name}/w:tap_*
wreduce {_NARROWED}
opt_expr
select -set results {_NARROWED} {"%u " * _NARROWED.count(" ")}%x1:+[Y] w:* %i
techmap -map widths.v
splitnets -driver -format __ @results
opt_clean -purge
setattr -unset keep {name}/w:tap_*
attrmap {_REMOVED}
attrmap -modattr {_REMOVED}
write_verilog -norename design.v
"""


_NARROWED = "t:$add t:$sub t:$mux t:$and t:$or t:$xor t:$not"
_REMOVED = (
    "-remove generator -remove top -remove src -remove amaranth.hierarchy -remove amaranth.decoding"
)
