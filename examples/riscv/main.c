/* Program that classifies images on a bare processor: images.h has them, and the network.
 *
 * It prints a class and the processor's cycles for each image; then, for all of them with several
 * on their way, the cycles; last the accelerator's own cycles of latency and interval.
 */
#include "threefold.h"

#include "images.h"

#define CONSOLE (*(volatile uint32_t *)0x20000000)

static const struct threefold_network network = NETWORK;
static const struct threefold_bus bus = {(volatile uint32_t *)0x10000000, 0, 0, 0};

static uint32_t cycles(void)
{
    uint32_t now;

    __asm__ volatile("rdcycle %0" : "=r"(now));
    return now;
}

/* One image after the other. */
static enum threefold_error classify_each(struct threefold *accelerator)
{
    int i;

    for (i = 0; i < IMAGES; i++) {
        const uint32_t begun = cycles();
        uint16_t found;
        const enum threefold_error error = threefold_classify(accelerator, images[i], &found);
        const uint32_t taken = cycles() - begun;

        if (error)
            return error;
        CONSOLE = found;
        CONSOLE = taken;
    }
    return THREEFOLD_OK;
}

/* All images, the next ones while the accelerator works on those before. */
static enum threefold_error classify_all(struct threefold *accelerator)
{
    static int32_t outputs[IMAGES];
    const uint32_t begun = cycles();
    int submitted = 0, answered = 0;

    while (answered < IMAGES) {
        enum threefold_error error = THREEFOLD_OK;
        int32_t *found;

        while (submitted < IMAGES && !error) {
            error = threefold_submit(accelerator, images[submitted], &outputs[submitted]);
            submitted += !error;
        }
        error = threefold_poll(accelerator, &found);
        if (error)
            return error;
        answered += found != 0;
    }
    CONSOLE = cycles() - begun;
    for (answered = 0; answered < IMAGES; answered++)
        CONSOLE = (uint32_t)outputs[answered];
    return THREEFOLD_OK;
}

int main(void)
{
    static struct threefold accelerator;
    struct threefold_counters counters = {0};
    enum threefold_error error = threefold_open_bus(&accelerator, &network, &bus);

    if (!error)
        error = classify_each(&accelerator);
    if (!error)
        error = threefold_read_counters(&accelerator, &counters);
    CONSOLE = counters.latency;
    if (!error)
        error = classify_all(&accelerator);
    if (!error)
        error = threefold_read_counters(&accelerator, &counters);
    CONSOLE = counters.interval;
    CONSOLE = error;
    return 0;
}
