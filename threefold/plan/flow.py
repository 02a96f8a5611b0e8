"""Handshakes of a whole dataflow, cycle by cycle, compiled.

Every kind of stage is a few lines of integer state that say what the component's flow control
says in hardware; no data is simulated. Networks take hundreds of thousands of cycles an
image, which is why this is compiled by Numba and looks like the C it becomes.

Each cycle has three steps. Forwards, in the order of the stages: which outputs are valid.
Backwards: which inputs are accepted. Then all states pass a clock edge.
"""

import numpy as np
from numba import njit

from .stages import ADD, ARGMAX, ARRAY, CONCAT, FIFO, FORK, JOIN, PAD, PIPE, SPLIT, STATE

__all__ = ["run"]


@njit(cache=True)
def run(stages, tables, streams, beats, words, images, limit, tight):
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
    tight : bool
        Pipelines hold one result each, the least that they hold whenever words come late.

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
        _offer(stages, state, valid)
        ready[streams - 1] = True
        _accept(stages, state, valid, ready, tight)
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
        changed = _tick(stages, state, valid, ready, tables, most, tight) or moved
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
def _offer(stages, state, valid):
    """Set ``valid`` of the stage's outputs."""
    for s in range(len(stages)):
        kind, i, o = stages[s, 0], stages[s, 1], stages[s, 2]
        if kind == ARRAY:
            valid[o] = (state[s, 4] >> stages[s, 6]) & 1
        elif kind == PIPE:
            valid[o] = (state[s, 0] >> (stages[s, 3] - 1)) & 1
        elif kind == SPLIT:
            valid[o] = state[s, 0] != 0
        elif kind == JOIN:
            valid[o] = state[s, 0] == stages[s, 3]
        elif kind == ARGMAX:
            valid[o] = state[s, 1] != 0
        elif kind == FORK:
            for n in range(stages[s, 3]):
                valid[o + n] = valid[i] and not (state[s, 0] >> n) & 1
        elif kind == FIFO:
            valid[o] = state[s, 1] != 0
        elif kind == ADD:
            valid[o] = state[s, 0] or (valid[i] and valid[stages[s, 3]])
        elif kind == CONCAT:
            valid[o] = valid[i] if state[s, 0] < stages[s, 4] else valid[stages[s, 3]]
        elif kind == PAD:
            valid[o] = valid[i] or state[s, 0] >= stages[s, 3] + stages[s, 4]


@njit(cache=True)
def _accept(stages, state, valid, ready, tight):
    """Set ``ready`` of the stage's inputs."""
    for s in range(len(stages) - 1, -1, -1):
        kind, i, o = stages[s, 0], stages[s, 1], stages[s, 2]
        if kind == ARRAY:
            reads = state[s, 6] or (tight and state[s, 4])
            ready[i] = state[s, 1] >= 0 and not (stages[s, 9] and reads)
        elif kind == PIPE:
            least = stages[s, 3] if tight else stages[s, 4]
            busy = state[s, 0] & ((1 << (least - 1)) - 1)
            ready[i] = (not valid[o] or ready[o]) and not busy
        elif kind == JOIN:
            ready[i] = not valid[o] or ready[o]
        elif kind == SPLIT:
            ready[i] = state[s, 0] == 0 or (state[s, 0] == 1 and ready[o] and not stages[s, 4])
        elif kind == ARGMAX:
            ready[i] = state[s, 0] != stages[s, 3] - 1 or not valid[o] or ready[o]
        elif kind == FORK:
            ready[i] = True
            for n in range(stages[s, 3]):
                if not (state[s, 0] >> n) & 1 and not ready[o + n]:
                    ready[i] = False
        elif kind == FIFO:
            ready[i] = state[s, 0] < stages[s, 3]
        elif kind == ADD:
            ready[i] = valid[stages[s, 3]] and not state[s, 0]
            ready[stages[s, 3]] = valid[i] and not state[s, 0]
        elif kind == CONCAT:
            ready[i] = ready[o] and state[s, 0] < stages[s, 4]
            ready[stages[s, 3]] = ready[o] and state[s, 0] >= stages[s, 4]
        elif kind == PAD:
            ready[i] = ready[o] and stages[s, 3] <= state[s, 0] < stages[s, 3] + stages[s, 4]


@njit(cache=True)
def _tick(stages, state, valid, ready, tables, most, tight):
    """Pass a clock edge; whether anything but a transfer has happened."""
    changed = False
    for s in range(len(stages)):
        kind, i, o = stages[s, 0], stages[s, 1], stages[s, 2]
        enters = valid[i] and ready[i]
        leaves = valid[o] and ready[o]
        if kind == ARRAY:
            # Words missing, room, pixel, tile, pipeline, words to free, whether one is read.
            ahead, pipe, freed = state[s, 0], state[s, 4], state[s, 5]
            state[s, 0] += enters
            state[s, 1] -= enters
            if valid[o] and not ready[o]:
                continue
            state[s, 1] += freed
            state[s, 5] = 0
            moved = (pipe << 1) & ((2 << stages[s, 6]) - 1)
            issue = ahead >= 0 and (not tight or pipe == 0 or valid[o])
            state[s, 6] = issue
            if issue:
                pixels, at = stages[s, 3], stages[s, 5]
                moved |= tables[at + 2 * pixels + state[s, 3]]
                state[s, 3] += 1
                if state[s, 3] == stages[s, 4]:
                    state[s, 3] = 0
                    state[s, 0] -= tables[at + state[s, 2]]
                    state[s, 5] = tables[at + pixels + state[s, 2]]
                    state[s, 2] += 1
                    if state[s, 2] == pixels:
                        state[s, 2] = 0
            state[s, 4] = moved
            changed |= issue or moved != pipe or freed > 0
        elif kind == PIPE:
            if valid[o] and not ready[o]:
                continue
            changed |= state[s, 0] != 0
            state[s, 0] = ((state[s, 0] << 1) | enters) & ((1 << stages[s, 3]) - 1)
        elif kind == SPLIT:
            if enters:
                state[s, 0] = stages[s, 3]
            elif leaves:
                state[s, 0] -= 1
        elif kind == JOIN:
            if leaves:
                state[s, 0] = 0
            state[s, 0] += enters
        elif kind == ARGMAX:
            if ready[o]:
                state[s, 1] = 0
            if enters:
                state[s, 0] += 1
                if state[s, 0] == stages[s, 3]:
                    state[s, 0] = 0
                    state[s, 1] = 1
        elif kind == FORK:
            for n in range(stages[s, 3]):
                if valid[o + n] and ready[o + n]:
                    state[s, 0] |= 1 << n
            if enters:
                state[s, 0] = 0
        elif kind == FIFO:
            # Beats held; whether the output register and the one before it hold some of them.
            loaded, fetched = state[s, 1], state[s, 2]
            waits = state[s, 0] > loaded + fetched
            load = fetched and (not loaded or leaves)
            state[s, 0] += enters
            state[s, 0] -= leaves
            state[s, 1] = load or (loaded and not leaves)
            state[s, 2] = (waits and (not fetched or load)) or (fetched and not load)
            changed |= state[s, 1] != loaded or state[s, 2] != fetched
            most[s] = max(most[s], state[s, 0])
        elif kind == ADD:
            state[s, 0] = valid[o] and not leaves
        elif kind in (CONCAT, PAD) and leaves:
            state[s, 0] += 1
            period = stages[s, 4] + stages[s, 5] + (stages[s, 3] if kind == PAD else 0)
            if state[s, 0] == period:
                state[s, 0] = 0
    return changed
