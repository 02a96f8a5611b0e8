import sys
from types import SimpleNamespace

import pytest

from threefold.notebook import NotebookProgress, shown_progress
from threefold.progress import no_progress


class Display:
    """What IPython's ``display`` is given, and later its handle."""

    def __init__(self):
        self.shown = []

    def __call__(self, line, *, display_id):
        assert display_id is True
        self.update(line)
        return self

    def update(self, line):
        self.shown.append(line)


def test_steps_of_one_line():
    display = Display()
    progress = NotebookProgress(display)
    for what, share in (("<pack>", 0.0), ("<pack>", 0.001), ("<pack>", 0.5), ("done", 1.0)):
        progress(what, share)
    assert list(map(repr, display.shown)) == ["<pack> 0 %", "<pack> 50 %", "done 100 %"]
    assert (
        display.shown[1]._repr_html_()
        == '<progress value="50" max="100"></progress> &lt;pack&gt; 50 %'
    )


def test_a_notebook_shows_progress(monkeypatch):
    display = Display()
    shell = SimpleNamespace(kernel=object())
    module = SimpleNamespace(display=display)
    ipython = SimpleNamespace(get_ipython=lambda: shell, display=module)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    shown_progress(None)("pack", 0.5)
    assert list(map(repr, display.shown)) == ["pack 50 %"]
    assert shown_progress(no_progress) is no_progress


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_nothing_is_shown_elsewhere(monkeypatch, shell):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert shown_progress(None) is no_progress
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert shown_progress(None) is no_progress
