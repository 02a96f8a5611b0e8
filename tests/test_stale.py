import dataclasses
import hashlib
import json

import pytest

from threefold.network import Codes, Dense, Logits, Network, Tensor, save
from threefold.network.file import digest as network_digest
from threefold.plan import Folding, fold, save_plan
from threefold.plan.file import digest, mark
from threefold.products import Products
from threefold.project import Project
from threefold.report import product_files
from threefold.stale import stale_products


def plan_of(negative, pe=1):
    ops = [("fc1", Dense([[1, -negative], [0, 1]])), ("logits", Logits([0, 0]))]
    network = Network.chain("tiny", Tensor((1, 1, 2), Codes.unsigned(2)), ops)
    return dataclasses.replace(fold(network, {"fc1": Folding(pe, 1)}), board="icebreaker")


PLAN, FOLDED, OTHER = plan_of(0), plan_of(0, pe=2), plan_of(1)


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def training(products, plan):
    accuracy = {"integer": 0.5}
    write(products.training, {"accuracy": accuracy, "network_digest": network_digest(plan.network)})


def simulation(products, plan):
    write(
        products.simulation_record,
        {"images": 3, "mismatches": 0, "plan_digest": digest(plan), "accuracy": 0.25},
    )


def build(products, plan):
    write(products.gateware / "tiny.bin", "bits")
    write(
        products.build_record,
        {
            "bitstream": "gateware/tiny.bin",
            "board": "icebreaker",
            "fmax_mhz": 40.0,
            "plan_digest": digest(plan),
            "sha256": {"gateware/tiny.bin": hashlib.sha256(b"bits").hexdigest()},
        },
    )


def rtl(products, plan):
    write(products.rtl, f"// {mark(plan)}\nmodule tiny;")


def core(products, plan):
    write(products.ports, {"plan_digest": digest(plan)})
    for path in set(products.core) - {products.rtl, products.ports}:
        write(path, f"// {mark(plan)}")


def bus_core(products, plan):
    files = products.core_of("axi")
    for path in files.data:
        write(path, {"plan_digest": digest(plan)})
    for path in files.texts:
        write(path, f"// {mark(plan)}")


def header(products, plan):
    write(products.header, f"/* tiny\n * {mark(plan)} */")


def report(products, plan):
    write(products.report, {"plan_digest": digest(plan)})


def page(products, plan):
    write(products.page, f"<!doctype html><meta content='{mark(plan)}'>")


KINDS = {
    training: {"train.json"},
    simulation: {"sim/simulation.json"},
    build: {"gateware/tiny.bin", "gateware/build.json"},
    rtl: {"rtl/tiny.v"},
    core: {f"rtl/tiny{end}" for end in (".ports.json", ".vlt", ".inst.v", "_tb.v", ".core")},
    bus_core: {
        f"rtl/tiny_axi{end}"
        for end in (".v", ".ports.json", ".csr.json", ".vlt", ".inst.v", "_tb.v", ".core")
    },
    header: {"firmware/tiny.h"},
    report: {"report.json"},
    page: {"report.html"},
}


@pytest.fixture
def products(tmp_path):
    products = Products(tmp_path, "tiny")
    save(PLAN.network, products.network)
    save_plan(PLAN, products.plan)
    return products


def stale(products, plan=PLAN):
    return {str(path.relative_to(products.folder)) for path in stale_products(products, plan)}


@pytest.mark.parametrize("kind", KINDS)
def test_product_of_another(products, kind):
    kind(products, PLAN)
    assert stale(products) == set()
    kind(products, OTHER)
    assert stale(products) == KINDS[kind]
    kind(products, FOLDED)
    assert stale(products) == (set() if kind is training else KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", ["", "{}", "{", '{"plan_digest": 3, "network_digest": []}'])
def test_product_that_does_not_say_what_it_is_of(products, kind, content):
    kind(products, PLAN)
    for name in KINDS[kind]:
        (products.folder / name).write_text(content)
    assert stale(products) == KINDS[kind]


def test_network_and_plan_in_the_place_of_those_before(products):
    assert stale(products, FOLDED) == {"plan.json"}
    assert stale(products, OTHER) == {"network.tern", "plan.json"}


def test_files_of_the_user_are_never_stale(products):
    write(products.rtl.parent / "board.v", "module board;")
    write(products.images, "images")
    assert stale(products) == set()


def test_bitstream_that_is_not_that_of_its_record(products):
    build(products, PLAN)
    (products.gateware / "tiny.bin").write_text("other bits")
    assert stale(products) == {"gateware/tiny.bin"}


def test_report_on_a_bitstream_that_is_gone(products):
    build(products, PLAN)
    Project.open(products.folder).report()
    assert stale(products) == set()
    (products.gateware / "tiny.bin").unlink()
    assert stale(products) == {"report.html", "report.json"}


FIGURES = {
    training: ("integer", "50.00 %"),
    simulation: ("mismatches", "25.00 %"),
    build: ("fmax_mhz", "gateware/tiny.bin"),
    rtl: (None, "./rtl/tiny.v"),
    header: (None, "./firmware/tiny.h"),
}


@pytest.mark.parametrize("kind", FIGURES)
def test_nothing_stale_is_shown(products, kind):
    figure, text = FIGURES[kind]
    project = Project.open(products.folder)
    kind(products, PLAN)
    made = project.report()
    assert "stale" not in made
    assert text in products.page.read_text()
    assert figure is None or figure in json.dumps(made)
    assert KINDS[kind] <= json.loads(products.manifest.read_text())["sha256"].keys()
    assert project._repr_html_().count("stale: not of this plan") == 0

    kind(products, OTHER)
    made = project.report()
    shown = products.page.read_text()
    assert set(made["stale"]) == KINDS[kind]
    assert text not in shown.partition("stale, of another plan")[0]
    assert figure is None or figure not in json.dumps(made)
    assert not KINDS[kind] & set(product_files(made, products).values())
    assert f"left out: {', '.join(sorted(KINDS[kind]))}" in shown
    assert not KINDS[kind] & json.loads(products.manifest.read_text())["sha256"].keys()
    assert project._repr_html_().count("stale: not of this plan") == len(KINDS[kind])


@pytest.mark.parametrize("change", ["gone", "other"])
def test_bitstream_of_a_report_is_there(products, change):
    build(products, PLAN)
    bitstream = products.gateware / "tiny.bin"
    bitstream.unlink() if change == "gone" else bitstream.write_text("other bits")
    made = Project.open(products.folder).report()
    assert "bitstream" not in made
    assert made["fmax_mhz"] == 40
    assert 'href="./gateware/tiny.bin"' not in products.page.read_text()
