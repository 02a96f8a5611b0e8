/* Driver of Threefold's accelerators: registers in memory. */
#include "threefold.h"
#include "threefold_registers.h"

/* Cycles without a word in or out, beyond the latency, after which no answer is expected. */
#define PATIENCE 10000UL

static uint32_t get(const struct threefold_bus *bus, uint16_t offset)
{
    return bus->base ? bus->base[offset / 4] : bus->read(bus->context, offset);
}

static void put(const struct threefold_bus *bus, uint16_t offset, uint32_t value)
{
    if (bus->base)
        bus->base[offset / 4] = value;
    else
        bus->write(bus->context, offset, value);
}

/* Word of DATA_IN: up to so many codes, the first in the lowest bits. */
static uint32_t pack(const void *codes, int is_wide, uint32_t count)
{
    uint32_t word = 0;
    uint8_t i;

    for (i = 0; i < (is_wide ? 2 : 4) && i < count; i++)
        word |= is_wide ? (uint32_t)((const uint16_t *)codes)[i] << (16 * i)
                        : (uint32_t)((const uint8_t *)codes)[i] << (8 * i);
    return word;
}

/* Writes words of codes, of which all are there. */
static void put_words(const struct threefold_bus *bus, const uint8_t *codes, int is_wide,
                      uint32_t words)
{
    const uint8_t *const end = codes + 4 * words;

#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (bus->base && ((uintptr_t)codes & 3) == 0) { /* words in memory are those of the register */
        volatile uint32_t *const data = &bus->base[THREEFOLD_REG_DATA_IN / 4];

        for (; codes != end; codes += 4) {
            uint32_t word;

            __builtin_memcpy(&word, __builtin_assume_aligned(codes, 4), 4);
            *data = word;
        }
    }
#endif
    for (; codes != end; codes += 4)
        put(bus, THREEFOLD_REG_DATA_IN, pack(codes, is_wide, 4));
}

/* Image that enters: the first that is not in as a whole, or NULL. */
static struct threefold_slot *entering(struct threefold *accelerator)
{
    uint8_t i;

    for (i = 0; i < accelerator->count; i++) {
        struct threefold_slot *slot = threefold_slot(accelerator, i);

        if (slot->state == THREEFOLD_QUEUED)
            return slot;
    }
    return 0;
}

/* Writes the word with the width of an image, if it has one and has not begun; whether it did. */
static int begins(struct threefold *accelerator, const struct threefold_slot *slot)
{
    struct threefold_ports *ports = &accelerator->at.ports;

    if (!accelerator->network->narrower || ports->is_begun)
        return 0;
    put(ports->bus, THREEFOLD_REG_DATA_IN, slot->width);
    ports->is_begun = 1;
    return 1;
}

/* Writes codes of images into as many words as there is room for; whether there were any. */
static int enter(struct threefold *accelerator, uint32_t room)
{
    const struct threefold_network *network = accelerator->network;
    struct threefold_ports *ports = &accelerator->at.ports;
    const int is_wide = network->input_bits > 8, shift = is_wide ? 1 : 2; /* codes of a word */
    struct threefold_slot *slot;
    int any = 0;

    while (room && (slot = entering(accelerator))) {
        const uint32_t left = network->inputs - ports->entered;
        const uint8_t *codes = slot->codes + (ports->entered << is_wide);
        uint32_t words = left >> shift;

        any = 1;
        if (begins(accelerator, slot)) {
            room--;
            continue;
        }
        if (!words) {
            put(ports->bus, THREEFOLD_REG_DATA_IN, pack(codes, is_wide, left));
            ports->entered += left;
            room--;
        } else {
            words = words < room ? words : room;
            put_words(ports->bus, codes, is_wide, words);
            ports->entered += words << shift;
            room -= words;
        }
        if (ports->entered == network->inputs) {
            ports->entered = 0;
            ports->is_begun = 0;
            slot->state = THREEFOLD_SENT;
        }
    }
    return any;
}

/* Reads elements that wait into the outputs of the images that they are of. */
static void leave(struct threefold *accelerator, uint32_t waiting)
{
    const uint32_t outputs = accelerator->network->outputs;
    struct threefold_ports *ports = &accelerator->at.ports;
    uint8_t i;

    for (i = 0; i < accelerator->count && waiting; i++) {
        struct threefold_slot *slot = threefold_slot(accelerator, i);

        if (slot->state == THREEFOLD_ANSWERED)
            continue;
        for (; waiting && ports->left < outputs; waiting--)
            slot->outputs[ports->left++] = (int32_t)get(ports->bus, THREEFOLD_REG_DATA_OUT);
        if (ports->left == outputs) {
            ports->left = 0;
            slot->state = THREEFOLD_ANSWERED;
        }
    }
}

static enum threefold_error advance(struct threefold *accelerator)
{
    struct threefold_ports *ports = &accelerator->at.ports;
    const uint32_t levels = get(ports->bus, THREEFOLD_REG_LEVELS);
    const uint32_t waiting = levels >> 16;
    uint32_t now;

    if (waiting)
        leave(accelerator, waiting);
    if (enter(accelerator, levels & 0xFFFF) || waiting || !accelerator->count) {
        ports->is_idle = 0;
        return THREEFOLD_OK;
    }
    now = get(ports->bus, THREEFOLD_REG_CYCLES);
    if (!ports->is_idle) {
        ports->is_idle = 1;
        ports->since = now;
    }
    if ((uint32_t)(now - ports->since) > accelerator->network->latency + PATIENCE)
        return THREEFOLD_NO_ANSWER;
    return THREEFOLD_OK;
}

static enum threefold_error read_register(struct threefold *accelerator, uint16_t offset,
                                          uint32_t *value)
{
    *value = get(accelerator->at.ports.bus, offset);
    return THREEFOLD_OK;
}

static enum threefold_error write_register(struct threefold *accelerator, uint16_t offset,
                                           uint32_t value)
{
    put(accelerator->at.ports.bus, offset, value);
    return THREEFOLD_OK;
}

static enum threefold_error load(struct threefold *accelerator, const uint8_t *bytes, uint16_t size)
{
    const struct threefold_bus *bus = accelerator->at.ports.bus;
    const uint8_t *const end = bytes + size;

    for (; bytes != end; bytes++) {
        uint16_t looks = 0;

        while (!(get(bus, THREEFOLD_REG_STATUS) & THREEFOLD_STATUS_LOAD_READY))
            if (++looks == PATIENCE)
                return THREEFOLD_NO_ANSWER;
        put(bus, THREEFOLD_REG_LOAD, *bytes);
    }
    return THREEFOLD_OK;
}

static void count(const struct threefold *accelerator, struct threefold_counters *counters)
{
    (void)accelerator;
    counters->refused = counters->ignored = counters->resent = 0;
}

enum threefold_error threefold_open_bus(struct threefold *accelerator,
                                        const struct threefold_network *network,
                                        const struct threefold_bus *bus)
{
    static const struct threefold_transport transport = {
        advance, read_register, write_register, load, count};
    enum threefold_error error;

    *accelerator = (struct threefold){0};
    accelerator->network = network;
    accelerator->transport = &transport;
    accelerator->at.ports.bus = bus;
    error = threefold_identify(accelerator);
    if (error)
        return error;
    put(bus, THREEFOLD_REG_CONTROL, THREEFOLD_CONTROL_RUN | THREEFOLD_CONTROL_RESET);
    accelerator->window = THREEFOLD_WINDOW;
    return THREEFOLD_OK;
}
