"""Turns: the flow control of passes of several images, which are inside at once."""

from .compiled import compiled
from .stages import FIRST, SECOND

__all__ = ["tick_turns"]

# State: beats taken, cycles to wait, beats to give, stretch, cycles until it takes beats or −1
# where that is not known, whether all beats of the next image are there.
_TAKEN, _WAIT, _LEFT, _STRETCH, _CLOSED, _ENTERED = range(6)
# Fields of a stretch; see :meth:`StageBuilder.turns`.
_AWAITS, _CYCLES, _OPENS, _LEAVES = range(4)


@compiled
def tick_turns(stage, tables, state, enters, leaves):
    """Let a TURNS pass a clock edge; whether anything but a transfer has happened."""
    at, idle = stage[FIRST + 3], state[_LEFT] == 0 and state[_WAIT] == 0
    changed = state[_WAIT] > 0 or state[_CLOSED] > 0
    state[_WAIT] -= state[_WAIT] > 0
    state[_CLOSED] -= state[_CLOSED] > 0
    if leaves:
        state[_LEFT] -= 1
    if enters:
        state[_TAKEN] += 1
        if state[_TAKEN] == stage[FIRST]:
            state[_TAKEN] = 0
            state[_ENTERED] = 1
            state[_CLOSED] = -1
    row = at + 4 * state[_STRETCH]
    if idle and (state[_ENTERED] or not tables[row + _AWAITS]):
        if tables[row + _AWAITS]:
            state[_ENTERED] = 0
        if tables[row + _OPENS]:
            state[_CLOSED] = tables[row + _OPENS] - 1
        state[_WAIT] = tables[row + _CYCLES] - 1
        if tables[row + _LEAVES]:
            state[_LEFT] = stage[FIRST + 2]
        state[_STRETCH] = (state[_STRETCH] + 1) % stage[SECOND]
        changed = True
    return changed
