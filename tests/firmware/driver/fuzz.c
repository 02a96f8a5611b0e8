/* Fuzz target: bytes of a board that may say anything, against the reference's idea of them.
 *
 * The input is a list of operations: raw bytes; frames that are right, of which a header and a
 * payload are given; answers to images that wait, of which an output is given; time that passes.
 * An answer has to be given back if and only if a right frame of its number came, with its outputs.
 */
#include <string.h>

#include "check.h"
#include "reference.h"
#include "threefold.h"

enum { INPUTS = 3, OUTPUTS = 2, BYTES = 3, CHUNK = 32 };

static const struct threefold_network network = {0x12345678, INPUTS, OUTPUTS, 10, 8, 20, 1, 0, 0, 0};
static struct threefold accelerator;
static uint8_t codes[THREEFOLD_WINDOW][INPUTS]; /* the first tells the image */

/* What the board says, and what of it is read. */
static uint8_t said[1 << 16];
static size_t size, taken;
static uint32_t time_ms;
static struct parser board; /* of what the driver says */
static int is_open;

/* Images in their order, those that were given back, and the answers that came. */
static int32_t outputs[THREEFOLD_WINDOW][OUTPUTS];
static int32_t expected[THREEFOLD_WINDOW][OUTPUTS];
static int is_answered[THREEFOLD_WINDOW];
static uint16_t numbers[THREEFOLD_WINDOW]; /* of their latest frames */
static unsigned given_back;
static struct parser parser;

static void say(uint8_t type, uint16_t number, const uint8_t *payload, size_t length)
{
    if (size + 2 * (length + 9) < sizeof(said))
        size += reference_encode(said + size, type, number, payload, length);
}

/* Register of a board that is as the network says. */
static uint32_t identity(uint8_t word)
{
    switch (word) {
    case 0x00 / 4: return 0x54464C44;
    case 0x04 / 4: return 0x00010000;
    case 0x08 / 4: return 0x12345678;
    case 0x0C / 4: return INPUTS;
    case 0x10 / 4: return OUTPUTS;
    case 0x14 / 4: return 8 | 20 << 8 | 1 << 16;
    case 0x3C / 4: return THREEFOLD_WINDOW;
    default: return 0;
    }
}

static int16_t write_line(void *context, const uint8_t *bytes, int16_t length)
{
    (void)context;
    for (int16_t i = 0; i < length; i++) {
        struct frame frame;

        if (!reference_parse(&board, bytes[i], &frame))
            continue;
        if (is_open) {
            CHECK_EQUAL(frame.type, IMAGE);
            CHECK_EQUAL(frame.size, INPUTS);
            CHECK(!memcmp(frame.payload, codes[frame.payload[0]], INPUTS));
            numbers[frame.payload[0]] = frame.sequence;
        } else {
            const uint32_t value = identity(frame.payload[0]);
            const uint8_t answer[5] = {frame.payload[0], (uint8_t)value, (uint8_t)(value >> 8),
                                       (uint8_t)(value >> 16), (uint8_t)(value >> 24)};

            say(VALUE, frame.sequence, answer, sizeof(answer));
        }
    }
    return length;
}

static int16_t read_line(void *context, uint8_t *bytes, int16_t length)
{
    const size_t count = size - taken < (size_t)length ? size - taken : (size_t)length;

    (void)context;
    memcpy(bytes, said + taken, count);
    taken += count;
    return (int16_t)count;
}

static uint32_t milliseconds(void *context)
{
    (void)context;
    return time_ms;
}

static const struct threefold_serial serial = {
    NULL, write_line, read_line, milliseconds, 115200, 7,
};

static void begin(void)
{
    int32_t *found;

    size = taken = time_ms = given_back = 0;
    board = parser = (struct parser){0};
    memset(is_answered, 0, sizeof(is_answered));
    is_open = 0;
    CHECK_EQUAL(threefold_open_serial(&accelerator, &network, &serial), THREEFOLD_OK);
    CHECK_EQUAL(taken, size);
    is_open = parser.in_frame = 1;
    size = taken = 0;
    for (unsigned i = 0; i < THREEFOLD_WINDOW; i++) {
        memcpy(codes[i], (uint8_t[]){(uint8_t)i, FLAG, ESCAPE}, INPUTS);
        CHECK_EQUAL(threefold_submit(&accelerator, codes[i], outputs[i]), THREEFOLD_OK);
    }
    CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
    CHECK(!found);
}

/* Takes down the first right answer to an image. */
static void expect(const struct frame *frame)
{
    unsigned image = 0;

    while (image < THREEFOLD_WINDOW && (is_answered[image] || numbers[image] != frame->sequence))
        image++;
    if (frame->type != RESULT || frame->size != OUTPUTS * BYTES || image == THREEFOLD_WINDOW)
        return;
    is_answered[image] = 1;
    for (int i = 0; i < OUTPUTS; i++) {
        const uint8_t *bytes = frame->payload + BYTES * i;
        const int32_t value = bytes[0] | bytes[1] << 8 | bytes[2] << 16;

        expected[image][i] = value >= 1 << 23 ? value - (1 << 24) : value;
    }
}

/* Lets the driver read what was said, and compares what it gives back; whether it goes on. */
static int drain(void)
{
    int32_t *found;

    do {
        struct frame frame;

        for (size_t i = taken; i < size && i < taken + CHUNK; i++)
            if (reference_parse(&parser, said[i], &frame))
                expect(&frame);
        if (threefold_poll(&accelerator, &found))
            return 0;
        CHECK_EQUAL(found != NULL, given_back < THREEFOLD_WINDOW && is_answered[given_back]);
        if (found) {
            CHECK(found == outputs[given_back]);
            CHECK(!memcmp(found, expected[given_back], sizeof(expected[0])));
            given_back++;
        }
    } while (found || taken < size);
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t left)
{
    begin();
    while (left >= 4) {
        const uint8_t *const bytes = data + 4;
        const size_t length = data[1] % 16 < left - 4 ? data[1] % 16 : left - 4;
        const unsigned image = data[2] % (THREEFOLD_WINDOW + 1);
        const uint16_t number = image < THREEFOLD_WINDOW ? numbers[image] : 1000; /* of none */
        const uint8_t answer[OUTPUTS * BYTES] = {data[3], data[2], data[1], 1, 0x7E, data[3]};

        switch (data[0] % 4) {
        case 0:
            memcpy(said + size, bytes, length);
            size += length;
            break;
        case 1:
            say(data[3], number, bytes, length);
            break;
        case 2:
            say(RESULT, number, answer, sizeof(answer));
            if (data[0] / 4 % 8 == 7) { /* aborted at its end */
                said[size - 1] = ESCAPE;
                said[size++] = FLAG;
            } else if (size > 8) {
                size -= data[0] / 4 % 8; /* cut short */
            }
            break;
        default:
            time_ms += data[3];
        }
        if (size > sizeof(said) / 2 || (data[0] & 0x80 && !drain()))
            break;
        left -= data[0] % 4 < 2 ? 4 + length : 4;
        data = data[0] % 4 < 2 ? bytes + length : bytes;
    }
    drain();
    return 0;
}
