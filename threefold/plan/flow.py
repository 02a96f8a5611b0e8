"""Handshakes of a whole dataflow, cycle by cycle, compiled.

Every kind of stage is a few lines of integer state that say what the component's flow control
says in hardware; no data is simulated. Networks take hundreds of thousands of cycles an
image, which is why this is compiled by Numba and looks like the C it becomes.

Each cycle has three steps. Forwards, in the order of the stages: which outputs are valid.
Backwards: which inputs are accepted. Then all states pass a clock edge.
"""

import numpy as np
from numba import njit

from .stages import ADD, ARGMAX, ARRAY, CONCAT, FIFO, FORK, JOIN, PAD, PIPE, SEARCH, SPLIT, STATE

__all__ = ["run"]


@njit(cache=True)
def run(stages, tables, streams, beats, words, images, limit):
    """Let images through until they have left, the states repeat, or nothing moves.

    Parameters
    ----------
    stages : array of int64, shape (stages, FIELDS)
        In the order of flow. Stream 0 is the input, the last one the output.
    tables : array of int64
    streams : int
        Number of streams.
    beats, words : int
        Beats in which an image leaves, and enters.
    images : int
        How many to let through; 0 to feed without end, until the states repeat.
    limit : int
        Images to see leave at most.

    Returns
    -------
    left : array of int64
        Cycles in which images have left, counted from the one in which the first word entered.
    same : int
        Index of the departure at which the states were those of the last departure; −1 if
        they never repeated.
    most : array of int64, shape (stages,)
        Largest number of beats that each FIFO held.
    """
    count = len(stages)
    state = np.zeros((count, STATE), np.int64)
    valid = np.zeros(streams, np.bool_)
    ready = np.zeros(streams, np.bool_)
    left = np.zeros(limit, np.int64)
    most = np.zeros(count, np.int64)
    seen = np.zeros((limit, count, STATE), np.int64)
    for s in range(count):
        if stages[s, 0] == ARRAY:
            state[s, 0] = -stages[s, 8]
            state[s, 1] = stages[s, 7] - 1
    endless = images == 0
    sent = received = departures = cycle = entered = 0
    same = -1
    while departures < limit:
        valid[0] = endless or sent < words * images
        for s in range(count):
            _offer(stages[s], state[s], valid)
        ready[streams - 1] = True
        for s in range(count - 1, -1, -1):
            _accept(stages[s], state[s], valid, ready)
        moved = False
        for e in range(streams):
            moved |= valid[e] and ready[e]
        if valid[0] and ready[0]:
            if sent == 0:
                entered = cycle
            sent += 1
        done = False
        if valid[streams - 1]:
            received += 1
            if received == beats:
                received = 0
                left[departures] = cycle
                departures += 1
                done = True
        changed = moved
        for s in range(count):
            changed |= _tick(stages[s], state[s], valid, ready, tables)
            if stages[s, 0] == FIFO:
                most[s] = max(most[s], state[s, 0])
        cycle += 1
        if done:
            # Handshakes depend on states alone while the source has more to give.
            if endless:
                seen[departures - 1] = state
                for before in range(departures - 1):
                    if np.array_equal(seen[before], state):
                        same = before
                        break
            if same >= 0:
                break
        if not changed:
            break
    return left[:departures] - entered, same, most


@njit(cache=True)
def _offer(stage, state, valid):
    """Set ``valid`` of the stage's outputs."""
    kind, i, o = stage[0], stage[1], stage[2]
    if kind == ARRAY:
        valid[o] = (state[4] >> stage[6]) & 1
    elif kind == PIPE:
        valid[o] = (state[0] >> (stage[3] - 1)) & 1
    elif kind == SPLIT:
        valid[o] = state[0] != 0
    elif kind == JOIN:
        valid[o] = state[0] == stage[3]
    elif kind == ARGMAX:
        valid[o] = state[1] != 0
    elif kind == FORK:
        for n in range(stage[3]):
            valid[o + n] = valid[i] and not (state[0] >> n) & 1
    elif kind == FIFO:
        valid[o] = state[1] != 0
    elif kind == ADD:
        valid[o] = valid[i] and valid[stage[3]]
    elif kind == CONCAT:
        valid[o] = valid[i] if state[0] < stage[4] else valid[stage[3]]
    elif kind == PAD:
        valid[o] = valid[i] or state[0] >= stage[3] + stage[4]
    elif kind == SEARCH:
        valid[o] = state[0] == 1


@njit(cache=True)
def _accept(stage, state, valid, ready):
    """Set ``ready`` of the stage's inputs."""
    kind, i, o = stage[0], stage[1], stage[2]
    if kind == ARRAY:
        ready[i] = state[1] >= 0
    elif kind in (PIPE, JOIN):
        ready[i] = not valid[o] or ready[o]
    elif kind == SPLIT:
        ready[i] = state[0] == 0 or (state[0] == 1 and ready[o])
    elif kind == ARGMAX:
        ready[i] = state[0] != stage[3] - 1 or not valid[o] or ready[o]
    elif kind == FORK:
        ready[i] = True
        for n in range(stage[3]):
            if not (state[0] >> n) & 1 and not ready[o + n]:
                ready[i] = False
    elif kind == FIFO:
        ready[i] = state[0] < stage[3]
    elif kind == ADD:
        ready[i] = ready[o] and valid[stage[3]]
        ready[stage[3]] = ready[o] and valid[i]
    elif kind == CONCAT:
        ready[i] = ready[o] and state[0] < stage[4]
        ready[stage[3]] = ready[o] and state[0] >= stage[4]
    elif kind == PAD:
        ready[i] = ready[o] and stage[3] <= state[0] < stage[3] + stage[4]
    elif kind == SEARCH:
        ready[i] = state[0] == 0 or (state[0] == 1 and ready[o])


@njit(cache=True)
def _tick(stage, state, valid, ready, tables):
    """Pass a clock edge; whether anything but a transfer has happened."""
    kind, i, o = stage[0], stage[1], stage[2]
    enters = valid[i] and ready[i]
    leaves = valid[o] and ready[o]
    if kind == ARRAY:
        return _tick_array(stage, state, enters, valid[o], ready[o], tables)
    if kind == PIPE:
        if valid[o] and not ready[o]:
            return False
        before = state[0]
        state[0] = ((before << 1) | enters) & ((1 << stage[3]) - 1)
        return before != 0
    if kind == SPLIT:
        if enters:
            state[0] = stage[3]
        elif leaves:
            state[0] -= 1
    elif kind == JOIN:
        if leaves:
            state[0] = 0
        if enters:
            state[0] += 1
    elif kind == ARGMAX:
        if ready[o]:
            state[1] = 0
        if enters:
            state[0] += 1
            if state[0] == stage[3]:
                state[0] = 0
                state[1] = 1
    elif kind == FORK:
        for n in range(stage[3]):
            if valid[o + n] and ready[o + n]:
                state[0] |= 1 << n
        if enters:
            state[0] = 0
    elif kind == FIFO:
        return _tick_fifo(state, enters, leaves)
    elif kind in (CONCAT, PAD):
        if leaves:
            state[0] += 1
            period = stage[4] + stage[5] + (stage[3] if kind == PAD else 0)
            if state[0] == period:
                state[0] = 0
    elif kind == SEARCH:
        before = state[0]
        if enters:
            state[0] = stage[3]
        elif leaves:
            state[0] = 0
        elif state[0] > 1:
            state[0] -= 1
        return before > 1
    return False


@njit(cache=True)
def _tick_fifo(state, enters, leaves):
    """Beats held, and whether one of them is at the output."""
    loaded = state[1] != 0
    waits = state[0] > state[1]
    state[0] += enters
    state[0] -= leaves
    state[1] = waits or (loaded and not leaves)
    return (state[1] != 0) != loaded


@njit(cache=True)
def _tick_array(stage, state, enters, offered, taken, tables):
    """Window reader and array: words missing, room, pixel, tile, pipeline, words to free."""
    pixels, tiles, at = stage[3], stage[4], stage[5]
    ahead = state[0]
    state[0] += enters
    state[1] -= enters
    if offered and not taken:
        return False
    if state[5] >= 0:
        state[1] += state[5]
    before = state[4]
    freed = state[5]
    state[5] = -1
    pipe = (before << 1) & ((2 << stage[6]) - 1)
    issue = ahead >= 0 and not (stage[9] and enters)
    if issue:
        pipe |= tables[at + 2 * pixels + state[3]]
        state[3] += 1
        if state[3] == tiles:
            state[3] = 0
            state[0] -= tables[at + state[2]]
            state[5] = tables[at + pixels + state[2]]
            state[2] += 1
            if state[2] == pixels:
                state[2] = 0
    state[4] = pipe
    return issue or pipe != before or freed >= 0
