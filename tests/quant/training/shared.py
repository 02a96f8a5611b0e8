"""Trainings, to be done by one process or shared by several; ``torchrun`` starts this file."""

import dataclasses
import os
import sys
from pathlib import Path

import torch

from threefold.errors import DataError, ThreefoldError
from threefold.quant import (
    Norm,
    Pruning,
    QuantTensor,
    Stage,
    TrainConfig,
    build,
    digit_maps,
    processes,
    train,
    train_stages,
)
from threefold.quant.training.loop import Loop
from threefold.quant.training.part import Part

LENET = TrainConfig(
    "digit_maps", network="lenet", widths=(4, 8), bits=2, epochs=3, batch=32, rate=0.01
)
CONFIGS = {
    "mlp": dataclasses.replace(LENET, network="mlp", widths=(16,), optimizer="sgd", rate=0.05),
    "lenet": dataclasses.replace(LENET, augment="crop_flip", ema=0.9, smoothing=0.1),
    "resnet": dataclasses.replace(LENET, network="resnet8", widths=(3, 6), per_filter=True),
    "pruned": dataclasses.replace(
        LENET, pruning=Pruning(tile=(2, 2), fraction=0.5, penalty=1e-3, clip=0.7, end=2)
    ),
    "stages": dataclasses.replace(LENET, epochs=2, stages=(Stage(1),), distill=0.5),
}
IMAGES = 129  # the last batch is of one


class StopError(Exception):
    """An interruption."""


class Shrink(Part):
    def penalty(self, model):
        return 1e-3 * sum(parameter.square().sum() for parameter in model.parameters())


def some_digits():
    dataset = digit_maps()
    images, labels = dataset.train_images[:IMAGES], dataset.train_labels[:IMAGES]
    return dataclasses.replace(dataset, train_images=images, train_labels=labels)


def outcome(name, group=None):
    model, losses = train_stages(some_digits(), CONFIGS[name], group=group)
    return losses, model.state_dict()


def penalized(group=None):
    dataset = some_digits()
    model = build(LENET, dataset)
    losses = [Loop(model, dataset, LENET, [Shrink()], group=group).epoch(0)]
    return losses, model.state_dict()


def interrupted(path, group=None):
    def stop(done, loss):
        if done == 1:
            raise StopError

    try:
        train(
            build(LENET, some_digits()),
            some_digits(),
            LENET,
            checkpoint=path,
            on_epoch=stop,
            group=group,
        )
    except StopError:
        return
    raise AssertionError("training went on")


def resumed(path, group=None):
    model = build(LENET, some_digits())
    losses = train(model, some_digits(), LENET, checkpoint=path, group=group)
    return losses, model.state_dict()


def normalized(codes, weights, group=None):
    """What a norm makes of codes, and the gradients of its sum with ``weights``."""
    norm = Norm(codes.shape[1])
    codes, weights = codes.clone(), weights.clone()
    part, count = group.part(len(codes)) if group is not None else (slice(None), len(codes))
    codes, weights = codes[part], weights[part] * (count > 0)
    codes.requires_grad_()
    scale = torch.tensor(0.5, requires_grad=True)
    with group.sharing(count > 0) if group is not None else torch.enable_grad():
        value = norm(QuantTensor(codes, scale, torch.zeros(()))).value
    (value * weights).sum().backward()
    if group is not None:
        group.add([scale.grad, norm.weight.grad, norm.bias.grad])
    return {
        "value": value.detach(),
        "codes": codes.grad,
        "common": [
            scale.grad,
            norm.weight.grad,
            norm.bias.grad,
            norm.running_mean,
            norm.running_var,
        ],
    }


def example(images):
    random = torch.Generator().manual_seed(images)
    codes = torch.randint(-9, 30, (images, 3, 2, 2), generator=random).float()
    return codes, torch.randn(codes.shape, generator=random)


def message(action):
    try:
        action()
    except ThreefoldError as error:
        return type(error).__name__, str(error)
    raise AssertionError("there was no error")


def data_error(path):
    raise DataError(f"no {path}")


def agreed(group, failing):
    with group.agree():
        if group.rank == failing:
            data_error(f"data in process {failing}")


def work(folder, group):
    results = {name: outcome(name, group) for name in CONFIGS}
    results["again"] = outcome("lenet", group)
    results["penalized"] = penalized(group)
    results["resumed"] = resumed(folder / "alone.pt", group)
    interrupted(folder / "together.pt", group)
    results["norm"] = {n: normalized(*example(n), group) for n in (1, 5, 8)}
    model = build(dataclasses.replace(LENET, seed=group.rank), some_digits())
    group.align(model)
    results["aligned"] = model.state_dict()
    small = dataclasses.replace(LENET, batch=1)
    results["small"] = message(lambda: train(model, some_digits(), small, group=group))
    results["agreed"] = [message(lambda rank=rank: agreed(group, rank)) for rank in (0, 1)]
    results["first"] = message(lambda: group.from_first(lambda: data_error(group.rank)))
    return results


def main(folder):
    torch.set_num_threads(1)
    with processes() as group:
        results = work(folder, group)
        if group.first:
            results["lost"] = message(lambda: group.add([torch.zeros(3)]))
        torch.save(results, folder / f"{group.rank}.pt")
        os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
