"""Packing: the cells of a device that nextpnr makes of a netlist, without placing them."""

import json
from collections.abc import Sequence
from pathlib import Path

from ..errors import BuildError
from ..fpga import Family
from .nextpnr import count_used
from .toolchain import run

__all__ = ["pack"]


def pack(
    family: Family, folder: Path | str, *, name: str = "top", device: Sequence[str] | None = None
) -> dict[str, int]:
    """Pack what :func:`~threefold.tools.synthesis.synthesise` left in a folder.

    Parameters
    ----------
    family : Family
        One with a tool flow.
    folder : path
        Where ``<name>.json`` is, and ``<name>.packed.json`` and ``nextpnr.log`` go.
    name : str
        Name of the module.
    device : sequence of str, optional
        Options of nextpnr that name a device; those of :attr:`Flow.packing` if left out.

    Returns
    -------
    dict from str to int
        Cells in use, by resource as in :attr:`Flow.report`: ``"lut"`` are logic cells, each of
        which may hold a LUT, a carry and a flip-flop. A device with fewer is no error.

    Raises
    ------
    ToolError
        If nextpnr is missing.
    BuildError
        If it fails.
    """
    folder, flow = Path(folder), family.flow
    report = f"{name}.packed.json"
    options = [*(device or flow.packing), "--json", f"{name}.json"]
    options += ["--pack-only", "--report", report]
    run(flow.nextpnr.name, options, cwd=folder, log=folder / "nextpnr.log")
    try:
        used = json.loads((folder / report).read_text())["utilization"]
        return {
            resource: count_used(used, cells)
            for resource, cells in flow.report.items()
            if resource == "lut" or cells[0] in used  # what the device has
        }
    except (OSError, ValueError, KeyError, TypeError):
        raise BuildError(
            f"cannot read the report of nextpnr in {folder / report}; see its log"
        ) from None
