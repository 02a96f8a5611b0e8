/* Inside of struct threefold, which only the driver reads and writes. */
#ifndef THREEFOLD_PRIVATE_H
#define THREEFOLD_PRIVATE_H

#define THREEFOLD_CHUNK 32 /* bytes handed to a serial line at a time */

enum threefold_state {
    THREEFOLD_FREE,
    THREEFOLD_QUEUED,   /* to be sent */
    THREEFOLD_SENDING,  /* some of it is sent */
    THREEFOLD_SENT,     /* to be answered */
    THREEFOLD_ANSWERED  /* to be given back */
};

/* An image, or access to a register, from its request to its answer. */
struct threefold_slot {
    const uint8_t *codes;
    int32_t *outputs;
    uint32_t since;    /* milliseconds when it was sent */
    uint16_t sequence; /* number of its latest frame */
    uint8_t state;
    uint8_t attempts;
    uint8_t width; /* at which the image is computed */
};

/* Frame that is sent: header, payload, CRC. */
struct threefold_sender {
    struct threefold_slot *slot; /* NULL if there is none */
    const uint8_t *payload;
    uint32_t size;     /* bytes of the payload */
    uint32_t position; /* byte of header, payload and CRC that follows */
    uint32_t crc;
    uint8_t header[4];
    uint8_t head; /* bytes of the header */
    uint8_t chunk[THREEFOLD_CHUNK];
    uint8_t filled, taken; /* bytes of the chunk */
    uint32_t since;        /* milliseconds when the line took bytes last */
};

/* Frame that is received; outputs go to where they belong before it is known to be right. */
struct threefold_receiver {
    struct threefold_slot *slot; /* that it answers, or NULL */
    uint32_t size;               /* bytes so far, with the CRC */
    uint32_t expected;           /* bytes of a whole frame with the CRC, 0 if not known */
    uint32_t element;            /* output that the next byte belongs to */
    uint32_t value;              /* its bytes so far */
    uint32_t crc;
    uint8_t place; /* of the next byte in the output */
    uint8_t header[3];
    uint8_t access[5];
    uint8_t escaped;
};

struct threefold_link {
    const struct threefold_serial *serial;
    struct threefold_sender sender;
    struct threefold_receiver receiver;
    struct threefold_slot access; /* to a register */
    uint8_t request[5];           /* number of the register, value */
    uint8_t is_write;
    const uint8_t *load; /* bytes of a program image, which are sent instead; NULL if there are none */
    uint16_t load_size;
    uint32_t value; /* that was answered */
    uint16_t sequence; /* of the next image */
    uint32_t timeout;  /* milliseconds */
    uint32_t refused, ignored, resent;
};

struct threefold_ports {
    const struct threefold_bus *bus;
    uint32_t entered; /* codes of the image that enters */
    uint32_t left;    /* outputs of the answer that leaves */
    uint32_t since;   /* first cycle in which no word moved */
    uint8_t is_idle;  /* whether no word moves */
    uint8_t is_begun; /* whether the word with the width of the image has entered */
};

/* What differs between a serial line and a bus. */
struct threefold_transport {
    enum threefold_error (*advance)(struct threefold *accelerator);
    enum threefold_error (*read)(struct threefold *accelerator, uint16_t offset, uint32_t *value);
    enum threefold_error (*write)(struct threefold *accelerator, uint16_t offset, uint32_t value);
    enum threefold_error (*load)(struct threefold *accelerator, const uint8_t *bytes,
                                 uint16_t size); /* 1 to 256 bytes of a program image */
    void (*count)(const struct threefold *accelerator, struct threefold_counters *counters);
};

struct threefold {
    const struct threefold_network *network;
    const struct threefold_transport *transport;
    struct threefold_slot slots[THREEFOLD_WINDOW]; /* images from first on, in their order */
    uint8_t first, count;                          /* a ring: those that are not free */
    uint8_t window;
    uint8_t width; /* of images that are submitted */
    union {
        struct threefold_link link;
        struct threefold_ports ports;
    } at;
};

/* Slot of an image by its place among those that are not free, the oldest being 0. */
static inline struct threefold_slot *threefold_slot(struct threefold *accelerator, uint8_t place)
{
    return &accelerator->slots[(accelerator->first + place) % THREEFOLD_WINDOW];
}

/* Compares what answers with the network that is expected. */
enum threefold_error threefold_identify(struct threefold *accelerator);

#endif
