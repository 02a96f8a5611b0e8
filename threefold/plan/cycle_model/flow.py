"""Flow control of an accelerator: all handshakes, cycle by cycle, compiled.

Every kind of stage is a few lines of integer state that say what the component's flow control
says in hardware; no data is simulated. Networks take hundreds of thousands of cycles an
image, which is why this is compiled by Numba and looks like the C it becomes.

Each cycle has three steps. Forwards, in the order of the stages: which outputs are valid.
Backwards: which inputs are accepted. Then all states pass a clock edge.
"""

import numpy as np

from .compiled import compiled
from .stages import (
    ADD,
    ARGMAX,
    ARRAY,
    BATCH,
    CONCAT,
    CROP,
    DEPTH,
    DESERIALIZER,
    FIFO,
    FIRST,
    FORK,
    INPUT,
    KIND,
    LATENCY,
    NEEDED,
    OUTPUT,
    PAD,
    PIPE,
    SECOND,
    SERIALIZER,
    SINGLE,
    SKID,
    STEPS,
    TABLE,
    TILES,
    TURNS,
    UNFOLD,
)
from .turns import tick_turns

__all__ = ["replay", "run"]

# State of an ARRAY: words beyond those that the next step needs, room for more less one, step,
# tile, results on their way as bits, words to free in the next cycle, whether a word is read,
# place of its image in the order of widths.
_AHEAD, _ROOM, _STEP, _TILE, _MOVING, _FREED, _READS, _IMAGE = range(8)
# State of a FIFO: beats held, whether one is at the output, and one in the register before it.
_HELD, _LOADED, _FETCHED = range(3)
# State of an ARGMAX: channels seen, whether a class waits.
_SEEN, _FULL = range(2)
# State of a BATCH: beats taken, cycles to wait, beats to give, place in the order of widths, cycles
# until it takes beats or −1 where that is not known, whether all beats of the next are there. That
# of a TURNS has the stretch in place of the order.
_TAKEN, _WAIT, _LEFT, _TURN, _CLOSED, _ENTERED = range(6)
# State of an UNFOLD: step, whether a patch waits.
_PLACE, _WAITS = range(2)
# State of a PAD: beats of a pixel that have left, pixels of an image, place in the order of widths.
_BEAT, _PIXEL, _NOW = range(3)
# The other kinds have one integer: of a PIPE the beats on their way as bits, of a SERIALIZER those
# to give, of a DESERIALIZER those taken, of a FORK the outputs that have the beat as bits, of a
# SKID whether it keeps one, of a CONCAT the beats of a pixel that have left, of a CROP those that
# have come.
_ONLY = 0
_STATE = 8


@compiled
def run(widths, order, tables, streams, beats, words, inside, images, starts, due, tight):
    """Let images through until they have left, the states repeat, one is late, or nothing moves.

    Parameters
    ----------
    widths : array of int64, shape (widths, stages, fields)
        Stages in the order of flow, at each width of the network, where parameters of ARRAY and PAD
        and the cycles of BATCH may differ. Stream 0 is the input, the last one the output.
    order : array of int64
        Widths of the images, over and over.
    tables : array of int64
    streams : int
        Number of streams.
    beats, words : int
        Beats in which an image leaves, and enters.
    inside : int
        Images that may have entered and not left.
    images : int
        How many to let through; 0 to feed without end, until the states repeat.
    starts : array of int64
        Cycles in which images enter at the earliest, counted from the one in which the first word
        entered; as many as to see leave at most.
    due : array of int64
        Cycles in which each of them leaves at the latest, counted in the same way.
    tight : bool
        Pipelines hold one result each, the least that they hold whenever words come late.

    Returns
    -------
    left : array of int64
        Cycles in which images have left, counted from the one in which the first word entered; the
        last may be late.
    same : int
        Index of the departure at which the states were those of the last departure; −1 if
        they never repeated.
    most : array of int64, shape (stages,)
        Largest number of beats that each FIFO held.
    crowd : int
        Largest number of images that had entered and not left.
    """
    stages, crowd = widths[0], 0
    limit, last = len(starts), len(stages)
    state = _reset(stages)
    valid = np.zeros(streams, np.bool_)
    ready = np.zeros(streams, np.bool_)
    left = np.zeros(limit, np.int64)
    most = np.zeros(len(stages), np.int64)
    seen = np.zeros((limit, *state.shape), np.int64)
    paced = starts[limit - 1] > 0
    image = word = received = departures = cycle = entered = 0
    same = -1
    while departures < limit and same < 0:
        waits = image < limit and cycle < entered + starts[image]
        full = word == 0 and image - departures == inside
        valid[0] = not (waits or full) and (images == 0 or image < images)
        _offer(stages, widths, order, state, valid)
        ready[streams - 1] = True
        _accept(stages, widths, order, state, valid, ready, tables, tight)
        if valid[0] and ready[0]:
            if image == 0 and word == 0:
                entered = cycle
            crowd = max(crowd, image + 1 - departures)
            word += 1
            if word == words:
                image, word = image + 1, 0
        changed = _edge(stages, widths, order, state, valid, ready, tables, tight, most)
        if valid[streams - 1]:
            received += 1
            if received == beats:
                received = 0
                left[departures] = cycle
                departures += 1
                if cycle - entered > due[departures - 1]:
                    break
                # Handshakes depend on states alone while the source has more to give, and on how
                # long it waits until it gives that.
                if images == 0:
                    if paced and image < limit:
                        state[last, 0] = word
                        state[last, 1] = cycle - entered - starts[image]
                    _keep(seen, departures - 1, state)
                    same = _find(seen, departures - 1)
        cycle += 1
        if not (changed or waits):
            break
    for departure in range(departures):
        left[departure] -= entered
    return left[:departures], same, most, crowd


@compiled
def replay(widths, order, tables, streams, beats, words, inside, offered, accepted, tight):
    """Whether a word enters in each cycle, and whether a beat leaves: bool, shape (2, cycles).

    ``offered`` and ``accepted``, bool, shape (cycles,), say whether the source has a word, and
    whether the sink takes a beat. The others are those of :func:`run`, ``tight`` among them, since
    with a constant Numba would compile all that is called once more.
    """
    stages = widths[0]
    state = _reset(stages)
    valid = np.zeros(streams, np.bool_)
    ready = np.zeros(streams, np.bool_)
    most = np.zeros(len(stages), np.int64)
    passed = np.zeros((2, len(offered)), np.bool_)
    entered = left = 0
    for cycle in range(len(offered)):
        full = entered % words == 0 and entered // words - left // beats == inside
        valid[0], ready[streams - 1] = offered[cycle] and not full, accepted[cycle]
        _offer(stages, widths, order, state, valid)
        _accept(stages, widths, order, state, valid, ready, tables, tight)
        passed[0, cycle] = valid[0] and ready[0]
        passed[1, cycle] = valid[streams - 1] and ready[streams - 1]
        entered += passed[0, cycle]
        left += passed[1, cycle]
        _edge(stages, widths, order, state, valid, ready, tables, tight, most)
    return passed


@compiled
def _reset(stages):
    """States before the first word: a row for each stage, and one for the source."""
    state = np.zeros((len(stages) + 1, _STATE), np.int64)
    for s in range(len(stages)):
        if stages[s, KIND] == ARRAY:
            state[s, _AHEAD] = -stages[s, NEEDED]
            state[s, _ROOM] = stages[s, DEPTH] - 1
    return state


# Element by element: Numba takes seconds to compile an assignment to a slice.
@compiled
def _keep(states, index, state):
    """Set one of ``states``."""
    for s in range(len(state)):
        for field in range(_STATE):
            states[index, s, field] = state[s, field]


@compiled
def _find(states, index):
    """Index of the earliest state that is the one at ``index``; −1 if none before it is."""
    for earlier in range(index):
        same = True
        for s in range(states.shape[1]):
            for field in range(_STATE):
                same &= states[earlier, s, field] == states[index, s, field]
        if same:
            return earlier
    return -1


@compiled
def _moves(valid, ready):
    """Whether any beat is transferred."""
    moved = False
    for stream in range(len(valid)):
        moved |= valid[stream] and ready[stream]
    return moved


@compiled
def _offer(stages, widths, order, state, valid):
    """Set ``valid`` of the stages' outputs."""
    for s in range(len(stages)):
        kind, i, o, first = stages[s, KIND], stages[s, INPUT], stages[s, OUTPUT], stages[s, FIRST]
        only = state[s, _ONLY]
        if kind == ARRAY:
            valid[o] = (state[s, _MOVING] >> stages[s, LATENCY]) & 1
        elif kind == PIPE:
            valid[o] = (only >> (first - 1)) & 1
        elif kind == SERIALIZER:
            valid[o] = only != 0
        elif kind == DESERIALIZER:
            valid[o] = only == first
        elif kind == ARGMAX:
            valid[o] = state[s, _FULL] != 0
        elif kind == FORK:
            for n in range(first):
                valid[o + n] = valid[i] and not (only >> n) & 1
        elif kind == FIFO:
            valid[o] = state[s, _LOADED] != 0
        elif kind == ADD:
            valid[o] = valid[i] and valid[first]
        elif kind == SKID:
            valid[o] = valid[i] or only
        elif kind == CONCAT:
            valid[o] = valid[i] if only < stages[s, SECOND] else valid[first]
        elif kind == CROP:
            valid[o] = valid[i] and only < first
        elif kind in (BATCH, TURNS):
            valid[o] = state[s, _LEFT] > 0 and state[s, _WAIT] == 0
        elif kind == PAD:
            before = widths[order[state[s, _NOW]], s, FIRST]
            valid[o] = valid[i] or only >= before + stages[s, SECOND]
        elif kind == UNFOLD:
            valid[o] = state[s, _WAITS] != 0


@compiled
def _accept(stages, widths, order, state, valid, ready, tables, tight):
    """Set ``ready`` of the stages' inputs."""
    for s in range(len(stages) - 1, -1, -1):
        kind, i, o, first = stages[s, KIND], stages[s, INPUT], stages[s, OUTPUT], stages[s, FIRST]
        second, only = stages[s, SECOND], state[s, _ONLY]
        if kind == ARRAY:
            reads = state[s, _READS] or (tight and state[s, _MOVING])
            ready[i] = state[s, _ROOM] >= 0 and not (stages[s, SINGLE] and reads)
        elif kind == PIPE:
            busy = only & ((1 << ((first if tight else second) - 1)) - 1)
            ready[i] = (not valid[o] or ready[o]) and not busy
        elif kind == SERIALIZER:
            ready[i] = only == 0 or (only == 1 and ready[o] and not second)
        elif kind == DESERIALIZER:
            ready[i] = not valid[o] or ready[o]
        elif kind == ARGMAX:
            ready[i] = state[s, _SEEN] != first - 1 or not valid[o] or ready[o]
        elif kind == FORK:
            ready[i] = True
            for n in range(first):
                if not (only >> n) & 1 and not ready[o + n]:
                    ready[i] = False
        elif kind == FIFO:
            ready[i] = state[s, _HELD] < first
        elif kind == ADD:
            ready[i] = ready[o] and valid[first]
            ready[first] = ready[o] and valid[i]
        elif kind == SKID:
            ready[i] = not only
        elif kind == CONCAT:
            ready[i] = ready[o] and only < second
            ready[first] = ready[o] and only >= second
        elif kind == CROP:
            ready[i] = ready[o] or only >= first
        elif kind in (BATCH, TURNS):
            ready[i] = state[s, _CLOSED] == 0
        elif kind == PAD:
            before = widths[order[state[s, _NOW]], s, FIRST]
            ready[i] = ready[o] and before <= only < before + second
        elif kind == UNFOLD:
            ready[i] = tables[second + state[s, _PLACE]] and (not valid[o] or ready[o])


@compiled
def _edge(stages, widths, order, state, valid, ready, tables, tight, most):
    """Let all stages pass a clock edge; whether anything moves."""
    moved = _moves(valid, ready)
    changed = _tick(stages, widths, order, state, valid, ready) or moved
    changed |= _tick_tables(stages, state, valid, ready, tables)
    changed |= _tick_arrays(stages, widths, order, state, valid, ready, tables, tight)
    changed |= _tick_queues(stages, state, valid, ready, most)
    return changed


@compiled
def _tick(stages, widths, order, state, valid, ready):
    """Let small stages pass a clock edge; whether anything but a transfer has happened."""
    changed = False
    for s in range(len(stages)):
        kind, i, o, first = stages[s, KIND], stages[s, INPUT], stages[s, OUTPUT], stages[s, FIRST]
        only = state[s, _ONLY]
        enters = valid[i] and ready[i]
        leaves = valid[o] and ready[o]
        stalls = valid[o] and not ready[o]
        if kind == PIPE and not stalls:
            changed |= only != 0
            state[s, _ONLY] = ((only << 1) | enters) & ((1 << first) - 1)
        elif kind == SERIALIZER:
            if enters:
                state[s, _ONLY] = first
            elif leaves:
                state[s, _ONLY] = only - 1
        elif kind == DESERIALIZER:
            if leaves:
                state[s, _ONLY] = 0
            if enters:
                state[s, _ONLY] += 1
        elif kind == ARGMAX:
            if not stalls:
                state[s, _FULL] = 0
            if enters:
                state[s, _SEEN] += 1
                if state[s, _SEEN] == first:
                    state[s, _SEEN] = 0
                    state[s, _FULL] = 1
        elif kind == FORK:
            for n in range(first):
                if valid[o + n] and ready[o + n]:
                    state[s, _ONLY] |= 1 << n
            if enters:
                state[s, _ONLY] = 0
        elif kind == SKID:
            state[s, _ONLY] = stalls
        elif kind == CONCAT and leaves:
            state[s, _ONLY] = (only + 1) % (stages[s, SECOND] + stages[s, FIRST + 2])
        elif kind == BATCH:
            changed |= _tick_batch(stages[s], widths[:, s, SECOND], order, state[s], enters, leaves)
        elif kind == CROP and enters:
            state[s, _ONLY] = (only + 1) % stages[s, SECOND]
        elif kind == PAD and leaves:
            state[s, _BEAT] = (only + 1) % (first + stages[s, SECOND] + stages[s, FIRST + 2])
            if state[s, _BEAT] == 0:
                state[s, _PIXEL] = (state[s, _PIXEL] + 1) % stages[s, FIRST + 3]
                if state[s, _PIXEL] == 0:
                    state[s, _NOW] = (state[s, _NOW] + 1) % len(order)
    return changed


@compiled
def _tick_batch(stage, cycles, order, state, enters, leaves):
    """Let a BATCH pass a clock edge; whether anything but a transfer has happened."""
    idle, opens = state[_LEFT] == 0, stage[FIRST + 3]
    changed = state[_WAIT] > 0 or state[_CLOSED] > 0
    state[_WAIT] -= state[_WAIT] > 0
    state[_CLOSED] -= state[_CLOSED] > 0
    if leaves:
        state[_LEFT] -= 1
        if state[_LEFT] == 0 and opens == 0:
            state[_CLOSED] = 0
    if enters:
        state[_TAKEN] += 1
        if state[_TAKEN] == stage[FIRST]:
            state[_TAKEN] = 0
            state[_ENTERED] = 1
            state[_CLOSED] = -1
    if state[_ENTERED] and idle:
        state[_ENTERED] = 0
        state[_WAIT] = cycles[order[state[_TURN]]] - 1
        state[_LEFT] = stage[FIRST + 2]
        state[_TURN] = (state[_TURN] + 1) % len(order)
        state[_CLOSED] = opens - 1
        changed = True
    return changed


@compiled
def _tick_tables(stages, state, valid, ready, tables):
    """Let every TURNS pass a clock edge, and every UNFOLD that has its pixel; whether any moves."""
    changed = False
    for s in range(len(stages)):
        i, o, steps, at = stages[s, INPUT], stages[s, OUTPUT], stages[s, FIRST], stages[s, SECOND]
        if stages[s, KIND] == TURNS:
            enters, leaves = valid[i] and ready[i], valid[o] and ready[o]
            changed |= tick_turns(stages[s], tables, state[s], enters, leaves)
        if stages[s, KIND] != UNFOLD:
            continue
        if valid[o] and not ready[o]:
            continue
        place = state[s, _PLACE]
        moves = valid[i] or not tables[at + place]
        state[s, _WAITS] = moves and tables[at + steps + place]
        if moves:
            state[s, _PLACE] = (place + 1) % steps
            changed = True
    return changed


@compiled
def _tick_arrays(stages, widths, order, state, valid, ready, tables, tight):
    """Move every ARRAY on by a tile, if its next window is there; whether that changes any."""
    changed = False
    for s in range(len(stages)):
        if stages[s, KIND] != ARRAY:
            continue
        i, o = stages[s, INPUT], stages[s, OUTPUT]
        enters = valid[i] and ready[i]
        ahead, moving, freed = state[s, _AHEAD], state[s, _MOVING], state[s, _FREED]
        state[s, _AHEAD] += enters
        state[s, _ROOM] -= enters
        if valid[o] and not ready[o]:
            continue
        state[s, _ROOM] += freed
        state[s, _FREED] = 0
        moved = (moving << 1) & ((2 << stages[s, LATENCY]) - 1)
        issue = ahead >= 0 and (not tight or moving == 0 or valid[o])
        state[s, _READS] = issue
        if issue:
            width = order[state[s, _IMAGE]]
            steps, at = stages[s, STEPS], widths[width, s, TABLE]
            moved |= tables[at + 2 * steps + state[s, _TILE]]
            state[s, _TILE] += 1
            if state[s, _TILE] == widths[width, s, TILES]:
                state[s, _TILE] = 0
                state[s, _AHEAD] -= tables[at + state[s, _STEP]]
                state[s, _FREED] = tables[at + steps + state[s, _STEP]]
                state[s, _STEP] = (state[s, _STEP] + 1) % steps
                if state[s, _STEP] == 0:
                    state[s, _IMAGE] = (state[s, _IMAGE] + 1) % len(order)
        state[s, _MOVING] = moved
        changed |= issue or moved != moving or freed > 0
    return changed


@compiled
def _tick_queues(stages, state, valid, ready, most):
    """Move the beats of every FIFO on; whether any has got from one register to the next."""
    changed = False
    for s in range(len(stages)):
        if stages[s, KIND] != FIFO:
            continue
        i, o = stages[s, INPUT], stages[s, OUTPUT]
        enters, leaves = valid[i] and ready[i], valid[o] and ready[o]
        loaded, fetched = state[s, _LOADED], state[s, _FETCHED]
        waits = state[s, _HELD] > loaded + fetched
        load = fetched and (not loaded or leaves)
        state[s, _HELD] += enters
        state[s, _HELD] -= leaves
        state[s, _LOADED] = load or (loaded and not leaves)
        state[s, _FETCHED] = (waits and (not fetched or load)) or (fetched and not load)
        changed |= state[s, _LOADED] != loaded or state[s, _FETCHED] != fetched
        most[s] = max(most[s], state[s, _HELD])
    return changed
