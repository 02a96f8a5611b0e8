"""Description of an accelerator's ports as data, which ``NAME.ports.json`` holds."""

from ..network import Codes, class_names
from ..network.file import digest as network_digest
from ..plan import Plan, Port
from ..plan.file import digest as plan_digest
from ..plan.units import Unit
from ..plan.units.streamed import StreamedUnit

__all__ = ["SCHEMA", "describe"]

SCHEMA = 1
"""Version of the names in ``NAME.ports.json``."""


def describe(plan: Plan) -> dict:
    """Clock, reset and streams of an accelerator, what its codes mean, and its speed.

    Returns
    -------
    dict
        JSON values: ``schema``, ``name``, ``network_digest``, ``plan_digest``; ``clock``, a
        ``port`` and its ``edge``; ``reset``, a ``port``, what is ``active``, whether it is
        ``synchronous``, and for how many ``cycles`` at least; ``cycles``, the ``latency`` and
        ``interval``; ``input`` and ``output``, see below; ``classes``, their ``count``, and their
        ``names`` if they are known; of a loadable accelerator ``load``, the stream of bytes of
        program images, with the signals ``loaded`` and ``refused``; of one whose weights come from
        a memory outside ``frames``, its signals, the ``width`` of a word, the ``words`` of a frame
        and the ``bytes`` of those of an image; of one of several widths
        ``widths``, the ``port`` that takes the number of a width with the first beat of an image,
        its ``width`` in bits, and their ``names`` by number.

        A stream has the names of its signals ``valid``, ``ready`` and ``payload``; the ``width``
        of a payload, made of ``lanes`` of ``bits`` each, ``signed`` or not, of which
        ``first_lane`` is in the lowest bits; ``shape`` and ``order`` of the elements of an image,
        and ``beats`` an image; ``elements``: ``"codes"``, ``"logits"`` or ``"class"``. Codes have
        ``max_code``, ``step`` and ``offset``: their value is step · code + offset.

    Raises
    ------
    FileFormatError
        If the network's provenance does not name its classes right.
    """
    ports = plan.ports
    loading = {"load": _LOAD} if plan.loadable else {}
    frames = {"frames": _frames(plan.streamed)} if plan.streamed else {}
    widths = {"widths": _widths(plan)} if plan.widths else {}
    return (
        loading
        | frames
        | widths
        | {
            "schema": SCHEMA,
            "name": plan.network.name,
            "network_digest": network_digest(plan.network),
            "plan_digest": plan_digest(plan),
            "clock": {"port": "clk", "edge": "rising"},
            "reset": {"port": "rst", "active": "high", "synchronous": True, "cycles": 1},
            "cycles": {"latency": plan.cycles.latency, "interval": plan.cycles.interval},
            "input": _stream(ports.input, "codes"),
            "output": _stream(ports.output, ports.gives),
            "classes": {"count": ports.classes, "names": list(class_names(plan.network))},
        }
    )


def _widths(plan: Plan) -> dict[str, object]:
    bits = len(plan.widths).bit_length()
    return {"port": "width", "width": bits, "names": ["whole", *plan.widths]}


def _frames(unit: Unit) -> dict[str, object]:
    assert isinstance(unit, StreamedUnit)
    names = ("ask", "taken", "valid", "word", "image")
    ports: dict[str, object] = {name: f"frames__{name}" for name in names}
    return ports | {
        "width": unit.program.word_bits,
        "words": unit.program.frame_words,
        "bytes": len(unit.program.words) * unit.program.word_bits // 8,
        "loaded": "loaded",
        "wrong": "wrong",
    }


_LOAD = {
    "valid": "load__valid",
    "ready": "load__ready",
    "payload": "load__payload",
    "width": 8,
    "loaded": "loaded",
    "refused": "refused",
}


def _stream(port: Port, elements: str) -> dict[str, object]:
    described: dict[str, object] = {
        "valid": port.valid,
        "ready": port.ready,
        "payload": port.payload,
        "width": port.width,
        "lanes": port.type.lanes,
        "bits": port.type.bits,
        "signed": port.type.signed,
        "first_lane": "lowest bits",
        "shape": list(port.tensor.shape),
        "order": ["height", "width", "channel"],
        "beats": port.beats,
        "elements": elements,
    }
    element = port.tensor.element
    if elements == "codes" and isinstance(element, Codes):
        described |= {
            "max_code": element.max_code,
            "step": element.step,
            "offset": element.offset,
        }
    return described
