"""Identity: the words of the registers that say what an accelerator is."""

from ..network.file import digest
from ..plan import Plan, Ports
from .table import IDENTITY, REGISTERS, VERSION

__all__ = ["identity", "identity_of"]


def identity(plan: Plan, *, clock_mhz: float | None = None) -> dict[str, int]:
    """Words of the registers that never change, by name.

    Parameters
    ----------
    plan : Plan
    clock_mhz : float, optional
        Frequency of the accelerator, in MHz, if it is known.

    Examples
    --------
    >>> import threefold
    >>> plan = threefold.fit(threefold.references.lenet(), threefold.boards.get("ulx3s_85f").device)
    >>> words = identity(plan, clock_mhz=25)
    >>> words["INPUTS"], words["CLOCK"], hex(words["ID"])
    (784, 25000000, '0x54464c44')
    """
    return identity_of(
        plan.ports,
        digest(plan.network),
        clock_mhz=clock_mhz,
        loadable=plan.loadable,
        widths=1 + len(plan.widths),
        batch=plan.batch,
    )


def identity_of(
    ports: Ports,
    network_digest: str,
    *,
    clock_mhz: float | None = None,
    loadable: bool = False,
    widths: int = 1,
    benchmark: bool = False,
    batch: int = 1,
) -> dict[str, int]:
    """Words of the registers that never change, by name, from what they tell.

    Parameters
    ----------
    ports : Ports
        Of the accelerator.
    network_digest : str
        SHA-256 of the network, in hexadecimal.
    clock_mhz : float, optional
        Frequency of the accelerator, in MHz, if it is known.
    loadable : bool
        Whether program images are loaded into the accelerator.
    widths : int
        Widths of the network at which images are computed.
    benchmark : bool
        Whether there are the registers of a benchmark.
    batch : int
        Images that come together.
    """
    return {
        "ID": IDENTITY,
        "VERSION": VERSION,
        "DIGEST": int(network_digest[:8], 16),
        "INPUTS": ports.input.tensor.size,
        "OUTPUTS": ports.output.tensor.size,
        "FORMAT": REGISTERS["FORMAT"].pack(
            input_bits=ports.input.type.bits,
            output_bits=ports.output.type.bits,
            output_signed=int(ports.output.type.signed),
            output_is_class=int(ports.gives_class),
            loadable=int(loadable),
            benchmark=int(benchmark),
            narrower=widths - 1,
            batch=batch - 1,
        ),
        "CLASSES": ports.classes,
        "CLOCK": round((clock_mhz or 0) * 1e6),
    }
