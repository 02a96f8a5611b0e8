"""Stream contract: the rules of valid and payload at every output, as logic to be proven.

A beat that is offered and not taken stays: valid holds, and so does the payload. And valid does
not depend on ready, so that no two components wait for each other.
"""

from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Flow, connect, flipped

from .ports import streams_of

__all__ = ["FAULTS", "ChangingPayload", "Fault", "GatedValid", "ImpatientValid", "StreamContract"]


class StreamContract(wiring.Component):
    """A component between a free consumer and a producer that keeps the contract.

    That beats hold at the inputs is assumed, that they hold at the outputs is asserted, and that
    ``beats`` beats can leave every output after they had to wait is covered.

    Parameters
    ----------
    component : wiring.Component
        With any number of streams; other ports are left free.
    beats : int
        Beats to be covered, at least 1.

    Members
    -------
    Those of the component.
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
            leaves = waiting & port.valid & port.ready & (left != self._beats)
            m.d.sync += left.eq(left + leaves)
            covered.append(left == self._beats)
        m.d.comb += Cover(Value.cast(Cat(covered)).all())

        return m

    def _hold(self, m: Module, port, claim) -> Signal:
        """Claim that a beat holds; whether one waited in the cycle before."""
        payload = Value.cast(port.payload)
        waiting, held = Signal(), Signal.like(payload)
        m.d.sync += [waiting.eq(port.valid & ~port.ready), held.eq(payload)]
        m.d.comb += [claim(~waiting | port.valid), claim(~waiting | (payload == held))]
        return waiting


def _pass_through(m: Module, outer: wiring.Component, inner: wiring.Component):
    """Connect equal members; Amaranth's own ``connect`` cannot flip arrays of interfaces."""
    for name, member in outer.signature.members.items():
        ours, theirs = getattr(outer, name), getattr(inner, name)
        if member.is_port:
            m.d.comb += theirs.eq(ours) if member.flow == Flow.In else ours.eq(theirs)
            continue
        pairs = zip(ours, theirs, strict=True) if member.dimensions else [(ours, theirs)]
        for our, their in pairs:
            connect(m, flipped(our), their)


class Fault(wiring.Component):
    """Component whose outputs break the contract, to test that a proof finds it.

    Parameters
    ----------
    component : wiring.Component

    Members
    -------
    The streams of the component.
    """

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


class ImpatientValid(Fault):
    """Fault: a beat is withdrawn in the second cycle of its wait."""

    def _valid(self, port, valid, waited):
        return valid & ~waited


class ChangingPayload(Fault):
    """Fault: the lowest bit of a waiting beat is inverted."""

    def _payload(self, payload, waited):
        return payload ^ waited


class GatedValid(Fault):
    """Fault: a beat is offered only to a ready consumer."""

    def _valid(self, port, valid, waited):
        return valid & port.ready


FAULTS = (ImpatientValid, ChangingPayload, GatedValid)
"""One fault for each clause of the contract."""
