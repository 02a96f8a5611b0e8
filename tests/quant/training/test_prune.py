import dataclasses

import pytest
import torch

from threefold.quant import (
    PRESETS,
    FloatLinear,
    Pruning,
    Stage,
    TernaryLinear,
    build,
    export,
    run_trial,
    train,
    train_stages,
)
from threefold.quant.pruning import group_lasso, select
from threefold.quant.training.prune import Pruner

HALF = Pruning(tile=(4, 8), fraction=0.5, clip=1.2, start=1, end=3, last=True)


class StopError(Exception):
    pass


def stop_after(epochs):
    def on_epoch(done, loss):
        if done == epochs:
            raise StopError

    return on_epoch


def shares(model, pruning):
    """Part of the tiles of each layer that is pruned."""
    return {each.name: 1 - each.kept.double().mean().item() for each in select(model, pruning)}


def masks(model):
    return {key: value for key, value in model.state_dict().items() if key.endswith("mask")}


@pytest.mark.parametrize("done", [1, 2, 3])
@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_resumed_training_gives_what_uninterrupted_training_gives(
    dataset, brief, tmp_path, done, ema
):
    config = dataclasses.replace(brief, pruning=HALF, ema=ema)
    whole, begun, rest = (build(config, dataset) for _ in range(3))
    losses = train(whole, dataset, config)
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(StopError):
        train(begun, dataset, config, checkpoint=path, on_epoch=stop_after(done))
    assert train(rest, dataset, config, checkpoint=path) == losses
    for key, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[key]), key
    assert shares(whole, HALF) == {"fc2": 0.5, "fc3": pytest.approx(0.5)}


def test_tiles_leave_between_start_and_end_and_then_no_more(dataset, brief):
    config = dataclasses.replace(brief, epochs=5, pruning=HALF)
    model, seen, frozen = build(config, dataset), [], []

    def look(done, _):
        seen.append(shares(model, HALF)["fc2"])
        if done >= 3:
            frozen.append({key: mask.clone() for key, mask in masks(model).items()})

    train(model, dataset, config, on_epoch=look)
    assert seen == [0, pytest.approx(0.5 * (1 - 0.5**3), abs=1 / 128), 0.5, 0.5, 0.5]
    for each in frozen[1:]:
        assert all(torch.equal(mask, frozen[0][key]) for key, mask in each.items())
    assert model.layers[0].mask.all()


def test_the_penalty_ends_with_the_ramp(dataset, brief):
    model = build(brief, dataset)
    pruner = Pruner(HALF, epochs=4)
    expected = HALF.penalty * group_lasso(select(model, HALF), HALF.clip)
    assert torch.equal(pruner.penalty(model), expected)
    for epoch in range(3):
        assert pruner.penalty(model) is not None
        pruner.after_epoch(model, epoch)
    assert pruner.penalty(model) is None
    assert Pruner(dataclasses.replace(HALF, penalty=0.0), 4).penalty(model) is None


def test_a_strong_lasso_leaves_tiles_to_collapse(dataset, brief):
    pruning = Pruning(tile=(1, 16), fraction=0.0, collapse=0.2, penalty=0.02, clip=0.7, end=3)
    config = dataclasses.replace(brief, rate=0.02, pruning=pruning)
    model = build(config, dataset)
    train(model, dataset, config)
    alone = build(config, dataset)
    train(alone, dataset, dataclasses.replace(config, pruning=Pruning(fraction=0.0, penalty=0.0)))
    assert 0.02 < shares(model, pruning)["fc2"] < 0.9
    assert shares(alone, pruning)["fc2"] == 0


@pytest.mark.parametrize("order", ["prune, ternarize", "ternarize, prune", "joint"])
def test_the_three_orders(dataset, brief, order, monkeypatch):
    pruning = dataclasses.replace(HALF, start=0, end=2)
    stages = {
        "prune, ternarize": (Stage(2),),
        "ternarize, prune": (Stage(1, "statistical"), Stage(2, "statistical")),
        "joint": (),
    }[order]
    if order == "prune, ternarize":
        pruning = dataclasses.replace(pruning, stage=1)
    config = dataclasses.replace(brief, epochs=2, stages=stages, pruning=pruning)
    *before, last = config.trainings
    assert [each.pruning is not None for each in before] == [pruning.stage == 1] * len(before)
    assert [each.weights for each in before] == [stage.weights for stage in stages]
    pulled = []
    monkeypatch.setattr(Pruner, "penalty", lambda _, model: pulled.append(type(model.layers[-1])))
    model, _ = train_stages(dataset, config)
    steps = 2 * -(-len(dataset.train_images) // config.batch)
    assert pulled == [FloatLinear if pruning.stage else TernaryLinear] * steps
    assert last.pruning == pruning
    assert shares(model, HALF) == {"fc2": 0.5, "fc3": 0.5}
    nodes = {node.name: node.op for node in export(model, "digits").nodes}
    for each in select(model, HALF):
        assert not nodes[each.name].matrix[~each.layer.mask.numpy()].any()


def test_presets_with_pruning_build_and_describe_themselves():
    in_stage = dataclasses.replace(HALF, stage=1)
    config = dataclasses.replace(PRESETS["digits"], stages=(Stage(4),), pruning=in_stage)
    assert config.twin.pruning == HALF
    assert "50% of tiles 4×8 of one kernel position pruned by layer" in config.recipe


def test_the_network_tells_what_was_pruned(dataset, brief):
    config = dataclasses.replace(brief, epochs=3, pruning=HALF)
    network = run_trial(dataset, config, "digits", twin=False).network
    tile = {"tile": [4, 8], "whole_kernel": False, "tiles": 128, "pruned": 64}
    last = {"tile": [2, 8], "whole_kernel": False, "tiles": 40, "pruned": 20}
    assert network.provenance["pruning"] == {"fc2": tile, "fc3": last}
