"""Host side: ports of an accelerator, its serial line on a board, and the command to flash it."""

from collections.abc import Mapping

from ..boards import BOARDS
from ..hw.interfaces.serial import BAUD, BYTE_BITS, CODE_BITS, frame_bytes
from ..plan import Port, Ports
from ..samples import SampleWords

__all__ = ["flash_command", "limiting", "link", "next_steps", "ports"]


def ports(accelerator: Ports) -> dict:
    """Streams into and out of an accelerator, as JSON values.

    Returns
    -------
    dict
        ``input`` and ``output``, each with ``shape`` of an image or of what comes of one,
        ``lanes`` of a beat, ``bits`` of a lane, ``signed``, and ``beats`` an image; ``gives``:
        ``"class"``, ``"logits"`` or ``"codes"``; ``classes``, or channels of the output.
    """
    return {
        "input": _port(accelerator.input),
        "output": _port(accelerator.output),
        "gives": accelerator.gives,
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


def link(accelerator: Ports, baud: int = BAUD, *, widths: int = 1) -> dict:
    """The serial line between a host and an accelerator on a board; empty if it has none.

    Parameters
    ----------
    accelerator : Ports
    baud : int
        Bits a second.
    widths : int
        Widths of the network; where there are several, a byte with that of an image is one of its
        own.

    Returns
    -------
    dict
        ``baud``; ``input_bytes`` and ``output_bytes`` of an image; ``input_frame_bytes`` and
        ``output_frame_bytes``, what they take on the line where no byte is escaped; and
        ``inferences_per_second``: the most that the line carries, where the host sends the next
        images while results come back.
    """
    if accelerator.input.type.bits > CODE_BITS:
        return {}
    given = accelerator.input.tensor.size + (widths > 1)
    taken = accelerator.output.tensor.size * accelerator.output.element_bytes
    frames = [frame_bytes(size) + 1 for size in (given, taken)]  # with a flag on both sides
    return {
        "baud": baud,
        "input_bytes": given,
        "output_bytes": taken,
        "input_frame_bytes": frames[0],
        "output_frame_bytes": frames[1],
        "inferences_per_second": baud / BYTE_BITS / max(frames),
    }


def limiting(report: Mapping) -> str | None:
    """What limits the images a second on the board, ``"link"`` or ``"accelerator"``, if known."""
    own = report.get("inferences_per_second", report.get("estimated_inferences_per_second"))
    line = report.get("link")
    if own is None or not line:
        return None
    return "link" if line["inferences_per_second"] < own else "accelerator"


def flash_command(report: Mapping) -> str | None:
    """Command line, in the folder of the report, that loads the bitstream; None without one."""
    board = BOARDS.get(report.get("board", ""))
    if board is None or not board.loader or "bitstream" not in report:
        return None
    return "threefold program ."


def next_steps(report: Mapping, files: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """What to do next, from what a report has: title, text and command, which may be empty.

    Parameters
    ----------
    report : mapping
    files : mapping of str to str
        Products that are there: path relative to the folder of the report, by what it is.
    """
    words = SampleWords(report["sample"])
    steps = []
    if "simulation" not in report:
        steps.append(
            (
                "Simulate",
                f"Compares hardware and golden model, bit by bit, on {words.many} of yours.",
                "threefold simulate network.tern --images test.npz -o .",
            )
        )
    if "bitstream" not in report and report.get("board") in (None, *BOARDS):
        text = "Places and routes the accelerator for a board."
        steps.append(("Build", text, "threefold build network.tern -o ."))
    if "flash_command" in report:
        text = f"Writes the bitstream to the {BOARDS[report['board']].title}."
        steps.append(("Flash", text, report["flash_command"]))
    if "link" in report:
        command = "threefold run PORT test.npz --network network.tern"
        if "program_image_bytes" in report:
            command += " --load program.bin"
        steps.append(("Run it", _protocol(report), command))
    if "C header" in files:
        text = f"{files['C header']} has these sizes and rates as constants."
        steps.append(("Drive it from C", text, ""))
    return steps


def _protocol(report: Mapping) -> str:
    line, gives, words = report["link"], report["ports"]["gives"], SampleWords(report["sample"])
    given, taken = line["input_bytes"], line["output_bytes"]
    count = report["ports"]["output"]["shape"]
    what = {"class": "the class", "logits": "signed logits", "codes": "codes"}[gives]
    each = taken // (count[0] * count[1] * count[2])
    size = f", {each} bytes each, the lowest first" if each > 1 else ""
    return (
        f"USB serial port, {line['baud']:,} baud, 8 data bits, no parity, 1 stop bit, no flow "
        f"control. {words.a.capitalize()} is a frame of {given:,} codes, in the order row, column, "
        f"channel; its result is a frame of {taken:,} byte{'s' if taken > 1 else ''}: "
        f"{what}{size}."
    )
