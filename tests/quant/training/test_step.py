"""Steps record nothing that waits for a GPU: on device meta there are no values to wait for."""

import dataclasses
from contextlib import nullcontext

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from threefold.quant import PRESETS, TrainConfig, build, digit_maps
from threefold.quant.layers import unseen_values
from threefold.quant.training.loop import _optimizer
from threefold.quant.training.quantizers import ClampThresholds
from threefold.quant.training.step import Step

LENET = TrainConfig(
    "digit_maps", network="lenet", widths=(4, 8), bits=2, epochs=3, batch=32, optimizer="sgd"
)
RESNET = dataclasses.replace(PRESETS["resnet20-jpeg"], compiled=False)
CONFIGS = {
    "lenet": LENET,
    "smooth": dataclasses.replace(LENET, smoothing=0.1),
    "resnet20": RESNET,
    "float": dataclasses.replace(RESNET, weights="float"),
    "bipolar": dataclasses.replace(
        LENET, network="mlp", widths=(16,), activations="bipolar", tight=True
    ),
    **{
        weights: dataclasses.replace(LENET, weights=weights, per_filter=per_filter)
        for weights, per_filter in [
            ("tga", False),
            ("clip", True),
            ("binary", False),
            ("expanded2", False),
            ("int", True),
        ]
    },
}


class Transfers(TorchDispatchMode):
    """Names of operations on what is not on the device."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        flat = torch.utils._pytree.tree_leaves((args, kwargs, result))
        devices = {each.device.type for each in flat if isinstance(each, torch.Tensor)}
        if not devices <= {"meta"}:
            self.seen.append(str(operation))
        return result


@pytest.mark.parametrize("name", CONFIGS)
def test_a_step_needs_no_value_and_no_copy(name, monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    config, dataset = CONFIGS[name], digit_maps()
    model = build(config, dataset).to("meta").train()
    teacher = build(config.twin, dataset).to("meta") if name == "resnet20" else None
    config = dataclasses.replace(config, distill=0.5 if teacher else 0.0)
    optimizer = _optimizer(model, config, capturable=False)
    step = Step(model, config, optimizer, [ClampThresholds()], teacher)
    images = torch.zeros(config.batch, *dataset.input.shape, dtype=torch.uint8, device="meta")
    labels = torch.zeros(config.batch, dtype=torch.int64, device="meta")
    with unseen_values():
        step(images, labels)  # makes moments
        # Its result is copied there, which no mode sees.
        monkeypatch.setattr(torch, "tensor", lambda *_, **__: pytest.fail("torch.tensor"))
        with Transfers() as transfers:
            assert step(images, labels).device.type == "meta"
    assert transfers.seen == []


def test_a_first_step_looks_at_values(monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    model = build(LENET, digit_maps()).to("meta").train()
    step = Step(model, LENET, _optimizer(model, LENET, capturable=False))
    with pytest.raises(RuntimeError, match="meta"):
        step(torch.zeros(2, 12, 12, 1, device="meta"), torch.zeros(2, device="meta").long())
