/* Driver of Threefold's accelerators: frames of the serial line, sent and received. */
#include "threefold_frames.h"

enum { FLAG = 0x7E, ESCAPE = 0x7D, MASK = 0x20 };
enum { IMAGE = 0x01, READ = 0x02, WRITE = 0x03, LOAD = 0x04, RESULT = 0x81, VALUE = 0x82 };

#define CRC_BEGIN 0xFFFFFFFFUL
#define CRC_RIGHT 0xDEBB20E3UL /* after a frame and its CRC */

/* CRC-32 of one more byte, without the inversion at the end. */
static uint32_t crc_of(uint32_t crc, uint8_t byte)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };

    crc = crc >> 4 ^ table[(crc ^ byte) & 15];
    return crc >> 4 ^ table[(crc ^ (uint32_t)(byte >> 4)) & 15];
}

/* -- Sending ----------------------------------------------------------------------------------- */

static void put(struct threefold_sender *sender, uint8_t byte)
{
    sender->chunk[sender->filled++] = byte;
}

/* Begins the frame of a slot: a flag, in front of what follows. */
static void begin(struct threefold *accelerator, struct threefold_slot *slot)
{
    struct threefold_link *link = &accelerator->at.link;
    struct threefold_sender *sender = &link->sender;
    const int is_image = slot != &link->access, is_load = !is_image && link->load;

    if (is_image)
        slot->sequence = link->sequence++; /* another one each time: answers have an order */
    sender->slot = slot;
    sender->head = HEADER_BYTES;
    if (is_load) {
        sender->payload = link->load;
        sender->size = link->load_size;
        sender->header[sender->head++] = (uint8_t)(link->load_size - 1);
    } else {
        if (is_image && accelerator->network->narrower)
            sender->header[sender->head++] = slot->width;
        sender->payload = is_image ? slot->codes : link->request;
        sender->size = is_image ? accelerator->network->inputs : link->is_write ? ACCESS_BYTES : 1;
    }
    sender->header[0] = is_image ? IMAGE : is_load ? LOAD : link->is_write ? WRITE : READ;
    sender->header[1] = (uint8_t)slot->sequence;
    sender->header[2] = (uint8_t)(slot->sequence >> 8);
    sender->position = 0;
    sender->crc = CRC_BEGIN;
    slot->state = THREEFOLD_SENDING;
    if (slot->attempts++)
        link->resent++;
    put(sender, FLAG);
}

/* Next byte of the frame before it is escaped. */
static uint8_t next_byte(struct threefold_sender *sender)
{
    const uint32_t position = sender->position++;
    uint8_t byte;

    if (position >= sender->head + sender->size) {
        byte = (uint8_t)~sender->crc; /* lowest byte first */
        sender->crc >>= 8;
        return byte;
    }
    byte = position < sender->head ? sender->header[position]
                                   : sender->payload[position - sender->head];
    sender->crc = crc_of(sender->crc, byte);
    return byte;
}

/* What is to be sent next: access to a register, or the oldest of the images; NULL if nothing. */
static struct threefold_slot *queued(struct threefold *accelerator)
{
    struct threefold_link *link = &accelerator->at.link;
    uint8_t i;

    if (link->access.state == THREEFOLD_QUEUED)
        return &link->access;
    for (i = 0; i < accelerator->count; i++) {
        struct threefold_slot *slot = threefold_slot(accelerator, i);

        if (slot->state == THREEFOLD_QUEUED)
            return slot;
    }
    return 0;
}

/* Fills the chunk with bytes of one frame; whether there are any. */
static int fill(struct threefold *accelerator, uint32_t now)
{
    struct threefold_sender *sender = &accelerator->at.link.sender;

    sender->filled = sender->taken = 0;
    if (!sender->slot) {
        struct threefold_slot *slot = queued(accelerator);

        if (!slot)
            return 0;
        begin(accelerator, slot);
    }
    while (sender->filled <= THREEFOLD_CHUNK - 2) {
        uint8_t byte;

        if (sender->position == sender->head + sender->size + CRC_BYTES) {
            put(sender, FLAG);
            sender->slot->state = THREEFOLD_SENT;
            sender->slot->since = now;
            sender->slot = 0;
            break;
        }
        byte = next_byte(sender);
        if (byte == FLAG || byte == ESCAPE) {
            put(sender, ESCAPE);
            byte = (uint8_t)(byte ^ MASK);
        }
        put(sender, byte);
    }
    return 1;
}

/* Hands over what the line takes: of the frame that is begun, and of those that are queued. */
enum threefold_error threefold_transmit(struct threefold *accelerator, uint32_t now)
{
    struct threefold_link *link = &accelerator->at.link;
    struct threefold_sender *sender = &link->sender;

    while (sender->taken < sender->filled || fill(accelerator, now)) {
        const int16_t size = (int16_t)(sender->filled - sender->taken);
        const int16_t taken =
            link->serial->write(link->serial->context, sender->chunk + sender->taken, size);

        if (taken < 0 || taken > size)
            return THREEFOLD_TRANSPORT;
        if (taken)
            sender->since = now;
        sender->taken = (uint8_t)(sender->taken + taken);
        if (taken < size)
            return now - sender->since > THREEFOLD_ATTEMPTS * link->timeout ? THREEFOLD_NO_ANSWER
                                                                            : THREEFOLD_OK;
    }
    sender->since = now;
    return THREEFOLD_OK;
}

/* -- Receiving --------------------------------------------------------------------------------- */

void threefold_restart(struct threefold_receiver *receiver)
{
    receiver->slot = 0;
    receiver->size = receiver->expected = 0;
    receiver->element = receiver->value = 0;
    receiver->place = receiver->escaped = 0;
    receiver->crc = CRC_BEGIN;
}

/* Whether a frame answers a request: not while that is sent again, which still reads its codes. */
static int answers(const struct threefold_receiver *receiver, const struct threefold_slot *slot)
{
    const uint16_t sequence =
        (uint16_t)(receiver->header[1] | (uint16_t)receiver->header[2] << 8);

    return slot->sequence == sequence
           && (slot->state == THREEFOLD_SENT
               || (slot->state == THREEFOLD_QUEUED && slot->attempts));
}

/* Finds what a frame answers, once its header is there. */
static void match(struct threefold *accelerator)
{
    struct threefold_link *link = &accelerator->at.link;
    struct threefold_receiver *receiver = &link->receiver;
    const struct threefold_network *network = accelerator->network;
    uint8_t i;

    if (receiver->header[0] == VALUE) {
        receiver->expected = HEADER_BYTES + ACCESS_BYTES + CRC_BYTES;
        if (answers(receiver, &link->access))
            receiver->slot = &link->access;
    } else if (receiver->header[0] == RESULT) {
        receiver->expected = HEADER_BYTES + network->outputs * output_bytes(network) + CRC_BYTES;
        for (i = 0; i < accelerator->count; i++) {
            struct threefold_slot *slot = threefold_slot(accelerator, i);

            if (answers(receiver, slot))
                receiver->slot = slot;
        }
    }
}

/* One more byte of the outputs, which come lowest byte first. */
static void store(struct threefold *accelerator, uint8_t byte)
{
    struct threefold_receiver *receiver = &accelerator->at.link.receiver;
    const struct threefold_network *network = accelerator->network;

    receiver->value |= (uint32_t)byte << (8 * receiver->place);
    if (++receiver->place < output_bytes(network))
        return;
    if (network->output_is_signed && byte >= 0x80 && receiver->place < 4)
        receiver->value |= 0xFFFFFFFFUL << (8 * receiver->place);
    receiver->slot->outputs[receiver->element++] = (int32_t)receiver->value;
    receiver->value = 0;
    receiver->place = 0;
}

/* One more byte of a frame or its CRC. */
static void append(struct threefold *accelerator, uint8_t byte)
{
    struct threefold_link *link = &accelerator->at.link;
    struct threefold_receiver *receiver = &link->receiver;
    const uint32_t position = receiver->size;

    receiver->crc = crc_of(receiver->crc, byte);
    if (receiver->size != 0xFFFFFFFFUL)
        receiver->size++;
    if (position < HEADER_BYTES) {
        receiver->header[position] = byte;
        if (position == HEADER_BYTES - 1)
            match(accelerator);
    } else if (receiver->slot && position < receiver->expected - CRC_BYTES) {
        if (receiver->slot == &link->access)
            receiver->access[position - HEADER_BYTES] = byte;
        else
            store(accelerator, byte);
    }
}

/* An image that was sent as a whole has to be sent again. */
static void lose(struct threefold_slot *slot)
{
    if (slot->state == THREEFOLD_SENT)
        slot->state = THREEFOLD_QUEUED;
}

/* An image is answered: those sent before, and not answered, were lost. */
static void answer(struct threefold *accelerator, struct threefold_slot *slot)
{
    uint8_t i;

    slot->state = THREEFOLD_ANSWERED;
    for (i = 0; i < accelerator->count; i++) {
        struct threefold_slot *other = threefold_slot(accelerator, i);

        if ((uint16_t)(slot->sequence - other->sequence) < 0x8000)
            lose(other);
    }
}

/* Takes the access to a register for answered, if the frame is of that register. */
static void take_value(struct threefold_link *link)
{
    const uint8_t *const bytes = link->receiver.access;

    if (bytes[0] != link->request[0]) {
        link->ignored++;
        return;
    }
    link->value = bytes[1] | (uint32_t)bytes[2] << 8 | (uint32_t)bytes[3] << 16
                  | (uint32_t)bytes[4] << 24;
    link->access.state = THREEFOLD_ANSWERED;
}

/* The end of a frame: what has come is right, or it is dropped. */
static void finish(struct threefold *accelerator)
{
    struct threefold_link *link = &accelerator->at.link;
    struct threefold_receiver *receiver = &link->receiver;
    struct threefold_slot *slot = receiver->slot;

    if (receiver->escaped || receiver->crc != CRC_RIGHT || !receiver->expected
        || receiver->size != receiver->expected) {
        link->refused++;
        if (slot && slot != &link->access)
            lose(slot); /* sent in vain at worst */
    } else if (!slot || !answers(receiver, slot)) {
        link->ignored++;
    } else if (slot == &link->access) {
        take_value(link);
    } else {
        answer(accelerator, slot);
    }
}

static void receive_byte(struct threefold *accelerator, uint8_t byte)
{
    struct threefold_receiver *receiver = &accelerator->at.link.receiver;

    if (byte == FLAG) {
        if (receiver->size || receiver->escaped)
            finish(accelerator);
        threefold_restart(receiver);
    } else if (byte == ESCAPE) {
        receiver->escaped = 1;
    } else {
        append(accelerator, receiver->escaped ? (uint8_t)(byte ^ MASK) : byte);
        receiver->escaped = 0;
    }
}

enum threefold_error threefold_receive(struct threefold *accelerator)
{
    const struct threefold_serial *serial = accelerator->at.link.serial;
    uint8_t bytes[THREEFOLD_CHUNK];
    const int16_t size = serial->read(serial->context, bytes, THREEFOLD_CHUNK);
    int16_t i;

    if (size < 0 || size > THREEFOLD_CHUNK)
        return THREEFOLD_TRANSPORT;
    for (i = 0; i < size; i++)
        receive_byte(accelerator, bytes[i]);
    return THREEFOLD_OK;
}
