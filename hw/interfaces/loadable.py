"""Loadable accelerators: what they have besides their streams of images and results."""

from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

__all__ = ["has_memory", "is_loadable"]

_MEMBERS = {"load": In(stream.Signature(8)), "loaded": Out(1), "refused": Out(1)}
_MEMORY = {"stored": Out(1), "wrong": Out(1), "hold": In(1), "restart": In(1)}


def is_loadable(accelerator: wiring.Component) -> bool:
    """Whether program images are loaded into an accelerator.

    It has these members then:

    =============================  ==================================================
    ``load : In(Signature(8))``    bytes of program images
    ``loaded : Out(1)``            whether one was right; from its first byte to its
                                   last one, and without one, it is low
    ``refused : Out(1)``           high for a cycle when one is refused
    =============================  ==================================================

    Raises
    ------
    PlanError
        If there are some of them only, or they are other ones, or a program comes from a memory
        outside, which nothing here connects.
    """
    members = accelerator.signature.members
    if "frames" in members:
        raise PlanError(
            "weights come from a memory outside, which no serial link and no bus of a core brings; "
            "connect the port 'frames', as threefold.hw.sdram.accelerator does"
        )
    found = {name: members[name] for name in _MEMBERS if name in members}
    if found and found != _MEMBERS:
        raise PlanError(
            "a loadable accelerator needs a stream 'load' of bytes, and the signals 'loaded' and "
            "'refused'"
        )
    return bool(found)


def has_memory(accelerator: wiring.Component) -> bool:
    """Whether the program of a loadable accelerator is in a memory at pins of its own.

    It has these members then, and ``pins``, and a property ``ratio``: the frequency of the memory's
    clock by that of ``sync``.

    ====================  ===========================================================
    ``stored : Out(1)``   whether a program image in the memory was right; ``loaded``
                          says that some of it is in the accelerator as well
    ``wrong : Out(1)``    what came from there was not what had been loaded
    ``hold : In(1)``      clocks are not steady; the memory begins anew when they are
    ``restart : In(1)``   forgets images, as a reset does, but not what is in the
                          memory, which is not reset
    ====================  ===========================================================

    Raises
    ------
    PlanError
        As :func:`is_loadable`, or if there is no ``ratio``.
    """
    members = accelerator.signature.members
    there = {name: members[name] for name in _MEMORY if name in members} == _MEMORY
    if not (is_loadable(accelerator) and there and "pins" in members):
        return False
    if not hasattr(accelerator, "ratio"):
        raise PlanError(
            "an accelerator with a memory needs the attribute 'ratio', the frequency of the "
            "memory's clock by that of 'sync'"
        )
    return True
