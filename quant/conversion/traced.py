"""Trace of a module: its layers and sums as they are computed, found symbolically."""

import copy
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.nn.utils import prune

from threefold.errors import TrainingError
from threefold.modules import bare
from threefold.network import Tensor

from .failures import first_line
from .functions import ADDITIONS, RESHAPES, layer_of, reshaped
from .steps import Branches, LayerError, Step, Steps, Unknown

__all__ = ["copied", "steps_of"]

_BATCH = 2  # images to find shapes with
_IN_PLACE = "it changes in place what is read again; let it make a new tensor"


def copied(module: nn.Module) -> nn.Module:
    """A copy out of all wrappers, in single precision, in evaluation mode and on the CPU.

    Raises
    ------
    TrainingError
        If it is none, a parameter is no real number of a known size, or the module cannot be
        copied.
    """
    if not isinstance(module, nn.Module):
        raise TrainingError(f"a module of PyTorch is wanted, not {type(module).__name__}")
    module = bare(module)
    if prune.is_pruned(module):
        raise TrainingError("the module is pruned for the time being; call prune.remove first")
    for key, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if isinstance(tensor, nn.parameter.UninitializedTensorMixin):
            raise TrainingError(f"{key} has no shape yet; run a batch through the module first")
        if tensor.is_complex() or tensor.is_quantized:
            raise TrainingError(f"{key} is {_type(tensor)}, but weights are real numbers")
        if not tensor.isfinite().all():
            raise TrainingError(f"{key} is not finite everywhere; train the module again")
    try:
        module = copy.deepcopy(module).float().cpu().eval()
    except Exception as error:  # whatever the code of the module raises
        raise TrainingError(
            f"{type(module).__name__} cannot be copied: {first_line(error)}"
        ) from None
    for parent in [*module.modules()]:
        for name, child in parent.named_children():
            setattr(parent, name, bare(child))
    return module


def steps_of(module: nn.Module, input: Tensor) -> tuple[Steps, tuple[int, ...]]:
    """Layers and sums of ``module``, which reads images of type ``input``, and their shape.

    Images have channels first: (channels, height, width), or (channels, width) of one row, or
    else are vectors of all elements; the first that the module reads.

    Returns
    -------
    steps : sequence of Step or Branches
    shape : tuple of int
        Of one image as the module reads it.

    Raises
    ------
    TrainingError
        If the module does not read such images, cannot be traced, its layers do not follow each
        other as those of a network, or functions have no layer.
    """
    graph = _traced(module)
    shapes, shape = _shapes(graph, module, input)
    return _Tree(graph, shapes, type(module).__name__).steps(), shape


def _is_hooked(layer: nn.Module) -> bool:
    """Whether hooks, other than those of PyTorch such as spectral_norm, go along with a layer."""
    hooks = [*layer._forward_pre_hooks.values(), *layer._forward_hooks.values()]
    return not all(type(hook).__module__.startswith("torch.") for hook in hooks)


def _type(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _traced(module: nn.Module) -> fx.GraphModule:
    name = type(module).__name__
    single = fx.Tracer().is_leaf_module(module, "")
    try:
        return fx.symbolic_trace(nn.Sequential(module) if single else module)
    except fx.proxy.TraceError as error:
        if "control flow" in str(error):
            raise TrainingError(
                f"{name} decides by its input what it computes, which hardware does not; write "
                f"its forward without if, while and for over tensors and their shapes"
            ) from None
        raise TrainingError(f"{name} cannot be traced: {first_line(error)}") from None
    except Exception as error:  # whatever the code of the module raises
        raise TrainingError(f"{name} cannot be traced: {first_line(error)}") from None


@dataclass(frozen=True)
class _Shape:
    """Shape of a tensor, the batch included, in the place of the tensor; () of several tensors."""

    sizes: tuple[int, ...]


class _Shapes(fx.Interpreter):
    """Computes with zeros, to note the shapes of tensors and all other values.

    Attributes
    ----------
    noted : dict of Node to value
        A :class:`_Shape` in the place of each tensor.
    overwriting : set of Node
        Those that change in place what is read afterwards.
    """

    def __init__(self, graph: fx.GraphModule):
        super().__init__(graph)
        self.noted: dict[fx.Node, Any] = {}
        self.overwriting: set[fx.Node] = set()
        self._versions: dict[fx.Node, int] = {}
        self._changed_by: dict[int, fx.Node] = {}  # by the address of what a tensor is stored in

    def run_node(self, n: fx.Node) -> Any:
        read = {each: self.env[each] for each in n.all_input_nodes if each in self._versions}
        before = {each: tensor._version for each, tensor in read.items()}
        value = super().run_node(n)
        self.noted[n] = value
        if isinstance(value, torch.Tensor):
            self.noted[n] = _Shape(tuple(value.shape))
            self._versions[n] = value._version
        elif n.op == "call_module" or (
            isinstance(value, tuple | list) and any(isinstance(v, torch.Tensor) for v in value)
        ):
            self.noted[n] = _Shape(())
        for each, tensor in read.items():
            place = tensor.untyped_storage().data_ptr()
            if isinstance(self.noted[n], _Shape) and before[each] != self._versions[each]:
                self.overwriting.add(self._changed_by.get(place, n))
            if tensor._version != before[each]:
                self._changed_by[place] = n
        return value

    def call_module(self, target: str, args: tuple, kwargs: dict) -> Any:
        if isinstance(self.fetch_attr(target), nn.Linear) and args[0].ndim != 2:
            raise ValueError(f"{target} reads {args[0].ndim - 1}-dimensional images, not vectors")
        return super().call_module(target, args, kwargs)


def _shapes(
    graph: fx.GraphModule, module: nn.Module, input: Tensor
) -> tuple[_Shapes, tuple[int, ...]]:
    """What is noted of images of a shape that the module reads, and that shape."""
    best, reason = -1, ""
    for shape in _readings(input):
        shapes = _Shapes(graph)
        try:
            # Tensors of inference mode do not tell whether they were changed.
            with (
                torch.inference_mode(False),
                torch.no_grad(),
                torch.random.fork_rng(devices=[]),
                warnings.catch_warnings(),
            ):
                warnings.simplefilter("ignore")
                shapes.run(torch.zeros(_BATCH, *shape))
        except Exception as error:  # whatever the code of the module raises
            if len(shapes.noted) > best:
                best, reason = len(shapes.noted), first_line(error)
            continue
        return shapes, shape
    raise TrainingError(
        f"{type(module).__name__} does not read images of {input}, channels first: {reason}"
    )


def _readings(input: Tensor) -> Iterator[tuple[int, ...]]:
    height, width, channels = input.shape
    if input.size != channels:
        yield channels, height, width
        if height == 1:
            yield channels, width
    yield (input.size,)
    if input.size == channels:
        yield channels, 1, 1
        yield channels, 1


class _Tree:
    """Steps of a traced module, from the output back to the input."""

    def __init__(self, graph: fx.GraphModule, shapes: _Shapes, name: str):
        self._graph = graph
        self._values = shapes.noted
        self._overwriting = shapes.overwriting
        self._name = name
        self._placed: set[fx.Node] = set()
        self._paths: set[str] = set()
        self._dominators: dict[fx.Node, fx.Node] = {}
        self._depths: dict[fx.Node, int] = {}
        for node in graph.graph.nodes:
            self._dominate(node)

    def steps(self) -> Steps:
        """All from the input to the output."""
        *_, output = self._graph.graph.nodes
        (result,) = output.args
        if not isinstance(result, fx.Node):
            raise TrainingError(f"{self._name} has several outputs, but a network has one")
        first = next(iter(self._graph.graph.nodes))
        if result not in self._depths or self._root(result) is not first:
            raise TrainingError(f"the output of {self._name} does not follow from its first input")
        return self._between(first, result)

    def _dominate(self, node: fx.Node) -> None:
        """Note the last tensor that all of what ``node`` is computed from passes through."""
        if not isinstance(self._values.get(node), _Shape):
            return
        if node.op in ("placeholder", "get_attr"):
            self._depths[node] = 0
            return
        operands = [each for each in self._operands(node) if each.op != "get_attr"]
        common = operands[0] if operands else None
        for other in operands[1:]:
            common = self._common(common, other)
        if common is not None:
            self._dominators[node] = common
            self._depths[node] = self._depths[common] + 1

    def _operands(self, node: fx.Node) -> list[fx.Node]:
        return [each for each in node.all_input_nodes if each in self._depths]

    def _common(self, one: fx.Node | None, other: fx.Node) -> fx.Node | None:
        while one is not other:
            if one is None or other is None:
                return None
            if self._depths[one] >= self._depths[other]:
                one = self._dominators.get(one)
            else:
                other = self._dominators.get(other)
        return one

    def _root(self, node: fx.Node) -> fx.Node:
        while node in self._dominators:
            node = self._dominators[node]
        return node

    def _between(self, start: fx.Node, end: fx.Node) -> Steps:
        """Those that make tensor ``end`` of tensor ``start``."""
        steps: list[Step | Branches] = []
        while end is not start:
            if end in self._placed:
                raise TrainingError(
                    f"{self._path(end)} is in branches that cross; add two branches of one "
                    f"tensor at a time"
                )
            self._placed.add(end)
            before = self._dominators[end]
            steps.append(self._step(end, before))
            end = before
        return steps[::-1]

    def _step(self, node: fx.Node, before: fx.Node) -> Step | Branches:
        shapes = self._values[before].sizes[1:], self._values[node].sizes[1:]
        operands = self._operands(node)
        if node.op == "call_module":
            layer = self._graph.get_submodule(node.target)
            if node.target in self._paths and [*layer.parameters()]:
                layer = Unknown("it is used twice; use a copy of it")
            elif node in self._overwriting:
                layer = Unknown(_IN_PLACE)
            elif _is_hooked(layer):
                layer = Unknown("it has a hook, which is not converted; remove that")
            self._paths.add(node.target)
            return Step(node.target, layer, *shapes)
        try:
            if node in self._overwriting:
                raise LayerError(_IN_PLACE)
            if node.target in ADDITIONS and node.args[:2] == (operands[0],) * 2:
                raise LayerError("a tensor is added to itself; multiply the weights behind it by 2")
            if node.target in ADDITIONS and len(operands) == 2:
                return self._sum(node, before, operands)
            layer = self._function(node, operands)
        except LayerError as error:
            layer = Unknown(str(error))
        return Step(self._path(node), layer, *shapes)

    def _sum(self, node: fx.Node, before: fx.Node, operands: list[fx.Node]) -> Branches:
        if self._values[operands[0]] != self._values[operands[1]]:
            raise LayerError("sums are those of tensors of one shape")
        if node.kwargs or any(each.op == "get_attr" for each in operands):
            raise LayerError("sums are those of two branches")
        return Branches(self._path(node), *(self._between(before, each) for each in operands))

    def _function(self, node: fx.Node, operands: list[fx.Node]) -> nn.Module:
        first = operands[0]
        if any(each.op == "get_attr" for each in operands):
            raise LayerError("parameters belong in layers; use one of torch.nn")
        if len(operands) > 1 or node.args[:1] != (first,):
            raise LayerError("only sums join two tensors, x + y")
        shape, made = self._values[first].sizes, self._values[node].sizes
        if node.target in RESHAPES:
            return reshaped(shape, made)
        args, kwargs = fx.map_arg((node.args[1:], node.kwargs), self._values.__getitem__)
        return layer_of(node.target, shape, args, kwargs)

    def _path(self, node: fx.Node) -> str:
        """Name of a function, and the path of the module that calls it."""
        if node.op == "call_module":
            return node.target
        name = node.target if isinstance(node.target, str) else node.target.__name__
        *_, owner = [path for path, _ in node.meta.get("nn_module_stack", {}).values()] or [""]
        return f"{name.strip('_')} in {owner}" if owner else f"{name.strip('_')} in forward"
