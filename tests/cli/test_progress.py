import io

from rich.console import Console

from threefold.cli.progress import progress_of


def drawn(width=100):
    return Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)


def test_steps_share_a_bar_that_counts():
    console = drawn()
    with progress_of(console, "compile", count=(40, "images")) as progress:
        progress("compile", 0.0)
        progress("simulate", 0.25)
    last = console.file.getvalue().rpartition("simulate")[2]
    assert "10/40 images" in last
    assert "compile" not in last


def test_steps_are_lines_without_a_terminal():
    console = Console(file=io.StringIO())
    with progress_of(console, "generate", lines=True) as progress:
        for what, share in (("synthesise", 0), ("synthesise", 0.5), ("pack", 0.9), ("done", 1)):
            progress(what, share)
    assert console.file.getvalue() == "synthesise\npack\n"


def test_each_work_has_a_bar_of_its_own():
    console = drawn()
    with progress_of(console) as progress:
        progress("a.bin", 1.0)
        progress("b.bin", 0.5)
    last = console.file.getvalue().rpartition("a.bin")[2]
    assert last.index("100 %") < last.index("b.bin") < last.index("50 %")
