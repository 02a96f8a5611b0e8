import re
from functools import partial

import pytest
import torch
from torch import nn

from threefold.errors import TrainingError
from threefold.network import Codes, Tensor
from threefold.quant import Kit, Model, load_state, mlp, ternarize

COMPILE = partial(torch.compile, backend="eager")


def net(seed):
    torch.manual_seed(seed)
    layers = [nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2)]
    return nn.Sequential(nn.Sequential(*layers[:3]), layers[3])


def model(seed):
    return mlp(Tensor((1, 1, 4), Codes.unsigned(2)), [3], 2, Kit(2, seed=seed))


def partly_compiled(module):
    module[0] = COMPILE(module[0])
    return module


def renamed(module, front):
    return {f"{front}{key}": tensor for key, tensor in module.state_dict().items()}


STATES = {
    "plain": lambda module: module.state_dict(),
    "module": lambda module: module,
    "parallel": lambda module: nn.DataParallel(module).state_dict(),
    "compiled": lambda module: COMPILE(module).state_dict(),
    "both": lambda module: nn.DataParallel(COMPILE(module)).state_dict(),
    "partly": lambda module: partly_compiled(module).state_dict(),
    "trainer": lambda module: {"state_dict": renamed(module, "model."), "epoch": 3},
    "twice": lambda module: {"model": {"state_dict": renamed(module, "net.model.")}},
    "counts": lambda module: {
        key: tensor for key, tensor in module.state_dict().items() if "batches" not in key
    },
    "double": lambda module: module.double().state_dict(),
}


def require_same(module, other, **tolerance):
    for one, two in zip(module.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one, two, **tolerance)


@pytest.mark.parametrize("make", [net, model])
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_states_under_other_names(make, state):
    source, target = make(1), make(2)
    if isinstance(source, Model) and state is STATES["partly"]:
        source.layers = COMPILE(source.layers)
        load_state(target, source.state_dict())
    else:
        load_state(target, state(source))
    require_same(target, make(1))
    assert target.state_dict().keys() == make(2).state_dict().keys()


@pytest.mark.parametrize("wrap", [nn.DataParallel, COMPILE, partly_compiled])
def test_states_of_wrapped_modules(wrap):
    module = net(2)
    load_state(wrap(module), net(1).state_dict())
    require_same(module, net(1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened(dtype):
    target = net(2)
    load_state(target, net(1).to(dtype).state_dict())
    assert all(parameter.dtype == torch.float32 for parameter in target.parameters())
    require_same(target, net(1).to(dtype).float(), rtol=0, atol=0)


@pytest.mark.parametrize("wrap", [nn.DataParallel, COMPILE, nn.Module.half, partly_compiled])
def test_ternarize_reads_wrapped_modules(wrap):
    input, images = Tensor((1, 1, 4), Codes.unsigned(2)), torch.randint(0, 4, (8, 1, 1, 4))
    expected = ternarize(net(1), input, weights="float").eval()(images).value
    found = ternarize(wrap(net(1)), input, weights="float").eval()(images).value
    torch.testing.assert_close(found, expected, atol=2e-2, rtol=0)


def test_files(tmp_path):
    target, path = net(2), tmp_path / "net.pt"
    torch.save({"state_dict": net(1).half().state_dict()}, path)
    load_state(target, path)
    require_same(target, net(1).half().float(), rtol=0, atol=0)


def without(key):
    state = net(1).state_dict()
    del state[key]
    return state


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (without("1.bias"), "the state is not that of Sequential: it lacks 1.bias"),
        (
            net(1).state_dict() | {"2.weight": torch.zeros(2)},
            "the state is not that of Sequential: it has, but the module has not, 2.weight",
        ),
        (
            net(1).state_dict() | {"1.weight": torch.zeros(2, 2), "1.bias": torch.zeros(())},
            "the state is not that of Sequential: of another shape is 1.weight (2×2, not 2×3), "
            "1.bias (a number, not 2)",
        ),
        (
            model(1).state_dict(),
            "the state is not that of Sequential: it lacks 0.0.weight, 0.0.bias, 0.1.weight and 3 "
            "more; it has, but the module has not, 0.weight, 0.mask, 1.running_mean and 6 more; "
            "of another shape is 1.weight (3, not 2×3), 1.bias (3, not 2)",
        ),
        (
            net(1).state_dict() | {"1.weight": torch.zeros(2, 3, dtype=torch.complex64)},
            "1.weight of the state is complex64, but weights are real numbers",
        ),
        ({"1.weight": [1, 2]}, "1.weight of the state is list, not a tensor"),
        (
            {0: torch.zeros(2)},
            "tensors of a state have names, but one has 0; give it that of module.state_dict()",
        ),
        ([1, 2], "a state is a mapping of names to tensors, not [1, 2]"),
    ],
)
def test_states_of_others(state, message):
    target = net(2)
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        load_state(target, state)
    require_same(target, net(2), rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore:torch.quantize")
def test_quantized_tensors():
    state = net(1).state_dict()
    state["1.weight"] = torch.quantize_per_tensor(state["1.weight"], 0.1, 0, torch.qint8)
    message = "1.weight of the state is qint8, but weights are real numbers"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        load_state(net(2), state)


def test_files_that_are_no_states(tmp_path):
    path = tmp_path / "net.pt"
    with pytest.raises(TrainingError, match=f"^cannot read {path}: No such file or directory$"):
        load_state(net(2), path)
    message = (
        f"{path} is no file of torch.save, or holds more than tensors; save module.state_dict() "
        "as it"
    )
    path.write_bytes(b"PK nothing")
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        load_state(net(2), path)
    torch.save(net(1), path)
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        load_state(net(2), str(path))
