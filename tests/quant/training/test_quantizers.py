import dataclasses

import pytest
import torch

from threefold.network import Codes, Tensor
from threefold.quant import Kit, build, mlp, train
from threefold.quant.training.loop import Loop
from threefold.quant.training.quantizers import ClampThresholds, ThresholdsFirst, thresholds


class StopError(Exception):
    pass


def stop_after_one(done, loss):
    if done == 1:
        raise StopError


RECIPES = [
    {"weights": "tga"},
    {"weights": "tga", "two_pass": True, "per_filter": True, "ema": 0.9},
    {"weights": "clip", "optimizer": "sgd"},
    {"weights": "binary", "scale_decay": 1e-3},
    {"weights": "binary", "activations": "bipolar", "tight": True},
    {"weights": "float", "two_pass": True},
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_resumed_training_gives_what_uninterrupted_training_gives(dataset, brief, tmp_path, recipe):
    config = dataclasses.replace(brief, epochs=2, **recipe)
    path = tmp_path / "checkpoint.pt"
    whole, part, rest = (build(config, dataset) for _ in range(3))
    losses = train(whole, dataset, config)
    with pytest.raises(StopError):
        train(part, dataset, config, checkpoint=path, on_epoch=stop_after_one)
    assert train(rest, dataset, config, checkpoint=path) == losses
    for key, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[key]), key
    assert losses[1] < losses[0]


def small():
    return mlp(Tensor((1, 1, 6), Codes.unsigned(4)), [4], 3, Kit(2, "tga"))


def test_gradients_of_thresholds_are_clamped():
    model = small()
    for parameter, gradient in zip(thresholds(model), (0.5, -3e-4), strict=True):
        parameter.grad = torch.tensor(gradient)
    model.layers[0].weight.grad = torch.ones(4, 6)
    ClampThresholds().before_step(model)
    first, second = thresholds(model)
    assert first.grad.item() == pytest.approx(1e-3)
    assert second.grad.item() == pytest.approx(-3e-4)
    assert (model.layers[0].weight.grad == 1).all()


def test_a_threshold_that_no_gradient_reaches_stays(brief):
    model = small()
    before = [each.item() for each in thresholds(model)]
    ClampThresholds().before_step(model)
    ThresholdsFirst(brief).before_batch(model, lambda: None)
    assert [each.item() for each in thresholds(model)] == before


def test_thresholds_move_as_sgd_moves_them(brief):
    config = dataclasses.replace(brief, schedule="step", rate=0.1, epochs=3)
    mine, reference = small(), small()
    first = ThresholdsFirst(config)
    sgd = torch.optim.SGD(thresholds(reference), lr=0.1, momentum=0.9, nesterov=True)
    random = torch.Generator().manual_seed(0)
    for epoch in range(2):
        sgd.param_groups[0]["lr"] = config.rate_at(epoch)
        for _ in range(4):
            values = torch.randn(2, generator=random)
            for model in (mine, reference):
                for parameter, value in zip(thresholds(model), values, strict=True):
                    parameter.grad = value.clone()
            first.before_batch(mine, lambda: None)
            sgd.step()
        first.after_epoch(mine, epoch)
    for one, other in zip(thresholds(mine), thresholds(reference), strict=True):
        assert one.item() == pytest.approx(other.item(), rel=1e-5)


def test_a_batch_is_passed_twice_and_weights_move_once(dataset, brief):
    config = dataclasses.replace(brief, weights="tga", two_pass=True, batch=2000)
    model = build(config, dataset)
    order = []
    loop = Loop(model, dataset, config, [ClampThresholds(), ThresholdsFirst(config), Spy(order)])
    step = loop.optimizer.step
    loop.optimizer.step = lambda: (order.append("weights"), step())
    mine = set(map(id, thresholds(model)))
    for group in loop.optimizer.param_groups:
        assert not mine & set(map(id, group["params"]))
    before = [each.clone() for each in thresholds(model)]
    loop.epoch(0)
    assert order == ["gradients", "gradients", "weights"]
    moved = [
        (one - other).abs().item() for one, other in zip(thresholds(model), before, strict=True)
    ]
    assert 0 < max(moved) <= config.rate * 1e-3 * 1.9 * 1.01


class Spy(ClampThresholds):
    def __init__(self, order):
        self.order = order

    def before_step(self, model):
        self.order.append("gradients")


def test_only_scales_decay_by_their_own_rate(dataset, brief):
    config = dataclasses.replace(brief, weights="binary", weight_decay=0.5, scale_decay=0.25)
    model = build(config, dataset)
    groups = Loop(model, dataset, config).optimizer.param_groups
    assert [group["weight_decay"] for group in groups] == [0.5, 0.0, 0.25]
    names = {parameter: name for name, parameter in model.named_parameters()}
    parts = [{names[each].split(".", 2)[2] for each in group["params"]} for group in groups]
    assert parts == [{"weight"}, {"weight", "bias", "clip"}, {"quantizer.scale"}]
    assert sum(len(group["params"]) for group in groups) == len(names)
