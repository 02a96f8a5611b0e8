"""Former: what was in a project folder before."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Former"]


@dataclass(frozen=True)
class Former:
    """Network, plan or test images of a project folder before, now in a folder of their own.

    Attributes
    ----------
    folder : Path
        Where it is now, with plan and products at the same places as before.
    name : str
        Name of the network; empty if that cannot be told.
    planned : bool
        Whether a plan was there.
    usable : bool
        False if a plan moved because it cannot be used, and its network stayed.
    images : bool
        Whether only test images moved, because others replace them, and all else stayed.
    """

    folder: Path
    name: str
    planned: bool
    usable: bool = True
    images: bool = False

    def __str__(self):
        """What happened, in one line."""
        if self.images:
            return f"the test images before are now in {self.folder}"
        if not self.usable:
            return (
                f"the plan before, which cannot be used, and its products are now in {self.folder}"
            )
        network = f"the network before, {self.name}," if self.name else "the network before"
        if self.planned:
            return f"plan and products of {network} are now in {self.folder}"
        return f"{network} is now in {self.folder}"
