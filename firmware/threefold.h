/* Driver of Threefold's accelerators, for C11 and C++, on machines of 8 bits and more.
 *
 * An accelerator is reached through a serial line or through registers in memory, by callbacks
 * that the caller provides. Nothing is allocated: a struct threefold is all the memory there is.
 * Sources: threefold.c, and threefold_serial.c with threefold_frames.c, or threefold_bus.c; for
 * accelerators that are loaded at run time threefold_load.c.
 *
 *     static const struct threefold_network digits = DIGITS_NETWORK;  // from digits.h
 *     struct threefold accelerator;
 *     uint16_t found;
 *
 *     error = threefold_open_serial(&accelerator, &digits, &line);
 *     if (!error)
 *         error = threefold_classify(&accelerator, codes, &found);
 *     if (error)
 *         puts(threefold_text(error));
 */
#ifndef THREEFOLD_H
#define THREEFOLD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Most images that the driver keeps unanswered; each takes some 24 bytes. The board's own limit
 * holds as well.
 */
#ifndef THREEFOLD_WINDOW
#define THREEFOLD_WINDOW 4
#endif

/* Times that a frame is sent before it is given up. */
#ifndef THREEFOLD_ATTEMPTS
#define THREEFOLD_ATTEMPTS 8
#endif

/* What a function says; threefold_text() has it in words. */
enum threefold_error {
    THREEFOLD_OK,
    THREEFOLD_FULL,          /* as many images as the window allows are unanswered: poll first */
    THREEFOLD_TRANSPORT,     /* a callback reported an error */
    THREEFOLD_NO_ANSWER,     /* nothing answers in time: open again */
    THREEFOLD_NO_DEVICE,     /* what answers is no accelerator */
    THREEFOLD_OTHER_VERSION, /* registers of another major version */
    THREEFOLD_OTHER_NETWORK, /* an accelerator of another network than the header's */
    THREEFOLD_NO_CLASS,      /* the output is not one class */
    THREEFOLD_NOT_LOADABLE,  /* an accelerator that has one network for good */
    THREEFOLD_BUSY,          /* images are unanswered: poll first */
    THREEFOLD_REFUSED,       /* a program image that is damaged, or made for other hardware */
    THREEFOLD_NO_WIDTH       /* a width that the accelerator lacks */
};

/* A network, as the header that is generated with an accelerator has it: NAME_NETWORK. */
struct threefold_network {
    uint32_t digest;          /* first 32 bits of the network's SHA-256 */
    uint32_t inputs;          /* codes of an image, in the order height, width, channel */
    uint32_t outputs;         /* elements of an answer, in the same order */
    uint32_t latency;         /* cycles from the first code in to the last output */
    uint8_t input_bits;       /* bits of a code */
    uint8_t output_bits;      /* bits of an element of the output */
    uint8_t output_is_signed; /* else 0 */
    uint8_t output_is_class;  /* else 0 */
    uint8_t narrower;         /* widths of the network beside the whole */
    uint8_t batch;            /* images that a batch has beside the first */
};

/* A serial line: 8 data bits, no parity, 1 stop bit, no flow control. */
struct threefold_serial {
    void *context; /* handed to the callbacks */

    /* Takes up to size bytes without waiting; returns how many, or a negative number on error. */
    int16_t (*write)(void *context, const uint8_t *bytes, int16_t size);

    /* Gives the bytes that have come, up to size; returns how many, or a negative number on error.
     * It may wait some milliseconds for the first one.
     */
    int16_t (*read)(void *context, uint8_t *bytes, int16_t size);

    /* Milliseconds since any moment; they wrap at 32 bits. */
    uint32_t (*milliseconds)(void *context);

    uint32_t baud;    /* bits a second, at least 100: NAME_BAUD */
    uint16_t session; /* a number unlike that of sessions before, such as a random one */
};

/* Registers in memory. Where base is not NULL the callbacks are not needed. */
struct threefold_bus {
    volatile uint32_t *base;                                        /* first register, or NULL */
    void *context;                                                  /* handed to the callbacks */
    uint32_t (*read)(void *context, uint16_t offset);               /* offsets in bytes */
    void (*write)(void *context, uint16_t offset, uint32_t value);
};

/* Figures of the accelerator since it was opened, and of the link. */
struct threefold_counters {
    uint32_t images;     /* answered */
    uint32_t cycles;     /* of the accelerator's clock, free running */
    uint32_t latency;    /* cycles from the first beat in to the last one out; buses only */
    uint32_t interval;   /* cycles between the last beats of the latest two images; buses only */
    uint32_t clock_hz;   /* 0 if not known */
    uint32_t frames_bad; /* that the board refused; serial lines only, as all that follow */
    uint32_t overruns;   /* bytes that the board lost */
    uint32_t refused;    /* frames that the driver refused */
    uint32_t ignored;    /* right frames that nobody waited for */
    uint32_t resent;     /* frames sent once more */
};

struct threefold;
#include "threefold_private.h"

/* Opens an accelerator: resets it, and compares what it is with the network. The structs behind
 * the pointers must stay until the last call.
 */
enum threefold_error threefold_open_serial(struct threefold *accelerator,
                                           const struct threefold_network *network,
                                           const struct threefold_serial *serial);
enum threefold_error threefold_open_bus(struct threefold *accelerator,
                                        const struct threefold_network *network,
                                        const struct threefold_bus *bus);

/* Outputs of an image; returns when they are there. Codes are an array of uint8_t, one for each
 * input, of uint16_t where input_bits is above 8; outputs has room for one element each. Other
 * images may be unanswered meanwhile, if the window has room. Where the accelerator works on
 * batches, the image is all of one; submit others together.
 */
enum threefold_error threefold_run(struct threefold *accelerator, const void *codes,
                                   int32_t *outputs);

/* Class of an image; returns when it is there. For networks whose output is one class. */
enum threefold_error threefold_classify(struct threefold *accelerator, const void *codes,
                                        uint16_t *found);

/* Takes an image without waiting for its answer. Codes must stay, and outputs belong to the driver,
 * until threefold_poll() gives them back. Where the accelerator works on batches, no image of one
 * is answered before the last has been submitted.
 */
enum threefold_error threefold_submit(struct threefold *accelerator, const void *codes,
                                      int32_t *outputs);

/* Width at which images are computed that are submitted from now on, by its number: 0 is the whole
 * network, as after opening; NAME_WIDTH_... of the header are the others.
 */
enum threefold_error threefold_set_width(struct threefold *accelerator, uint8_t width);

/* Sends and receives what it can, without waiting; to be called often while images are unanswered.
 * Answers come in the order of submission: *answered is then the outputs of the next image, if its
 * answer is complete, else NULL.
 */
enum threefold_error threefold_poll(struct threefold *accelerator, int32_t **answered);

/* Loads a program image, program.bin of a build, into a loadable accelerator in place of what it
 * has; returns when it is there. What a serial line damages is sent again. After an error the
 * accelerator has no network, and answers no image until one is loaded.
 */
enum threefold_error threefold_load(struct threefold *accelerator, const uint8_t *image,
                                    uint32_t size);

/* Images that may be unanswered at a time. */
uint8_t threefold_window(const struct threefold *accelerator);

/* The figures, read from the accelerator. */
enum threefold_error threefold_read_counters(struct threefold *accelerator,
                                             struct threefold_counters *counters);

/* A register, by its offset in bytes. */
enum threefold_error threefold_read(struct threefold *accelerator, uint16_t offset,
                                    uint32_t *value);
enum threefold_error threefold_write(struct threefold *accelerator, uint16_t offset,
                                     uint32_t value);

/* An error in words. */
const char *threefold_text(enum threefold_error error);

#ifdef __cplusplus
}
#endif

#endif
