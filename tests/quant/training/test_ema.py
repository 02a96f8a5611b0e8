import dataclasses

import pytest
import torch

from threefold.errors import TrainingError
from threefold.quant import build, train
from threefold.quant.training.ema import MovingAverage


def test_average_of_a_sequence(dataset, brief):
    model = build(brief, dataset)
    weight = model.layers[0].weight
    average, expected = MovingAverage(0.9), None
    for step in range(1, 30):
        with torch.no_grad():
            weight.copy_(torch.full_like(weight, float(step)))
        average.after_step(model)
        share = 1 - min(0.9, (1 + step) / (10 + step))
        expected = step if expected is None else expected + share * (step - expected)
    average.finish(model)
    assert weight.unique().tolist() == pytest.approx([expected], rel=1e-5)
    assert 1 < expected < 29


def test_resumed_training_averages_the_same(dataset, brief, tmp_path):
    config = dataclasses.replace(brief, epochs=3, ema=0.95)
    whole, part, rest, plain = (build(config, dataset) for _ in range(4))
    train(whole, dataset, config)

    def stop(done, loss):
        if done == 2:
            raise KeyboardInterrupt

    path = tmp_path / "checkpoint.pt"
    with pytest.raises(KeyboardInterrupt):
        train(part, dataset, config, checkpoint=path, on_epoch=stop)
    train(rest, dataset, config, checkpoint=path)
    for key, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[key]), key
    train(plain, dataset, dataclasses.replace(config, ema=0.0))
    assert not torch.equal(plain.layers[0].weight, whole.layers[0].weight)


@pytest.mark.parametrize("decay", [0.0, 1.0, -0.5])
def test_decay_out_of_range(decay):
    message = rf"^the decay of an average is above 0 and below 1, not {decay}$"
    with pytest.raises(TrainingError, match=message):
        MovingAverage(decay)
