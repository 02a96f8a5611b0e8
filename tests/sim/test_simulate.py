import re
import time

import numpy as np
import pytest

from threefold.errors import MismatchError
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.network import Codes, Conv, Dense, Logits, MaxPool, Network, Tensor, Threshold
from threefold.plan import Folding, fold
from threefold.sim import golden
from threefold.sim.bench import Events

from .sample import IMAGES, PLAN, edited, icarus


def test_equal_to_golden_to_the_cycle(run, verilog):
    calls = []
    result = run(verilog, progress=lambda *call: calls.append(call))
    assert result.simulator == "verilator"
    assert result.images == 40
    assert result.beats == 40 * (6 + 4 + 1)
    assert result.cycles == PLAN.cycles
    assert result.waves is None
    assert result.cycles_per_second > 100
    assert result.outputs.tolist() == golden.run(PLAN.network, IMAGES).reshape(40, 1).tolist()
    assert result.classes.tolist() == result.outputs[:, 0].tolist()
    assert result.to_json() == {
        "simulator": "verilator",
        "images": 40,
        "mismatches": 0,
        "beats_compared": 440,
        "stalls": 0.0,
    }
    assert calls[0] == ("compile", 0)
    assert calls[-1] == ("simulate", 1)
    assert calls == sorted(calls)


@pytest.mark.parametrize(("stalls", "seed"), [(0.3, 0), (0.3, 1), (0.9, 2)])
def test_stalls(run, verilog, stalls, seed):
    result = run(verilog, stalls=stalls, seed=seed)
    assert result.cycles is None
    assert result.stalls == stalls
    assert result.beats == 440
    assert result.classes.tolist() == golden.classes(PLAN.network, IMAGES).tolist()


def test_stalls_are_those_of_the_seed(run, verilog, folder):
    """Each of 80 beats waits 10 cycles for the source, and some of them for the sink."""
    cycles = []
    for seed in (0, 0, 1):
        run(verilog, stalls=0.9, seed=seed)
        cycles.append(Events.read(folder / "sim" / "events.txt").cycles)
    assert cycles[0] == cycles[1] != cycles[2]
    assert all(600 < count < 1300 for count in cycles)


def test_more_beats_than_the_bench_holds_at_once(run, verilog):
    images = np.random.default_rng(2).integers(0, 4, (700, 1, 1, 8))
    result = run(verilog, images, stalls=0.2)
    assert result.beats == 700 * (6 + 4 + 1)
    assert result.classes.tolist() == golden.classes(PLAN.network, images).tolist()


def test_other_images_and_stalls_are_not_compiled_again(run, verilog, folder):
    run(verilog)
    program = folder / "sim" / "build" / "sample_bench"
    built = program.stat().st_mtime_ns
    run(verilog, IMAGES[::-1][:7], stalls=0.5, seed=3)
    assert program.stat().st_mtime_ns == built


@pytest.mark.nightly
def test_mismatch_late_in_a_stream(run, verilog, monkeypatch):
    """The hardware is right; what is expected of one lane of one beat is not."""
    images = np.resize(IMAGES, (1000, 1, 1, 8))

    def wrong(network, images):
        first = 0
        for values in batches(network, images):
            if first <= 833 < first + len(values["act1"]):
                values["act1"][833 - first, 0, 0, 4] ^= 1
            first += len(values["act1"])
            yield values

    batches = golden.batches
    right = golden.evaluate(PLAN.network, images[833:834])["act1"].ravel()
    monkeypatch.setattr(golden, "batches", wrong)
    message = (
        r"^'act1' differs from the golden model: image 833, pixel \(0, 0\), channel 4 is "
        rf"{right[4]}, not {right[4] ^ 1}; waveforms are in .+/dump\.vcd$"
    )
    with pytest.raises(MismatchError, match=message):
        run(verilog, images)


ONE = np.array([[1]])


@icarus
@pytest.mark.parametrize("waves", [False, True])
def test_icarus(run, verilog, folder, waves):
    result = run(verilog, simulator="icarus", waves=waves)
    assert result.simulator == "icarus"
    assert result.beats == 440
    assert result.cycles == PLAN.cycles
    assert result.classes.tolist() == golden.classes(PLAN.network, IMAGES).tolist()
    assert result.waves == (folder / "sim" / "dump.fst" if waves else None)
    assert not waves or result.waves.stat().st_size > 1000


@icarus
def test_mismatch_in_icarus(run, verilog, folder):
    wrong = edited(verilog, r"(levels\[0\] = 5'h)\w+;", r"\g<1>00;")
    message = (
        r"^'act1' differs from the golden model: image \d+, pixel \(0, 0\), channel 0 is 2, "
        rf"not [01]; waveforms are in {folder}/sim/dump\.fst$"
    )
    with pytest.raises(MismatchError, match=message):
        run(wrong, simulator="icarus")


@icarus
@pytest.mark.parametrize(
    ("shape", "ops"),
    [
        ((1, 1, 1), [("fc", Dense(ONE)), ("act", Threshold(ONE))]),
        (
            (2, 2, 1),
            [("pool", MaxPool((2, 2), (2, 2))), ("fc", Dense(ONE)), ("logits", Logits([0]))],
        ),
    ],
)
def test_logic_of_initial_values_alone_in_icarus(run, shape, ops):
    network = Network.chain("sample", Tensor(shape, Codes.unsigned(1)), ops)
    plan = fold(network, {"fc": Folding(1, 1)})
    images = np.ones((plan.cycles.images, *shape), int)
    result = run(to_verilog(Accelerator(plan), "sample"), images, plan, simulator="icarus")
    assert result.cycles == plan.cycles


@icarus
def test_output_that_is_unknown_for_ever(run, verilog):
    began = time.monotonic()

    def progress(what, done):
        assert time.monotonic() < began + 60

    wrong = edited(verilog, r"assign o__valid = \| left;", "assign o__valid = 1'hx;")
    message = (
        r"^the hardware stopped at cycle 1\d\d\d: nothing moves any more; waveforms are in .+$"
    )
    with pytest.raises(MismatchError, match=f"{message}$"):
        run(wrong, simulator="icarus", progress=progress)


def test_maps_of_codes_have_no_class(run):
    rng = np.random.default_rng(0)
    ops = [
        ("conv1", Conv(rng.integers(-1, 2, (2, 3, 3, 1)), padding=(1, 1, 1, 1))),
        ("act1", Threshold(np.sort(rng.integers(-6, 6, (2, 3)), axis=1))),
        ("pool1", MaxPool((2, 2), (2, 2))),
    ]
    network = Network.chain("sample", Tensor((4, 6, 1), Codes.unsigned(2)), ops)
    plan = fold(network, {"conv1": Folding(2, 1)})
    images = rng.integers(0, 4, (plan.cycles.images, 4, 6, 1))
    result = run(to_verilog(Accelerator(plan), "sample"), images, plan)
    assert result.cycles == plan.cycles
    assert result.classes is None
    assert result.outputs.shape == (len(images), 12)
    assert result.outputs.tolist() == golden.run(network, images).reshape(-1, 12).tolist()


@pytest.mark.parametrize("images", [1, PLAN.cycles.images - 1])
def test_few_images_have_a_latency_but_no_interval(run, verilog, images):
    cycles = run(verilog, IMAGES[:images]).cycles
    assert cycles.latency == PLAN.cycles.latency
    assert np.isnan(cycles.interval)


def test_corrupted_threshold(run, verilog, folder):
    """The middle threshold of channel 0 at its least gives code 2 where it was 0 or 1."""
    codes = golden.evaluate(PLAN.network, IMAGES)["act1"][:, 0, 0, 0]
    image = int(np.argmax(codes < 2))
    wrong = edited(verilog, r"(levels\[0\] = 5'h)\w+;", r"\g<1>00;")
    with pytest.raises(MismatchError) as caught:
        run(wrong)
    waves = folder / "sim" / "dump.vcd"
    assert str(caught.value) == (
        f"'act1' differs from the golden model: image {image}, pixel (0, 0), channel 0 is 2, "
        f"not {codes[image]}; waveforms are in {waves}"
    )
    assert "tap_fc1__payload" in waves.read_text()


def test_stuck(run, verilog, folder):
    wrong = edited(verilog, r"assign o__valid = \| left;", "assign o__valid = 1'h0;")
    with pytest.raises(MismatchError) as caught:
        run(wrong, waves=True)
    assert re.fullmatch(
        r"the hardware stopped at cycle 1\d\d\d: nothing moves any more; "
        rf"waveforms are in {re.escape(str(folder / 'sim' / 'dump.vcd'))}",
        str(caught.value),
    )


def test_one_output_too_many(run, verilog):
    extra = (
        "wire last__valid; reg [7:0] sent = 0; assign o__valid = last__valid | sent == 40;\n"
        "always @(posedge clk) if (o__valid & o__ready) sent <= sent + 1;\n"
        r"\\sample.argmax argmax (\g<1>.o__valid(last__valid)"
    )
    wrong = edited(verilog, r"\\sample\.argmax +argmax \(([^;]*)\.o__valid\(o__valid\)", extra)
    message = (
        r"^'argmax' gives \[\d\] after the last image, where nothing is expected; "
        r"waveforms are in .+/dump\.vcd$"
    )
    with pytest.raises(MismatchError, match=message):
        run(wrong, waves=True)
