/* Driver with simulated hardware: simulated IMAGES SEED [PROGRAM...] < codes.
 *
 * Reads codes of images, a byte each, and prints the outputs of each image in a line; then the
 * counters. Images take the widths of the network in turn. With a seed other than 0 the line is faulty. Program images in files are loaded before,
 * one after the other.
 */
#include "simulated.h"

#include "check.h"

static const struct threefold_network network = NETWORK;
static struct threefold accelerator;

static void load(const char *path)
{
    FILE *const file = fopen(path, "rb");
    static uint8_t image[1 << 16];
    size_t size;

    CHECK(file);
    size = fread(image, 1, sizeof(image), file);
    CHECK(feof(file));
    fclose(file);
    CHECK_EQUAL(threefold_load(&accelerator, image, (uint32_t)size), THREEFOLD_OK);
}

int main(int argc, char **argv)
{
    const unsigned images = argc >= 3 ? (unsigned)atoi(argv[1]) : 0;
    uint8_t *const codes = malloc((size_t)images * network.inputs);
    int32_t *const outputs = malloc((size_t)images * network.outputs * sizeof(int32_t));
    unsigned submitted = 0, answered = 0;
    struct threefold_counters counters;

    CHECK_EQUAL(fread(codes, network.inputs, images, stdin), images);
    CHECK_EQUAL(simulated_open(&accelerator, &network, (unsigned)atoi(argv[2])), THREEFOLD_OK);
    for (int i = 3; i < argc; i++)
        load(argv[i]);
    while (answered < images) {
        int32_t *found;

        for (; submitted < images; submitted++) {
            const uint8_t width = (uint8_t)(submitted % (network.narrower + 1u));

            CHECK_EQUAL(threefold_set_width(&accelerator, width), THREEFOLD_OK);
            if (threefold_submit(&accelerator, codes + (size_t)submitted * network.inputs,
                                 outputs + (size_t)submitted * network.outputs))
                break;
        }
        CHECK_EQUAL(threefold_poll(&accelerator, &found), THREEFOLD_OK);
        answered += found != NULL;
    }
    simulated_calm();
    CHECK_EQUAL(threefold_read_counters(&accelerator, &counters), THREEFOLD_OK);
    for (unsigned i = 0; i < images * network.outputs; i++)
        printf("%ld%c", (long)outputs[i], (i + 1) % network.outputs ? ' ' : '\n');
    printf("%lu %lu %lu %lu %lu %lu\n", (unsigned long)counters.images,
           (unsigned long)counters.latency, (unsigned long)counters.interval,
           (unsigned long)counters.frames_bad, (unsigned long)counters.refused,
           (unsigned long)counters.resent);
    free(codes);
    free(outputs);
    return 0;
}
