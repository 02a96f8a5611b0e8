/* Cases of the driver on a bus: bus_cases CASE SEED. */
#include <string.h>

#include "check.h"
#include "threefold.h"

enum { MOST_INPUTS = 301, MOST_OUTPUTS = 40, RING = 8, FIFO = 1 << 12 };

static const struct threefold_network classifier = {0x7E7D1234, 64, 1, 500, 5, 4, 0, 1, 0, 0};
static const struct threefold_network logits = {0x89ABCDEF, 301, 10, 5000, 8, 11, 1, 0, 3, 0};
static const struct threefold_network wide = {0x01234567, 7, 40, 60, 12, 25, 1, 0, 2, 0};

/* Model of the registers, which works on words as they come. */
static struct {
    const struct threefold_network *network;
    uint32_t registers[32];
    uint16_t codes[MOST_INPUTS];
    uint32_t entered;
    uint32_t width;    /* of the image that enters */
    unsigned is_begun; /* whether its width has come */
    int32_t answers[FIFO];
    unsigned head, tail, held; /* answers from head to held can be read */
    uint32_t room;             /* of the FIFO at the input */
    int is_stuck;
    unsigned lost;
} core;

static uint32_t seed;

static uint32_t draw(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

static int32_t output_of(uint32_t width, const uint16_t *codes, uint32_t number)
{
    uint32_t sum = number * 77 + 13 + width * 1001;

    for (uint32_t i = 0; i < core.network->inputs; i++)
        sum = sum * 31 + codes[i];
    return core.network->output_is_signed ? (int32_t)(sum % 2001) - 1000 : (int32_t)(sum % 16);
}

static void take_word(uint32_t word)
{
    const unsigned bits = core.network->input_bits > 8 ? 16 : 8;

    core.lost += !core.room;
    core.room -= core.room != 0;
    if (core.network->narrower && !core.is_begun) {
        core.width = word;
        core.is_begun = 1;
        return;
    }
    for (unsigned lane = 0; lane < 32 / bits && core.entered < core.network->inputs; lane++)
        core.codes[core.entered++] = (uint16_t)(word >> (bits * lane) & ((1u << bits) - 1));
    if (core.entered < core.network->inputs)
        return;
    core.entered = 0;
    core.is_begun = 0;
    for (uint32_t i = 0; i < core.network->outputs; i++)
        core.answers[core.tail++ % FIFO] = output_of(core.width, core.codes, i);
}

static uint32_t read_word(void *context, uint16_t offset)
{
    CHECK(context == &core);
    core.registers[0x30 / 4] += draw() % 20;
    if (offset == 0x50) {
        if (!core.is_stuck && core.held < core.tail)
            core.held += draw() % (core.tail - core.held + 1);
        if (!core.is_stuck)
            core.room = draw() % 20;
        return core.room | (core.held - core.head) << 16;
    }
    if (offset == 0x4C) {
        core.lost += core.head == core.held;
        return (uint32_t)core.answers[core.head++ % FIFO];
    }
    return core.registers[offset / 4];
}

static void write_word(void *context, uint16_t offset, uint32_t value)
{
    CHECK(context == &core);
    if (offset == 0x48)
        take_word(value);
    else if (offset == 0x20 && value == 3)
        core.entered = core.head = core.tail = core.held = core.is_begun = 0;
    else
        core.registers[offset / 4] = value;
}

static const struct threefold_bus bus = {NULL, &core, read_word, write_word};
static struct threefold accelerator;

static void set_up(const struct threefold_network *network)
{
    memset(&core, 0, sizeof(core));
    core.network = network;
    core.registers[0x00 / 4] = 0x54464C44;
    core.registers[0x04 / 4] = 0x00010000;
    core.registers[0x08 / 4] = network->digest;
    core.registers[0x0C / 4] = network->inputs;
    core.registers[0x10 / 4] = network->outputs;
    core.registers[0x14 / 4] = network->input_bits | (uint32_t)network->output_bits << 8
                               | (uint32_t)network->output_is_signed << 16
                               | (uint32_t)network->output_is_class << 17
                               | (uint32_t)network->narrower << 20
                               | (uint32_t)network->batch << 25;
    core.registers[0x30 / 4] = 0xFFFFFF00; /* it wraps soon */
    core.entered = core.tail = core.held = 3; /* of whoever was there before */
}

static void open_core(const struct threefold_network *network)
{
    set_up(network);
    CHECK_EQUAL(threefold_open_bus(&accelerator, network, &bus), THREEFOLD_OK);
    CHECK_EQUAL(threefold_window(&accelerator), THREEFOLD_WINDOW);
}

/* Images through the window, of codes that begin at any byte. */
static void stream(const struct threefold_network *network, unsigned images)
{
    static uint16_t codes[RING][MOST_INPUTS];
    static uint8_t bytes[RING][MOST_INPUTS + 3];
    static int32_t outputs[RING][MOST_OUTPUTS];
    uint8_t widths[RING] = {0};
    unsigned submitted = 0, answered = 0;

    while (answered < images) {
        int32_t *found;

        for (; submitted < images && submitted - answered < THREEFOLD_WINDOW; submitted++) {
            uint16_t *const image = codes[submitted % RING];
            uint8_t *const small = bytes[submitted % RING] + submitted % 4;

            for (uint32_t i = 0; i < network->inputs; i++) {
                image[i] = (uint16_t)(draw() & ((1u << network->input_bits) - 1));
                small[i] = (uint8_t)image[i];
            }
            widths[submitted % RING] = (uint8_t)(draw() % (network->narrower + 1u));
            CHECK_EQUAL(threefold_set_width(&accelerator, widths[submitted % RING]), THREEFOLD_OK);
            CHECK_EQUAL(threefold_submit(&accelerator,
                                         network->input_bits > 8 ? (void *)image : small,
                                         outputs[submitted % RING]),
                        THREEFOLD_OK);
        }
        if (submitted - answered == THREEFOLD_WINDOW)
            CHECK_EQUAL(threefold_submit(&accelerator, NULL, NULL), THREEFOLD_FULL);
        CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
        if (!found)
            continue;
        CHECK(found == outputs[answered % RING]);
        for (uint32_t i = 0; i < network->outputs; i++)
            CHECK_EQUAL(found[i], output_of(widths[answered % RING], codes[answered % RING], i));
        answered++;
    }
    CHECK_EQUAL(core.lost, 0);
    CHECK_EQUAL(core.head, core.tail);
}

static void case_stream(void)
{
    const struct threefold_network *networks[] = {&classifier, &logits, &wide};

    for (int i = 0; i < 3; i++) {
        open_core(networks[i]);
        stream(networks[i], 500);
    }
}

static void case_classify(void)
{
    uint8_t codes[MOST_INPUTS] = {0};
    uint16_t expected[MOST_INPUTS] = {0}, found;

    open_core(&classifier);
    for (int i = 0; i < 20; i++) {
        expected[i] = codes[i] = (uint8_t)(draw() & 31);
        CHECK_EQUAL(threefold_classify(&accelerator, codes, &found), THREEFOLD_OK);
        CHECK_EQUAL(found, output_of(0, expected, 0));
    }
    open_core(&logits);
    CHECK_EQUAL(threefold_classify(&accelerator, codes, &found), THREEFOLD_NO_CLASS);
}

static void case_no_answer(void)
{
    static const uint8_t codes[MOST_INPUTS];
    int32_t outputs[MOST_OUTPUTS], *found;
    uint32_t begun;

    open_core(&logits);
    CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
    core.is_stuck = 1;
    begun = core.registers[0x30 / 4];
    CHECK_EQUAL(threefold_run(&accelerator, codes, outputs), THREEFOLD_NO_ANSWER);
    CHECK(core.registers[0x30 / 4] - begun > logits.latency);
    CHECK(core.registers[0x30 / 4] - begun < logits.latency + 11000);
    core.is_stuck = 0;
    CHECK_EQUAL(threefold_open_bus(&accelerator, &logits, &bus), THREEFOLD_OK);
    stream(&logits, 5);
}

static void case_identity(void)
{
    const struct {
        int word;
        uint32_t flipped;
        enum threefold_error error;
    } others[] = {
        {0x00 / 4, 1, THREEFOLD_NO_DEVICE},
        {0x04 / 4, 1 << 16, THREEFOLD_OTHER_VERSION},
        {0x08 / 4, 1, THREEFOLD_OTHER_NETWORK},
        {0x14 / 4, 1 << 17, THREEFOLD_OTHER_NETWORK},
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        set_up(&logits);
        core.registers[others[i].word] ^= others[i].flipped;
        CHECK_EQUAL(threefold_open_bus(&accelerator, &logits, &bus), others[i].error);
        CHECK_EQUAL(core.head + core.entered, 3); /* what is of others is left alone */
    }
}

static void case_registers(void)
{
    static volatile uint32_t memory[32];
    const struct threefold_bus mapped = {memory, NULL, NULL, NULL};
    struct threefold_counters counters;
    uint32_t value;

    open_core(&logits);
    core.registers[0x34 / 4] = 77;
    core.registers[0x38 / 4] = 66;
    CHECK_EQUAL(threefold_read_counters(&accelerator, &counters), THREEFOLD_OK);
    CHECK_EQUAL(counters.latency, 77);
    CHECK_EQUAL(counters.interval, 66);
    CHECK_EQUAL(counters.resent + counters.refused + counters.ignored, 0);
    CHECK_EQUAL(threefold_write(&accelerator, 0x28, 0xABCD), THREEFOLD_OK);
    CHECK_EQUAL(core.registers[0x28 / 4], 0xABCD);
    for (int i = 0; i < 32; i++)
        memory[i] = core.registers[i];
    CHECK_EQUAL(threefold_open_bus(&accelerator, &logits, &mapped), THREEFOLD_OK);
    CHECK_EQUAL(memory[0x20 / 4], 3);
    CHECK_EQUAL(threefold_read(&accelerator, 0x34, &value), THREEFOLD_OK);
    CHECK_EQUAL(value, 77);
}

static void case_load(void)
{
    static const uint8_t image[40];

    open_core(&logits);
    CHECK_EQUAL(threefold_load(&accelerator, image, sizeof(image)), THREEFOLD_NOT_LOADABLE);
    core.registers[0x14 / 4] |= 1UL << 18;
    CHECK_EQUAL(threefold_load(&accelerator, image, sizeof(image)), THREEFOLD_NO_ANSWER);
    core.registers[0x24 / 4] = 1UL << 4; /* it takes bytes, and nothing comes of them */
    CHECK_EQUAL(threefold_load(&accelerator, image, sizeof(image)), THREEFOLD_REFUSED);
}

int main(int argc, char **argv)
{
#define CASE(name) {#name, case_##name}
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        CASE(stream), CASE(classify), CASE(no_answer), CASE(identity), CASE(registers),
        CASE(load),
    };

    for (size_t i = 0; argc == 3 && i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!strcmp(argv[1], cases[i].name)) {
            seed = (uint32_t)strtoul(argv[2], NULL, 10);
            cases[i].run();
            return 0;
        }
    }
    fprintf(stderr, "there is no such case\n");
    return 2;
}
