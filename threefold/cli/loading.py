"""Program images of the command line: those in files, and those of networks for a plan."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from ..errors import DataError, LinkError, ToolError
from ..host.program_image import crc_of, read_program_image
from ..host.session import Session
from ..network import Network, load
from ..products import Products
from .progress import progress_bar

__all__ = ["bytes_shown", "load_into", "program_image", "require_program"]


def program_image(path: Path, built: Path | None) -> tuple[bytes, Network | None]:
    """A program image, and the network it is of, if that is known.

    Parameters
    ----------
    path : Path
        The image, or a ``*.tern`` file to make one of, or a folder with ``program.bin``.
    built : Path, optional
        The network of the bitstream, whose plan is beside it.

    Raises
    ------
    DataError
        If the file cannot be read, or no plan is known for a network.
    FileFormatError
        If a network or plan is damaged.
    PlanError
        If the network does not suit the hardware of the plan.
    ToolError
        If what makes images is not installed.
    """
    if path.is_dir():
        products = Products(path)
        if not products.program.is_file():
            raise DataError(
                f"{path} holds no program.bin; plan there with --loadable, then run threefold build"
            )
        network = load(products.network) if products.network.is_file() else None
        return read_program_image(products.program), network
    if path.suffix != ".tern":
        return read_program_image(path), None
    network = load(path)
    if built is None:
        raise DataError(
            f"{path} is loaded by the plan of the bitstream; give the folder of its build with "
            f"--network"
        )
    try:
        from ..plan import image_of, load_plan
    except ModuleNotFoundError:
        raise ToolError(
            "program images are made by threefold, not threefold-host; load a program.bin"
        ) from None
    plan = load_plan(load(built), Products(built.parent).plan)
    return image_of(plan, network), network


def load_into(session: Session, image: bytes, console: Console) -> None:
    """Load a program image, and show how far it is and what time is left.

    Raises
    ------
    LinkError
        If the board does not take it.
    """
    with bytes_shown(console, len(image)) as show:
        session.load(image, show)


@contextmanager
def bytes_shown(console: Console, total: int) -> Iterator:
    """A bar of so many bytes; what is to be told how many have been loaded."""
    with progress_bar(console, "{task.completed:,.0f}/{task.total:,.0f} bytes") as bars:
        task = bars.add_task("load", total=total)
        yield lambda count: bars.update(task, completed=count)


def require_program(session: Session, built: Path | None) -> None:
    """Refuse a loadable board that has none, or another one than is beside a network.

    Parameters
    ----------
    session : Session
    built : Path, optional
        The network that the board should have.

    Raises
    ------
    LinkError
        If the board does not answer, or has been loaded with another program image.
    """
    if not session.board.loadable:
        return
    program = Products(built.parent).program if built else None
    if program is not None and not program.is_file():
        program = None
    found = session.loaded
    if found is None:
        raise LinkError(f"the board has no network yet; load one with --load {program or 'PATH'}")
    if program and found != (expected := crc_of(read_program_image(program))):
        raise LinkError(
            f"the board was loaded with another network, {found:08x} instead of {expected:08x}; "
            f"load this one with --load {program}"
        )
