/* Cases of the driver behind a serial line: serial_cases CASE SEED. */
#include <string.h>

#include "board.h"
#include "check.h"

enum { MOST_INPUTS = 300, MOST_OUTPUTS = 40, RING = 8 };

static const struct threefold_network classifier = {0x7E7D1234, 64, 1, 500, 5, 4, 0, 1, 0, 0};
static const struct threefold_network logits = {0x89ABCDEF, 300, 10, 5000, 8, 11, 1, 0, 0, 0};
static const struct threefold_network pairs = {0x01234567, 30, 10, 900, 8, 11, 1, 0, 0, 1};
static const struct threefold_network map = {0x00000000, 7, 40, 60, 2, 25, 1, 0, 2, 0};

static struct board board;
static struct threefold accelerator;

static void draw(const struct threefold_network *network, uint8_t *codes)
{
    const uint32_t mask = (1u << network->input_bits) - 1;

    for (uint32_t i = 0; i < network->inputs; i++) {
        const uint32_t number = board_random(&board);

        /* Flags and escapes, which are rare in random bytes, are not rare here. */
        codes[i] = (uint8_t)((number & 0x300 ? number : 0x7D + (number & 1)) & mask);
    }
}

static void open_board(const struct threefold_network *network, uint64_t seed)
{
    board_init(&board, network, seed);
    CHECK_EQUAL(threefold_open_serial(&accelerator, network, &board.serial), THREEFOLD_OK);
    CHECK_EQUAL(threefold_window(&accelerator), WINDOW);
}

/* Runs images through the window, and compares all answers, which come in order. */
static void stream(const struct threefold_network *network, unsigned images)
{
    static uint8_t codes[RING][MOST_INPUTS];
    static int32_t outputs[RING][MOST_OUTPUTS];
    uint8_t widths[RING] = {0};
    unsigned submitted = 0, answered = 0;

    while (answered < images) {
        int32_t *found, expected[MOST_OUTPUTS];
        enum threefold_error error = THREEFOLD_OK;

        while (submitted < images && !error) {
            uint8_t *const width = &widths[submitted % RING];

            if (submitted - answered < RING) {
                draw(network, codes[submitted % RING]);
                *width = (uint8_t)(board_random(&board) % (network->narrower + 1u));
            }
            CHECK_EQUAL(threefold_set_width(&accelerator, *width), THREEFOLD_OK);
            error = threefold_submit(&accelerator, codes[submitted % RING],
                                     outputs[submitted % RING]);
            submitted += !error;
        }
        CHECK_EQUAL(submitted - answered, images - answered < WINDOW ? images - answered : WINDOW);
        CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
        if (!found)
            continue;
        CHECK(found == outputs[answered % RING]);
        board_answer(network, widths[answered % RING], codes[answered % RING], expected);
        CHECK(!memcmp(found, expected, network->outputs * sizeof(*found)));
        memset(codes[answered % RING], 0xEE, MOST_INPUTS); /* they are the caller's again */
        answered++;
    }
}

static void run_images(const struct threefold_network *network, uint64_t seed)
{
    uint8_t codes[MOST_INPUTS];
    int32_t outputs[MOST_OUTPUTS], expected[MOST_OUTPUTS];

    open_board(network, seed);
    for (int i = 0; i < 50; i++) {
        draw(network, codes);
        CHECK_EQUAL(threefold_run(&accelerator, codes, outputs), THREEFOLD_OK);
        board_answer(network, 0, codes, expected);
        CHECK(!memcmp(outputs, expected, network->outputs * sizeof(*outputs)));
    }
}

static void case_run(uint64_t seed)
{
    run_images(&logits, seed);
}

static void case_run_in_batches(uint64_t seed)
{
    uint8_t codes[4][MOST_INPUTS];
    int32_t outputs[4][MOST_OUTPUTS], *found;

    run_images(&pairs, seed);
    for (int i = 0; i < 4; i++)
        draw(&pairs, codes[i]);
    CHECK_EQUAL(threefold_submit(&accelerator, codes[0], outputs[0]), THREEFOLD_OK);
    CHECK_EQUAL(threefold_submit(&accelerator, codes[1], outputs[1]), THREEFOLD_OK);
    CHECK_EQUAL(threefold_run(&accelerator, codes[2], outputs[2]), THREEFOLD_FULL);
    for (int i = 0; i < 2; i++) {
        do
            CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
        while (!found);
        CHECK(found == outputs[i]);
    }
    CHECK_EQUAL(threefold_run(&accelerator, codes[3], outputs[3]), THREEFOLD_OK);
}

static void case_classify(uint64_t seed)
{
    uint8_t codes[MOST_INPUTS];
    int32_t expected;
    uint16_t found;

    open_board(&classifier, seed);
    for (int i = 0; i < 50; i++) {
        draw(&classifier, codes);
        CHECK_EQUAL(threefold_classify(&accelerator, codes, &found), THREEFOLD_OK);
        board_answer(&classifier, 0, codes, &expected);
        CHECK_EQUAL(found, expected);
    }
    open_board(&logits, seed);
    CHECK_EQUAL(threefold_classify(&accelerator, codes, &found), THREEFOLD_NO_CLASS);
}

static void case_run_behind_others(uint64_t seed)
{
    uint8_t codes[WINDOW][MOST_INPUTS];
    int32_t outputs[WINDOW][MOST_OUTPUTS], expected[MOST_OUTPUTS], *found;

    open_board(&map, seed);
    for (int i = 0; i < WINDOW; i++)
        draw(&map, codes[i]);
    CHECK_EQUAL(threefold_submit(&accelerator, codes[0], outputs[0]), THREEFOLD_OK);
    CHECK_EQUAL(threefold_submit(&accelerator, codes[1], outputs[1]), THREEFOLD_OK);
    CHECK_EQUAL(threefold_run(&accelerator, codes[2], outputs[2]), THREEFOLD_OK);
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
        CHECK(found == outputs[i]);
    }
    CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
    CHECK(!found);
    for (int i = 0; i < WINDOW; i++) {
        board_answer(&map, 0, codes[i], expected);
        CHECK(!memcmp(outputs[i], expected, sizeof(expected)));
    }
}

static void case_widths(uint64_t seed)
{
    uint8_t codes[MOST_INPUTS];
    int32_t outputs[MOST_OUTPUTS], expected[MOST_OUTPUTS];

    for (uint8_t width = 0; width <= map.narrower; width++) {
        open_board(&map, seed);
        draw(&map, codes);
        CHECK_EQUAL(threefold_set_width(&accelerator, width), THREEFOLD_OK);
        CHECK_EQUAL(threefold_set_width(&accelerator, map.narrower + 1), THREEFOLD_NO_WIDTH);
        CHECK_EQUAL(threefold_run(&accelerator, codes, outputs), THREEFOLD_OK);
        board_answer(&map, width, codes, expected);
        CHECK(!memcmp(outputs, expected, sizeof(expected)));
    }
    open_board(&logits, seed);
    CHECK_EQUAL(threefold_set_width(&accelerator, 1), THREEFOLD_NO_WIDTH);
}

static void case_stream(uint64_t seed)
{
    const struct threefold_network *networks[] = {&classifier, &logits, &map};

    for (int i = 0; i < 3; i++) {
        struct threefold_counters counters;

        open_board(networks[i], seed + (uint64_t)i);
        stream(networks[i], 300);
        CHECK_EQUAL(threefold_read_counters(&accelerator, &counters), THREEFOLD_OK);
        CHECK_EQUAL(counters.images, 300);
        CHECK_EQUAL(counters.clock_hz, CLOCK_HZ);
        CHECK(counters.cycles > 0);
        CHECK_EQUAL(counters.frames_bad, 0);
        CHECK_EQUAL(counters.refused, 0);
        CHECK_EQUAL(counters.ignored, 0);
        CHECK_EQUAL(counters.resent, 0);
    }
}

/* A line with faults of every kind: every answer is right, and none is missing. */
static void case_faults(uint64_t seed)
{
    const struct threefold_network *network = seed % 2 ? &classifier : &map;
    const uint32_t often = 1u << 20, seldom = 1u << 15; /* of 2^32 */
    struct threefold_counters counters;

    open_board(network, seed);
    board.faults = (struct faults){often, often, often, often, seldom, seldom, seldom};
    stream(network, 3000);
    CHECK_EQUAL(threefold_read_counters(&accelerator, &counters), THREEFOLD_OK);
    CHECK(board.injected > 50);
    CHECK(counters.resent > 20);
    CHECK(counters.refused > 10);
    printf("%llu faults, %lu resent, %lu refused, %lu ignored\n",
           (unsigned long long)board.injected, (unsigned long)counters.resent,
           (unsigned long)counters.refused, (unsigned long)counters.ignored);
}

/* An image that is lost is sent again once a later one is answered, not after a time. */
static void case_gap(uint64_t seed)
{
    uint8_t codes[WINDOW][MOST_INPUTS];
    int32_t outputs[WINDOW][MOST_OUTPUTS], *found;
    unsigned answered = 0;
    uint64_t begun;

    open_board(&map, seed);
    begun = board.time;
    for (int i = 0; i < WINDOW; i++) {
        draw(&map, codes[i]);
        CHECK_EQUAL(threefold_submit(&accelerator, codes[i], outputs[i]), THREEFOLD_OK);
    }
    board.faults.flip = UINT32_MAX; /* all bytes until the first image has left */
    while (accelerator.slots[0].state != THREEFOLD_SENT)
        CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
    board.faults.flip = 0;
    while (answered < WINDOW) {
        CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
        answered += found != NULL;
    }
    CHECK(accelerator.at.link.resent > 0);
    CHECK((board.time - begun) / 11 < 250);
}

/* An image whose answer is damaged is sent again at once. */
static void case_damaged_answer(uint64_t seed)
{
    uint8_t codes[MOST_INPUTS];
    int32_t outputs[MOST_OUTPUTS], *found;
    uint64_t begun;

    open_board(&map, seed);
    draw(&map, codes);
    begun = board.time;
    CHECK_EQUAL(threefold_submit(&accelerator, codes, outputs), THREEFOLD_OK);
    while (board.to_host.tail - board.to_host.head < 20)
        CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
    board.to_host.bytes[(board.to_host.head + 15) % LINE_MOST] ^= 0x80;
    do
        CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
    while (!found);
    CHECK_EQUAL(accelerator.at.link.resent, 1);
    CHECK_EQUAL(accelerator.at.link.refused, 1);
    CHECK((board.time - begun) / 11 < 250);
}

/* A session after one that was left in the middle, with images of that on their way. */
static void case_open_again(uint64_t seed)
{
    uint8_t codes[MOST_INPUTS];
    int32_t outputs[MOST_OUTPUTS], *found;

    open_board(&map, seed);
    for (int i = 0; i < 40; i++) {
        for (uint32_t polls = board_random(&board) % 60; polls; polls--) {
            draw(&map, codes);
            threefold_submit(&accelerator, codes, outputs);
            CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
        }
        board.serial.session = (uint16_t)board_random(&board);
        CHECK_EQUAL(threefold_open_serial(&accelerator, &map, &board.serial), THREEFOLD_OK);
        stream(&map, 3);
    }
}

static void case_no_answer(uint64_t seed)
{
    uint8_t codes[MOST_INPUTS];
    int32_t outputs[MOST_OUTPUTS];

    open_board(&logits, seed);
    draw(&logits, codes);
    board.dead_until = UINT64_MAX;
    CHECK_EQUAL(threefold_run(&accelerator, codes, outputs), THREEFOLD_NO_ANSWER);
    /* Each attempt takes 250 ms, and the longest time that the window takes on the line. */
    CHECK(board.time < THREEFOLD_ATTEMPTS * (250 + 300) * 11);
    CHECK_EQUAL(threefold_open_serial(&accelerator, &logits, &board.serial), THREEFOLD_NO_ANSWER);
    board.dead_until = 0;
    CHECK_EQUAL(threefold_open_serial(&accelerator, &logits, &board.serial), THREEFOLD_OK);
    CHECK_EQUAL(threefold_run(&accelerator, codes, outputs), THREEFOLD_OK);
}

static void case_line_takes_nothing(uint64_t seed)
{
    uint8_t codes[MOST_INPUTS];
    int32_t outputs[MOST_OUTPUTS];

    open_board(&logits, seed);
    draw(&logits, codes);
    board.stalled_until = UINT64_MAX;
    CHECK_EQUAL(threefold_run(&accelerator, codes, outputs), THREEFOLD_NO_ANSWER);
    CHECK(board.time < THREEFOLD_ATTEMPTS * (250 + 300) * 11);
}

static void case_slow_line(uint64_t seed)
{
    struct threefold_counters counters;

    board_init(&board, &logits, seed);
    board.serial.baud = 9600;
    CHECK_EQUAL(threefold_open_serial(&accelerator, &logits, &board.serial), THREEFOLD_OK);
    stream(&logits, 20);
    CHECK_EQUAL(threefold_read_counters(&accelerator, &counters), THREEFOLD_OK);
    CHECK_EQUAL(counters.resent, 0);
}

static void case_transport(uint64_t seed)
{
    int32_t *found;
    uint32_t value;

    open_board(&logits, seed);
    board.read_error = 1;
    CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_TRANSPORT);
    board.read_error = 0;
    board.write_error = 1;
    CHECK_EQUAL(threefold_read(&accelerator, 0, &value), THREEFOLD_TRANSPORT);
    CHECK_EQUAL(threefold_open_serial(&accelerator, &logits, &board.serial), THREEFOLD_TRANSPORT);
}

static void case_identity(uint64_t seed)
{
    const struct {
        int word;
        uint32_t flipped;
        enum threefold_error error;
    } others[] = {
        {0x00 / 4, 1, THREEFOLD_NO_DEVICE},          {0x04 / 4, 1, THREEFOLD_OK},
        {0x04 / 4, 1 << 16, THREEFOLD_OTHER_VERSION}, {0x08 / 4, 1, THREEFOLD_OTHER_NETWORK},
        {0x0C / 4, 1, THREEFOLD_OTHER_NETWORK},      {0x10 / 4, 1, THREEFOLD_OTHER_NETWORK},
        {0x14 / 4, 1 << 16, THREEFOLD_OTHER_NETWORK}, {0x18 / 4, 1, THREEFOLD_OK},
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        board_init(&board, &logits, seed);
        board.registers[others[i].word] ^= others[i].flipped;
        CHECK_EQUAL(threefold_open_serial(&accelerator, &logits, &board.serial), others[i].error);
    }
}

static void case_window_of_the_board(uint64_t seed)
{
    const struct {
        uint32_t board, expected;
    } windows[] = {{1, 1}, {3, 3}, {1000, THREEFOLD_WINDOW}};

    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        board_init(&board, &logits, seed);
        board.registers[0x3C / 4] = windows[i].board;
        CHECK_EQUAL(threefold_open_serial(&accelerator, &logits, &board.serial), THREEFOLD_OK);
        CHECK_EQUAL(threefold_window(&accelerator), windows[i].expected);
    }
}

static void case_registers(uint64_t seed)
{
    const uint8_t other[5] = {0x24 / 4, 1, 2, 3, 4};
    uint32_t value;
    size_t size;

    open_board(&logits, seed);
    board.registers[0x28 / 4] = 0xFE7D7E80;
    /* The answer to a request of the same number before, for another register. */
    for (int i = 0; i < 20; i++)
        board.to_host.bytes[board.to_host.tail++ % LINE_MOST] = FLAG;
    size = reference_encode(board.to_host.bytes + board.to_host.tail % LINE_MOST, VALUE,
                            (uint16_t)(accelerator.at.link.access.sequence + 1), other, 5);
    board.to_host.tail += (unsigned)size;
    board.stalled_until = board.time + 200;
    CHECK_EQUAL(threefold_read(&accelerator, 0x28, &value), THREEFOLD_OK);
    CHECK_EQUAL(value, 0xFE7D7E80);
    CHECK_EQUAL(threefold_write(&accelerator, 0x28, 0x7E7D0080), THREEFOLD_OK);
    CHECK_EQUAL(board.written[0x28 / 4], 0x7E7D0080);
}

static void case_texts(uint64_t seed)
{
    for (int error = 0; error <= THREEFOLD_NO_WIDTH; error++) {
        CHECK(strcmp(threefold_text((enum threefold_error)error), "unknown error"));
        puts(threefold_text((enum threefold_error)error));
    }
    CHECK(!strcmp(threefold_text((enum threefold_error)(100 + (int)(seed & 1))), "unknown error"));
}

/* What cannot be loaded; hardware that can is simulated elsewhere. */
static void case_load(uint64_t seed)
{
    static const uint8_t image[700] = {FLAG, ESCAPE};
    uint8_t codes[MOST_INPUTS] = {0};
    int32_t outputs[MOST_OUTPUTS], *found = NULL;

    open_board(&logits, seed);
    CHECK_EQUAL(threefold_load(&accelerator, image, sizeof(image)), THREEFOLD_NOT_LOADABLE);
    board.registers[0x14 / 4] |= 1UL << 18;
    CHECK_EQUAL(threefold_load(&accelerator, image, 15), THREEFOLD_REFUSED);
    CHECK_EQUAL(board.parser.refused, 0);
    CHECK_EQUAL(threefold_submit(&accelerator, codes, outputs), THREEFOLD_OK);
    CHECK_EQUAL(threefold_load(&accelerator, image, sizeof(image)), THREEFOLD_BUSY);
    while (!found)
        CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
    CHECK_EQUAL(board.parser.refused, 0);
    /* A frame that is refused ends an attempt. */
    CHECK_EQUAL(threefold_load(&accelerator, image, sizeof(image)), THREEFOLD_REFUSED);
    CHECK_EQUAL(board.parser.refused, THREEFOLD_ATTEMPTS);
    CHECK_EQUAL(board.written[0x20 / 4], 1);
    CHECK_EQUAL(threefold_run(&accelerator, codes, outputs), THREEFOLD_OK);
}

int main(int argc, char **argv)
{
#define CASE(name) {#name, case_##name}
    static const struct {
        const char *name;
        void (*run)(uint64_t seed);
    } cases[] = {
        CASE(run),        CASE(classify),   CASE(run_behind_others),   CASE(stream),
        CASE(faults),     CASE(open_again), CASE(no_answer),           CASE(line_takes_nothing),
        CASE(slow_line),  CASE(transport),  CASE(identity),            CASE(window_of_the_board),
        CASE(registers),  CASE(gap),        CASE(damaged_answer),      CASE(texts),
        CASE(load),       CASE(widths),     CASE(run_in_batches),
    };

    for (size_t i = 0; argc == 3 && i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!strcmp(argv[1], cases[i].name)) {
            cases[i].run(strtoull(argv[2], NULL, 10));
            return 0;
        }
    }
    fprintf(stderr, "there is no such case\n");
    return 2;
}
