"""What commands leave in a project folder, and how to be rid of it."""

from pathlib import Path

from .errors import FileFormatError
from .files import read_json
from .network import Network, load, save
from .network.file import digest
from .network.network import is_name

__all__ = ["holds_network", "is_planned", "put_network", "remove_products", "remove_report"]

_REPORT = ("report.json", "report.html", "manifest.json")
_PRODUCTS = (
    "rtl/{name}.v",
    "firmware/{name}.h",
    "sim/simulation.json",
    "sim/dump.vcd",
    *_REPORT,
)


def holds_network(folder: Path | str, network: Network) -> bool:
    """Whether the network in a folder is this one."""
    try:
        return digest(load(Path(folder) / "network.tern")) == digest(network)
    except FileFormatError:
        return False


def put_network(folder: Path | str, network: Network) -> None:
    """Write ``network.tern``; of another network that was there, its plan and products go.

    Raises
    ------
    BuildError
        If the folder cannot be written.
    """
    folder = Path(folder)
    if not holds_network(folder, network):
        remove_products(folder, network.name)
        (folder / "plan.json").unlink(missing_ok=True)
    save(network, folder / "network.tern")


def is_planned(folder: Path | str) -> bool:
    """Whether the network in a folder is the one the plan there is of."""
    try:
        planned = read_json(Path(folder) / "plan.json").get("network_digest")
        return planned == digest(load(Path(folder) / "network.tern"))
    except FileFormatError:
        return False


def remove_products(folder: Path | str, name: str) -> None:
    """Remove what commands made from the plan in ``folder``, and nothing else.

    Parameters
    ----------
    folder : path
        Of a project.
    name : str
        Of the network, in case the plan does not say.
    """
    folder = Path(folder)
    try:
        planned = read_json(folder / "plan.json").get("network")
    except FileFormatError:
        planned = None
    # The plan may be a stranger's: what is no name could lead out of the folder.
    name = planned if is_name(planned) else name
    products = [folder / product.format(name=name) for product in _PRODUCTS]
    _remove(folder, [*products, *folder.glob("gateware/*")])


def remove_report(folder: Path | str) -> None:
    """Remove what tells of results that are about to change."""
    folder = Path(folder)
    _remove(folder, [folder / name for name in _REPORT])


def _remove(folder: Path, paths: list[Path]) -> None:
    root = folder.resolve()
    for path in paths:
        # A link to a file goes; a linked folder, and what is in it, belongs to someone else.
        if path.is_file() and path.parent.resolve().is_relative_to(root):
            path.unlink()
