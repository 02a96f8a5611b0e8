import re
from datetime import timedelta

import pytest
import torch
import torch.distributed as dist

from threefold.errors import TrainingError
from threefold.quant import Group, processes
from threefold.quant.training import distributed

from ...torchrun import torchrun
from . import shared

LOST = "another process of this training has ended early; its own message tells why"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    shared.interrupted(folder / "alone.pt")
    process = torchrun(shared.__file__, folder)
    assert process.returncode == 0, process.stderr
    return folder


@pytest.fixture(scope="module")
def both(folder):
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in (0, 1)]


def require_same(results, expected):
    (losses, state), (expected_losses, expected_state) = results, expected
    assert losses == pytest.approx(expected_losses, rel=1e-4)
    for key, tensor in expected_state.items():
        torch.testing.assert_close(state[key], tensor, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("name", shared.CONFIGS)
def test_two_processes_learn_what_one_does(both, name):
    require_same(both[0][name], shared.outcome(name))


@pytest.mark.parametrize("name", [*shared.CONFIGS, "penalized", "resumed"])
def test_processes_hold_the_same_bits(both, name):
    (losses, state), (its_losses, its_state) = (results[name] for results in both)
    assert losses == its_losses
    assert all(torch.equal(state[key], its_state[key]) for key in state)


def test_a_penalty_counts_once(both):
    expected = shared.penalized()
    require_same(both[0]["penalized"], expected)
    assert expected[0] != pytest.approx(shared.outcome("lenet")[0][:1], rel=1e-3)


def test_two_processes_repeat_their_bits(both):
    losses, state = both[0]["again"]
    assert losses == both[0]["lenet"][0]
    assert all(torch.equal(state[key], both[0]["lenet"][1][key]) for key in state)


def test_two_processes_go_on_from_what_one_has_left(both, folder):
    require_same(both[0]["resumed"], shared.resumed(folder / "whole.pt"))


def test_one_process_goes_on_from_what_two_have_left(folder):
    require_same(shared.resumed(folder / "together.pt"), shared.resumed(folder / "whole.pt"))


@pytest.mark.parametrize("images", [1, 5, 8])
def test_a_norm_is_that_of_all_images(both, images):
    expected = shared.normalized(*shared.example(images))
    for rank in (0, 1):
        result = both[rank]["norm"][images]
        for key in ("value", "codes") if rank < images else ():
            torch.testing.assert_close(result[key], expected[key][rank::2], rtol=1e-4, atol=1e-5)
        for mine, whole in zip(result["common"], expected["common"], strict=True):
            torch.testing.assert_close(mine, whole, rtol=1e-4, atol=1e-5)


def test_an_image_that_does_not_count_learns_nothing(both):
    assert not both[1]["norm"][1]["codes"].any()


def test_models_are_aligned_with_the_first(both):
    for key, tensor in both[0]["aligned"].items():
        assert torch.equal(tensor, both[1]["aligned"][key]), key


def test_errors_are_those_of_all_processes(both):
    for results in both:
        assert results["agreed"] == [
            ("DataError", "no data in process 0"),
            ("DataError", "no data in process 1"),
        ]
        assert results["first"] == ("DataError", "no 0")
        assert results["small"] == (
            "TrainingError",
            "2 processes cannot share a batch of 1 images; start fewer",
        )


def test_a_process_that_is_lost(both):
    assert both[0]["lost"] == ("TrainingError", LOST)


def test_one_process_is_alone():
    with processes() as group:
        assert (type(group), group.rank, group.world, group.first) == (Group, 0, 1, True)
        assert group.from_first(lambda: 7) == 7
        assert group.part(3) == (slice(0, None, 1), 3)
        with group.agree(), group.sharing():
            group.add([torch.ones(2)])
    assert not dist.is_initialized()


@pytest.fixture
def launched(monkeypatch):
    """As the third of four processes, with two CUDA devices; returns what was called."""
    calls = []
    monkeypatch.setattr(dist, "is_torchelastic_launched", lambda: True)
    monkeypatch.setattr(dist, "is_nccl_available", lambda: True)
    monkeypatch.setattr(dist, "get_node_local_rank", lambda: 2)
    monkeypatch.setattr(dist, "get_rank", lambda: 2)
    monkeypatch.setattr(dist, "get_world_size", lambda: 4)
    monkeypatch.setattr(dist, "destroy_process_group", lambda: calls.append("end"))
    monkeypatch.setattr(
        dist, "init_process_group", lambda backend, timeout: calls.append((backend, timeout))
    )
    monkeypatch.setattr(torch.cuda, "set_device", calls.append)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    return calls


@pytest.mark.parametrize(("available", "backend"), [(True, "cpu:gloo,cuda:nccl"), (False, "gloo")])
def test_processes_are_joined_over_what_they_have(monkeypatch, launched, available, backend):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    with processes() as group:
        assert (group.rank, group.world, group.first) == (2, 4, False)
        assert group.part(11) == (slice(2, None, 4), 3)
        assert group.part(2) == (slice(0, 1, 4), 0)
    assert launched == [(backend, timedelta(minutes=30)), "end"]


def test_every_process_has_a_device_of_its_own(monkeypatch, launched):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    message = "there are more processes than the 2 CUDA devices of this machine; start one for each"
    with processes() as group:
        assert group.place("cpu") == torch.device("cpu")
        with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
            group.place("cuda")
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
        assert group.place("cuda") == torch.device("cuda", 2)
    assert launched[1:] == [2, "end"]


def test_an_error_of_one_process_is_told_by_it(launched):
    with pytest.raises(TrainingError, match=r"^mine$"), processes():
        raise TrainingError("mine")
    assert "end" not in launched


def test_an_agreed_error_is_told_by_the_first(launched, monkeypatch):
    waited = []
    monkeypatch.setattr(dist, "all_reduce", lambda tensor: waited.append(tensor.shape))
    error = TrainingError("everyone's")
    with pytest.raises(SystemExit) as raised, processes() as group:
        group._raise(error)
    assert raised.value.code == TrainingError.exit_code
    assert waited == [()]


def test_other_errors_of_a_connection_pass():
    with pytest.raises(ValueError, match=r"^other$"), distributed._connected():
        raise ValueError("other")
