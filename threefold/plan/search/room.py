"""Room on a device: what plans and networks need, against what there is."""

from collections.abc import Sequence

from ...errors import PlanError
from ...fpga import Device, Resources
from ...network import Network
from ..layers import Layer
from .pareto import most_flip_flops

__all__ = ["beyond", "require_room", "require_storage"]

_MOST_OFF = 1.2  # of 70 accelerators on record none is estimated at 20 % too many logic cells


def require_room(needed: Resources, device: Device, board: str = "") -> None:
    """Raise if a plan is too big for a device even if the estimate is as far off as it has been.

    Parameters
    ----------
    needed : Resources
    device : Device
    board : str
        Name for messages; that of the device if left out.

    Raises
    ------
    PlanError
        If it takes more logic cells than there are by over 20 %, more block RAMs by over 3, or
        more single-port RAMs or flip-flops.
    """
    board = board or device.name
    if needed.cells > _MOST_OFF * device.lut or needed.bram > device.bram + 3:
        raise PlanError(
            f"these foldings need about {needed.cells:,.0f} of {device.lut:,} logic cells and "
            f"{needed.bram} of {device.bram} block RAMs on {board}; choose smaller PE/SIMD"
        )
    if device.ff and needed.flip_flops > device.ff:
        raise PlanError(
            f"these foldings need about {needed.flip_flops:,.0f} of {device.ff:,} flip-flops on "
            f"{board}; choose smaller PE/SIMD"
        )
    if needed.spram > device.spram:
        raise PlanError(
            f"these memories need {needed.spram} of {device.spram} single-port RAMs on "
            f"{board}; choose another for some activation buffers"
        )


def beyond(total: Resources, device: Device, fill: float) -> str:
    """What is needed, and what a plan may take of that which is too much."""
    kinds = [
        ("logic cells", round(total.cells), int(fill * device.lut), device.lut),
        ("single-port RAMs", total.spram, device.spram, device.spram),
        ("block RAMs", total.bram, device.bram - 1, device.bram),
    ]
    if total.flip_flops > most_flip_flops(device):
        kinds.append(
            ("flip-flops", round(total.flip_flops), int(most_flip_flops(device)), device.ff)
        )
    needs = [f"{need:,} {name if need > 1 else name[:-1]}" for name, need, _, _ in kinds if need]
    limits = [f"{most:,} of {there:,} {name}" for name, need, most, there in kinds if need > most]
    *others, last = needs
    listed = f"{', '.join(others)} and {last}" if others else last
    return f"{listed}, and a plan takes at most {' and '.join(limits)}"


def require_storage(network: Network, layers: Sequence[Layer], device: Device, board: str) -> None:
    """Refuse at once what no folding makes small enough.

    At best, the sign of each weight that is not 0 is stored.
    """
    needed = sum(layer.nonzero_weights for layer in layers)
    there = device.family.block_bits * device.bram + 16 * device.lut
    if needed > there:
        raise PlanError(
            f"{network.name!r} does not fit {board}: its weights that are not 0 take "
            f"{needed:,} bits, and there are {there:,} in block RAMs and LUTs; choose a bigger "
            f"board or a smaller network"
        )
