"""Host side: ports of an accelerator, its serial line on a board, and the command to flash it."""

import shlex
from collections.abc import Mapping

from ..boards import BOARDS
from ..hw.interfaces.serial import BAUD, BYTE_BITS, CODE_BITS, FIFO_BYTES
from ..plan import Port, Ports

__all__ = ["flash_command", "limiting", "link", "ports"]


def ports(accelerator: Ports) -> dict:
    """Streams into and out of an accelerator, as JSON values.

    Returns
    -------
    dict
        ``input`` and ``output``, each with ``shape`` of an image or of what comes of one,
        ``lanes`` of a beat, ``bits`` of a lane, ``signed``, and ``beats`` an image; ``gives``:
        ``"class"``, ``"logits"`` or ``"codes"``; ``classes``, or channels of the output.
    """
    gives = "logits" if accelerator.output.type.signed else "codes"
    return {
        "input": _port(accelerator.input),
        "output": _port(accelerator.output),
        "gives": "class" if accelerator.gives_class else gives,
        "classes": accelerator.classes,
    }


def _port(port: Port) -> dict:
    return {
        "shape": list(port.tensor.shape),
        "lanes": port.type.lanes,
        "bits": port.type.bits,
        "signed": port.type.signed,
        "beats": port.beats,
    }


def link(accelerator: Ports) -> dict:
    """The serial line between a host and an accelerator on a board; empty if it has none.

    Returns
    -------
    dict
        ``baud`` in bits a second, ``input_bytes`` and ``output_bytes`` of an image,
        ``fifo_bytes`` that wait on the board, and ``inferences_per_second``: the most that the
        line carries, where the host sends the next image while results come back.
    """
    if accelerator.input.type.bits > CODE_BITS:
        return {}
    given = accelerator.input.tensor.size
    taken = accelerator.output.tensor.size * accelerator.output.element_bytes
    return {
        "baud": BAUD,
        "input_bytes": given,
        "output_bytes": taken,
        "fifo_bytes": FIFO_BYTES,
        "inferences_per_second": BAUD / BYTE_BITS / max(given, taken),
    }


def limiting(report: Mapping) -> str | None:
    """What limits the images a second on the board, ``"link"`` or ``"accelerator"``, if known."""
    own = report.get("inferences_per_second", report.get("estimated_inferences_per_second"))
    line = report.get("link")
    if own is None or not line:
        return None
    return "link" if line["inferences_per_second"] < own else "accelerator"


def flash_command(report: Mapping) -> str | None:
    """The command line, in the folder of the report, that loads the bitstream; None without one."""
    board = BOARDS.get(report.get("board", ""))
    if board is None or not board.loader or "bitstream" not in report:
        return None
    return f"openFPGALoader -b {board.loader} {shlex.quote(report['bitstream'])}"
