/* Driver of Threefold's accelerators: what serial lines and buses share. */
#include "threefold.h"

#include <stddef.h>

#include "threefold_registers.h"

enum threefold_error threefold_identify(struct threefold *accelerator)
{
    const struct threefold_network *network = accelerator->network;
    const uint32_t format = network->input_bits | (uint32_t)network->output_bits << 8
                            | (network->output_is_signed ? 1UL << 16 : 0)
                            | (network->output_is_class ? 1UL << 17 : 0)
                            | (uint32_t)network->narrower << 20
                            | (uint32_t)network->batch << 25;
    const struct {
        uint16_t offset;
        uint16_t error;
        uint32_t mask;
        uint32_t expected;
    } checks[] = {
        {THREEFOLD_REG_ID, THREEFOLD_NO_DEVICE, 0xFFFFFFFF, THREEFOLD_ID_VALUE},
        {THREEFOLD_REG_VERSION, THREEFOLD_OTHER_VERSION, 0xFFFF0000, THREEFOLD_VERSION_VALUE},
        {THREEFOLD_REG_DIGEST, THREEFOLD_OTHER_NETWORK, 0xFFFFFFFF, network->digest},
        {THREEFOLD_REG_INPUTS, THREEFOLD_OTHER_NETWORK, 0xFFFFFFFF, network->inputs},
        {THREEFOLD_REG_OUTPUTS, THREEFOLD_OTHER_NETWORK, 0xFFFFFFFF, network->outputs},
        {THREEFOLD_REG_FORMAT, THREEFOLD_OTHER_NETWORK,
         0xFFFFFFFF ^ THREEFOLD_FORMAT_LOADABLE, format},
    };
    uint8_t i;

    for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        uint32_t value;
        const enum threefold_error error = threefold_read(accelerator, checks[i].offset, &value);

        if (error)
            return error;
        if ((value ^ checks[i].expected) & checks[i].mask)
            return (enum threefold_error)checks[i].error;
    }
    return THREEFOLD_OK;
}

enum threefold_error threefold_submit(struct threefold *accelerator, const void *codes,
                                      int32_t *outputs)
{
    struct threefold_slot *slot;

    if (accelerator->count >= accelerator->window)
        return THREEFOLD_FULL;
    slot = threefold_slot(accelerator, accelerator->count++);
    slot->codes = (const uint8_t *)codes;
    slot->outputs = outputs;
    slot->attempts = 0;
    slot->width = accelerator->width;
    slot->state = THREEFOLD_QUEUED;
    return THREEFOLD_OK;
}

enum threefold_error threefold_set_width(struct threefold *accelerator, uint8_t width)
{
    if (width > accelerator->network->narrower)
        return THREEFOLD_NO_WIDTH;
    accelerator->width = width;
    return THREEFOLD_OK;
}

enum threefold_error threefold_poll(struct threefold *accelerator, int32_t **answered)
{
    const enum threefold_error error = accelerator->transport->advance(accelerator);
    struct threefold_slot *oldest = threefold_slot(accelerator, 0);

    *answered = NULL;
    if (accelerator->count && oldest->state == THREEFOLD_ANSWERED) {
        *answered = oldest->outputs;
        oldest->state = THREEFOLD_FREE;
        accelerator->first = (uint8_t)((accelerator->first + 1) % THREEFOLD_WINDOW);
        accelerator->count--;
        return THREEFOLD_OK; /* an error that lasts is told next time */
    }
    return error;
}

enum threefold_error threefold_run(struct threefold *accelerator, const void *codes,
                                   int32_t *outputs)
{
    /* The image fills a batch, as none of it would be answered otherwise. */
    const uint8_t copies = (uint8_t)(accelerator->network->batch + 1u);
    const uint8_t first = accelerator->count;
    uint8_t i;

    if (first + copies > accelerator->window)
        return THREEFOLD_FULL;
    for (i = 0; i < copies; i++)
        (void)threefold_submit(accelerator, codes, outputs);
    for (i = 0; i < copies; i++) {
        const struct threefold_slot *slot = threefold_slot(accelerator, (uint8_t)(first + i));

        while (slot->state != THREEFOLD_ANSWERED) {
            const enum threefold_error error = accelerator->transport->advance(accelerator);

            if (error)
                return error;
        }
    }
    for (i = 0; i < copies; i++)
        threefold_slot(accelerator, (uint8_t)(first + i))->state = THREEFOLD_FREE;
    accelerator->count = first; /* they are the latest: none is submitted meanwhile */
    return THREEFOLD_OK;
}

enum threefold_error threefold_classify(struct threefold *accelerator, const void *codes,
                                        uint16_t *found)
{
    int32_t output;
    enum threefold_error error;

    if (!accelerator->network->output_is_class || accelerator->network->outputs != 1)
        return THREEFOLD_NO_CLASS;
    error = threefold_run(accelerator, codes, &output);
    if (!error)
        *found = (uint16_t)output;
    return error;
}

enum threefold_error threefold_read(struct threefold *accelerator, uint16_t offset, uint32_t *value)
{
    return accelerator->transport->read(accelerator, offset, value);
}

enum threefold_error threefold_write(struct threefold *accelerator, uint16_t offset,
                                     uint32_t value)
{
    return accelerator->transport->write(accelerator, offset, value);
}

enum threefold_error threefold_read_counters(struct threefold *accelerator,
                                             struct threefold_counters *counters)
{
    const struct {
        uint16_t offset;
        uint32_t *value;
    } figures[] = {
        {THREEFOLD_REG_IMAGES, &counters->images},
        {THREEFOLD_REG_CYCLES, &counters->cycles},
        {THREEFOLD_REG_LATENCY, &counters->latency},
        {THREEFOLD_REG_INTERVAL, &counters->interval},
        {THREEFOLD_REG_CLOCK, &counters->clock_hz},
        {THREEFOLD_REG_FRAMES_BAD, &counters->frames_bad},
        {THREEFOLD_REG_OVERRUNS, &counters->overruns},
    };
    uint8_t i;

    for (i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        const enum threefold_error error =
            threefold_read(accelerator, figures[i].offset, figures[i].value);

        if (error)
            return error;
    }
    accelerator->transport->count(accelerator, counters);
    return THREEFOLD_OK;
}

uint8_t threefold_window(const struct threefold *accelerator)
{
    return accelerator->window;
}

const char *threefold_text(enum threefold_error error)
{
    switch (error) {
    case THREEFOLD_OK:
        return "no error";
    case THREEFOLD_FULL:
        return "as many images as the window allows are unanswered; poll first";
    case THREEFOLD_TRANSPORT:
        return "the serial line reported an error";
    case THREEFOLD_NO_ANSWER:
        return "the accelerator does not answer; open it again";
    case THREEFOLD_NO_DEVICE:
        return "what answers is no accelerator made by Threefold";
    case THREEFOLD_OTHER_VERSION:
        return "the accelerator has registers of another version than the driver";
    case THREEFOLD_OTHER_NETWORK:
        return "the accelerator is of another network than the header";
    case THREEFOLD_NO_CLASS:
        return "the output of the network is not one class; run it instead";
    case THREEFOLD_NOT_LOADABLE:
        return "the accelerator is not loadable: it has one network for good";
    case THREEFOLD_BUSY:
        return "images are unanswered; poll first";
    case THREEFOLD_REFUSED:
        return "the program image is damaged, or was made for other hardware";
    case THREEFOLD_NO_WIDTH:
        return "the accelerator lacks this width; plan with --width";
    }
    return "unknown error";
}
