"""Tool flow of a family: synthesis, placement, routing and packing, and names of cells."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Command", "Flow"]


@dataclass(frozen=True)
class Command:
    """A command-line tool.

    Parameters
    ----------
    name : str
        Name of the command.
    package : str
        Python package on PyPI that brings it.
    purpose : str
        What it is for.
    needed : bool
        Whether a build fails without it.
    """

    name: str
    package: str
    purpose: str
    needed: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Flow:
    """From RTL to a bitstream.

    Parameters
    ----------
    synthesis : str
        Yosys commands that map a design to the family's cells, see :meth:`script`.
    until : str
        Options that end the first of these commands early, for :attr:`rest` to go on.
    rest : str
        Yosys commands behind these, of the same form.
    files : mapping of str to str
        Content of files that the commands read, by name.
    component_options : str
        Options of the synthesis for a component alone, whose ports are no pins.
    component_script : str
        Yosys commands behind the synthesis of a component alone, before nextpnr packs it.
    nextpnr, packer : Command
        What places and routes, and what makes the bitstream.
    checks : tuple of Command
        Tools that tests compare with.
    packing : tuple of str
        Options of nextpnr that name a device, to pack a design for none in particular.
    placement : mapping of str to number
        Options of nextpnr's placer, by name, unless the user gives others.
    spreading : mapping of str to str
        Options of nextpnr, by name, for a placement that leaves more room for wires, which is made
        where routing does not converge.
    shares : mapping of str to float
        Share of the time of a build that ``"synthesise"``, ``"place and route"`` and ``"pack"``
        take, roughly; 1 together.
    synthesis_cells : mapping of str to mapping of str to int
        Cells that Yosys' ``stat`` counts, for ``"lut"``, ``"ff"``, ``"bram"``, ``"dsp"`` and
        ``"spram"``, and how many of the resource one such cell is. A name may end in ``*``.
    report : mapping of str to tuple of str
        Cells of nextpnr's report, by resource; named twice, one counts twice. What is left out is
        taken from the netlist.
    placed : mapping of str to tuple of str
        Cells of nextpnr's placed design that are ``"lut"``, ``"bram"`` and ``"spram"``, counted as
        in its report, and ``"lut_ram"``, of which there is one for each RAM of LUTs.
    driver : str
        Regular expression: type and port with which Yosys ends the name of a cell that drives the
        signal it is named after.
    routed : str
        Suffix of the file that nextpnr leaves for the packer.
    bitstream : str
        Suffix of the bitstream.
    extra : str
        Extra of this package that brings the tools; empty if they always come with it.
    """

    synthesis: str
    until: str = ""
    rest: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    component_options: str = ""
    component_script: str = ""
    nextpnr: Command
    packer: Command
    checks: tuple[Command, ...] = ()
    packing: tuple[str, ...]
    placement: Mapping[str, float] = field(default_factory=dict)
    spreading: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, float]
    synthesis_cells: Mapping[str, Mapping[str, int]]
    report: Mapping[str, tuple[str, ...]]
    placed: Mapping[str, tuple[str, ...]]
    driver: str
    routed: str
    bitstream: str
    extra: str = ""

    def script(self, top: str, options: str = "") -> str:
        """Yosys commands that map a design to the family's cells.

        Parameters
        ----------
        top : str
            Module to synthesise.
        options : str
            Further options, of the first command that has any.
        """
        return "\n".join(filter(None, (self.first(top, options), self.last(top, options))))

    def first(self, top: str, options: str = "") -> str:
        """The commands of :meth:`script` up to where :attr:`until` ends them."""
        return self.synthesis.format(top=top, options=f"{options} {self.until}".strip())

    def last(self, top: str, options: str = "") -> str:
        """The commands of :meth:`script` behind :meth:`first`."""
        return self.rest.format(top=top, options=options)

    @property
    def programs(self) -> tuple[Command, ...]:
        """All tools of the family but Yosys."""
        return (self.nextpnr, self.packer, *self.checks)
