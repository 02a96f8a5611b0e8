"""Assembly of steps: each added to a chain, what cannot be noted, branches joined."""

from ..layers import Product
from .chain import Chain
from .kinds import convert
from .steps import Branches, LayerError, MisplacedError, Steps

__all__ = ["assemble"]


def assemble(chain: Chain, steps: Steps, refused: list[str]) -> None:
    """Add steps to a chain, one after the other.

    Parameters
    ----------
    chain : Chain
    steps : sequence of Step or Branches
    refused : list of str
        Gets a line for each step that nothing stands for: its path, and what to use in its place.
    """
    for step in steps:
        try:
            if isinstance(step, Branches):
                _join(chain, step, refused)
            else:
                convert(step.layer, chain, step)
        except LayerError as error:
            if not (refused and isinstance(error, MisplacedError)):
                refused.append(f"{step}: {error}")
            chain.affine = None  # nothing is made of the chain any more


def _join(chain: Chain, step: Branches, refused: list[str]) -> None:
    chain.codes()
    chain.require_plain()
    if chain.mixed:
        raise LayerError("vectors of maps are in another order; add before Flatten")
    known = len(refused)
    branches = [chain.branch(), chain.branch()]
    for branch, steps in zip(branches, (step.one, step.other), strict=True):
        assemble(branch, steps, refused)
    if len(refused) > known:
        return
    for branch in branches:
        branch.require_unpadded()
    # The one with less to compute, such as the identity or a projection, gives the scale.
    body, shortcut = sorted(branches, key=_amount, reverse=True)
    shortcut.codes()
    codes = body.addend()
    if not body.layers:
        raise LayerError("a tensor is added to itself; multiply the weights behind it by 2")
    if body.flat != shortcut.flat:
        raise LayerError("vectors of maps are in another order; add before Flatten")
    chain.layers.append(chain.kit.residual(body.layers, shortcut.layers, codes))
    chain.added += body.added + shortcut.added
    chain.nonnegative = shortcut.nonnegative and codes.lo >= 0
    chain.flat = body.flat


def _amount(chain: Chain) -> tuple[int, int]:
    """Layers with weights, and all."""
    layers = [each for layer in chain.layers for each in layer.modules()]
    weights = sum(isinstance(each, Product) for each in layers) + (chain.weights is not None)
    return weights, len(layers) + (chain.weights is not None)
