/* Driver of Threefold's accelerators: framed serial line. */
#include "threefold_frames.h"
#include "threefold_registers.h"

#define SLACK 250 /* milliseconds that adapters and operating systems may take */

/* Whether a request is given up; one that is not answered in time is queued once more. */
static int is_given_up(const struct threefold_link *link, struct threefold_slot *slot, uint32_t now)
{
    if (slot->state == THREEFOLD_SENT && now - slot->since > link->timeout)
        slot->state = THREEFOLD_QUEUED;
    return slot->state == THREEFOLD_QUEUED && slot->attempts >= THREEFOLD_ATTEMPTS;
}

static enum threefold_error advance(struct threefold *accelerator)
{
    struct threefold_link *link = &accelerator->at.link;
    enum threefold_error error = threefold_receive(accelerator);
    const uint32_t now = link->serial->milliseconds(link->serial->context);
    uint8_t i;

    if (error)
        return error;
    if (is_given_up(link, &link->access, now))
        return THREEFOLD_NO_ANSWER;
    for (i = 0; i < accelerator->count; i++)
        if (is_given_up(link, threefold_slot(accelerator, i), now))
            return THREEFOLD_NO_ANSWER;
    return threefold_transmit(accelerator, now);
}

/* Access to a register; returns when it is answered. */
static enum threefold_error access_register(struct threefold *accelerator, uint16_t offset,
                                            uint8_t is_write, uint32_t value)
{
    struct threefold_link *link = &accelerator->at.link;
    uint8_t i;

    link->request[0] = (uint8_t)(offset / 4);
    for (i = 0; i < 4; i++)
        link->request[1 + i] = (uint8_t)(value >> (8 * i));
    link->is_write = is_write;
    link->access.sequence++;
    link->access.attempts = 0;
    link->access.state = THREEFOLD_QUEUED;
    while (link->access.state != THREEFOLD_ANSWERED) {
        const enum threefold_error error = advance(accelerator);

        if (error)
            return error;
    }
    link->access.state = THREEFOLD_FREE;
    return THREEFOLD_OK;
}

static enum threefold_error read_register(struct threefold *accelerator, uint16_t offset,
                                          uint32_t *value)
{
    const enum threefold_error error = access_register(accelerator, offset, 0, 0);

    *value = accelerator->at.link.value;
    return error;
}

static enum threefold_error write_register(struct threefold *accelerator, uint16_t offset,
                                           uint32_t value)
{
    return access_register(accelerator, offset, 1, value);
}

static enum threefold_error load(struct threefold *accelerator, const uint8_t *bytes, uint16_t size)
{
    struct threefold_link *link = &accelerator->at.link;
    enum threefold_error error = THREEFOLD_OK;

    link->load = bytes;
    link->load_size = size;
    link->access.sequence++;
    link->access.attempts = 0;
    link->access.state = THREEFOLD_QUEUED;
    while (!error && link->access.state != THREEFOLD_SENT)
        error = advance(accelerator);
    link->load = 0;
    link->access.state = THREEFOLD_FREE; /* it is not answered */
    return error;
}

static void count(const struct threefold *accelerator, struct threefold_counters *counters)
{
    const struct threefold_link *link = &accelerator->at.link;

    counters->refused = link->refused;
    counters->ignored = link->ignored;
    counters->resent = link->resent;
}

/* Milliseconds that the line takes at most for as many images and answers as may be on it. */
static uint32_t line_time(const struct threefold_network *network, uint32_t baud, uint8_t window)
{
    const uint32_t around = HEADER_BYTES + CRC_BYTES + 1; /* a flag, since all else is escaped */
    const uint32_t image = around + (network->narrower != 0) + network->inputs;
    const uint32_t answer = around + network->outputs * output_bytes(network);

    return window * 2 * (image + answer) * 100 / (baud / 100);
}

/* Reads what decides how many images may be unanswered, and for how long. */
static enum threefold_error read_limits(struct threefold *accelerator)
{
    uint32_t window, clock_hz;
    enum threefold_error error = threefold_read(accelerator, THREEFOLD_REG_WINDOW, &window);

    if (!error)
        error = threefold_read(accelerator, THREEFOLD_REG_CLOCK, &clock_hz);
    if (error)
        return error;
    accelerator->window = (uint8_t)(window < THREEFOLD_WINDOW ? window : THREEFOLD_WINDOW);
    if (clock_hz >= 1000)
        accelerator->at.link.timeout +=
            accelerator->window * (accelerator->network->latency / (clock_hz / 1000) + 1);
    return THREEFOLD_OK;
}

enum threefold_error threefold_open_serial(struct threefold *accelerator,
                                           const struct threefold_network *network,
                                           const struct threefold_serial *serial)
{
    static const struct threefold_transport transport = {
        advance, read_register, write_register, load, count};
    struct threefold_link *link = &accelerator->at.link;
    enum threefold_error error;

    *accelerator = (struct threefold){0};
    accelerator->network = network;
    accelerator->transport = &transport;
    link->serial = serial;
    link->sequence = link->access.sequence = serial->session;
    link->sender.since = serial->milliseconds(serial->context);
    link->timeout = SLACK + line_time(network, serial->baud, THREEFOLD_WINDOW);
    threefold_restart(&link->receiver);
    error = threefold_write(accelerator, THREEFOLD_REG_CONTROL,
                            THREEFOLD_CONTROL_RUN | THREEFOLD_CONTROL_RESET);
    if (!error)
        error = threefold_identify(accelerator);
    if (!error)
        error = read_limits(accelerator);
    link->refused = link->ignored = link->resent = 0;
    return error;
}
