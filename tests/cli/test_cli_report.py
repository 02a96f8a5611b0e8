import argparse
import hashlib
import json
import re

import numpy as np
import pytest
from rich.console import Console

from threefold.cli import report as command
from threefold.errors import FileFormatError, PlanError
from threefold.network import Codes, Dense, Logits, Network, Tensor, load, save
from threefold.network.file import digest as network_digest
from threefold.plan import Folding, fold, load_plan, save_plan
from threefold.plan.file import digest

WEIGHTS = np.array([[1, 0, -1, 0], [0, 0, 1, 1], [0, 0, 1, 0], [0, 0, -1, 1]])


def make_network(provenance=None):
    ops = [("fc1", Dense(WEIGHTS)), ("logits", Logits(np.zeros(4, int)))]
    return Network.chain("tiny", Tensor((1, 1, 4), Codes.unsigned(2)), ops, provenance)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "out" / "tiny"
    save(make_network(), folder / "network.tern")
    save_plan(fold(make_network(), {"fc1": Folding(2, 2)}), folder / "plan.json")
    return folder


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def write_record(path, **content):
    """Write what was measured of the network and the plan of a folder."""
    folder = path.parent if path.name == "train.json" else path.parents[1]
    network = load(folder / "network.tern")
    own = {
        "network_digest": network_digest(network),
        "plan_digest": digest(load_plan(network, folder / "plan.json")),
    }
    write(path, own | content)


def run(folder):
    """Run the command and return its lines and the report it wrote."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    console = Console(width=80)
    with console.capture() as capture:
        console.print(command.run(parser.parse_args([str(folder)]), console))
    return capture.get(), json.loads((folder / "report.json").read_text())


def test_network_and_plan_only(folder):
    text, report = run(folder)
    planned = {"predicted_cycles", "predicted_array_utilization", "layers", "ports", "steps"}
    digests = {"network_digest", "plan_digest"}
    assert report.keys() == {"schema", "name", "sample", "tools"} | digests | planned
    assert "predicted" in text
    assert "Logic cells" not in text
    assert (folder / "report.html").read_text().startswith("<!doctype html>")


def test_everything(folder):
    write_record(folder / "train.json", accuracy={"integer": 0.97, "float": 0.98})
    write_record(
        folder / "sim" / "simulation.json",
        images=9,
        mismatches=0,
        cycles={"latency": 12, "interval": 4},
        accuracy=0.96,
    )
    write(folder / "gateware" / "tiny.bin", "bits")
    write_record(
        folder / "gateware" / "build.json",
        board="icebreaker",
        clock_mhz=24,
        fmax_mhz=30.5,
        utilization={
            "lut": {"used": 1320, "available": 5280},
            "bram": {"used": 3, "available": 30},
        },
        bitstream="gateware/tiny.bin",
        sha256={"gateware/tiny.bin": hashlib.sha256(b"bits").hexdigest()},
    )
    text, report = run(folder)
    assert report["latency_us"] == 0.5
    assert report["inferences_per_second"] == 6_000_000
    assert all(len(line) <= 80 for line in text.splitlines())
    words = " ".join(text.split())
    for part in (
        "Accuracy 96.00 % simulated hardware; exact integers 97.00 %; float 98.00 %",
        "Mismatches 0 against the golden model",
        "Latency 0.5 µs 12 cycles",
        "Inferences a second 6,000,000 one every 4 cycles",
        "Fmax 30.5 MHz runs at 24 MHz",
        "Logic cells 25.0 % 1,320 of 5,280",
        "Block RAM 10.0 % 3 of 30",
    ):
        assert part in words
    assert "gateware/tiny.bin" in "".join(text.split())
    assert 'href="./gateware/tiny.bin"' in (folder / "report.html").read_text()


def test_accuracy_from_the_network_where_it_was_trained_elsewhere(folder):
    network = make_network({"accuracy": {"integer": 0.9}, "tools": {"torch": "2.9"}})
    save(network, folder / "network.tern")
    save_plan(fold(network, {"fc1": Folding(2, 2)}), folder / "plan.json")
    _, report = run(folder)
    assert report["accuracy"] == {"integer": 0.9}
    assert report["tools"]["torch"] == "2.9"


def test_same_bytes(folder):
    run(folder)
    first = [(folder / f"report.{kind}").read_bytes() for kind in ("json", "html")]
    run(folder)
    assert first == [(folder / f"report.{kind}").read_bytes() for kind in ("json", "html")]


@pytest.mark.parametrize("bitstream", ["gateware/none.bin", "../secret", "/etc/passwd", "."])
def test_bitstream_that_is_not_there_is_not_linked(folder, bitstream):
    (folder.parent / "secret").touch()
    write_record(folder / "gateware" / "build.json", bitstream=bitstream)
    text, report = run(folder)
    assert "bitstream" not in report
    assert "Bitstream" not in text
    assert "bitstream" not in (folder / "report.html").read_text()


@pytest.mark.parametrize("name", ["train.json", "sim/simulation.json", "gateware/build.json"])
@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "{} is not valid JSON"), ("[]", "{} must hold a JSON object, not list")],
)
def test_broken_files(folder, name, content, message):
    write(folder / name, content)
    with pytest.raises(FileFormatError) as error:
        run(folder)
    assert str(error.value) == message.format(folder / name)
    assert not (folder / "report.json").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.json", {"accuracy": 3}, "the accuracy must be an object, not 3"),
        ("train.json", {"tools": 3}, "tools must be an object of versions, not 3"),
        (
            "sim/simulation.json",
            {"accuracy": 3},
            "accuracy of the simulation must be a number from 0 to 1, not 3",
        ),
        (
            "gateware/build.json",
            {"utilization": 3},
            "utilization of the build must be an object, not 3",
        ),
    ],
)
def test_files_that_make_no_sense(folder, name, content, message):
    write_record(folder / name, **content)
    with pytest.raises(FileFormatError) as error:
        run(folder)
    assert str(error.value) == message
    assert not (folder / "report.json").exists()


def test_no_project(tmp_path):
    network = tmp_path / "network.tern"
    message = f"there is no {network}; plan first, with threefold plan NETWORK -o {tmp_path}"
    with pytest.raises(FileFormatError, match=f"^{re.escape(message)}$"):
        run(tmp_path)
    save(make_network(), network)
    plan = tmp_path / "plan.json"
    message = f"there is no {plan}; plan first, with threefold plan {network} -o {tmp_path}"
    with pytest.raises(FileFormatError, match=f"^{re.escape(message)}$"):
        run(tmp_path)
    assert list(tmp_path.iterdir()) == [network]


def test_plan_of_another_network(folder):
    save(make_network({"seed": 1}), folder / "network.tern")
    with pytest.raises(PlanError, match=r"is the plan of another network than 'tiny'; plan again$"):
        run(folder)


def test_what_is_stale_is_named(folder):
    write(folder / "train.json", {"accuracy": {"integer": 0.97}, "network_digest": "0" * 64})
    text, report = run(folder)
    assert "Stale of another plan, left out: train.json" in " ".join(text.split())
    assert "accuracy" not in report
