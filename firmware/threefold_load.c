/* Driver of Threefold's accelerators: program images, loaded at run time. */
#include "threefold.h"
#include "threefold_registers.h"

enum { PIECE = 256, LEAST = 16, REFUSALS = 2, LOOKS = 64 };

/* What tells that some bytes were damaged on their way, or refused. */
struct marks {
    uint32_t frames_bad, overruns, refused;
};

static enum threefold_error read_marks(struct threefold *accelerator, struct marks *marks)
{
    enum threefold_error error =
        threefold_read(accelerator, THREEFOLD_REG_FRAMES_BAD, &marks->frames_bad);

    if (!error)
        error = threefold_read(accelerator, THREEFOLD_REG_OVERRUNS, &marks->overruns);
    if (!error)
        error = threefold_read(accelerator, THREEFOLD_REG_REFUSED, &marks->refused);
    return error;
}

static int is_damaged(const struct marks *before, const struct marks *after)
{
    return before->frames_bad != after->frames_bad || before->overruns != after->overruns;
}

/* Sends an image once, as far as nothing is wrong. */
static enum threefold_error send(struct threefold *accelerator, const uint8_t *image, uint32_t size,
                                 struct marks *before, struct marks *after)
{
    enum threefold_error error = threefold_write(
        accelerator, THREEFOLD_REG_CONTROL,
        THREEFOLD_CONTROL_RUN | THREEFOLD_CONTROL_RESET | THREEFOLD_CONTROL_LOAD);

    if (!error)
        error = read_marks(accelerator, before);
    *after = *before;
    while (!error && size && !is_damaged(before, after) && before->refused == after->refused) {
        const uint16_t piece = (uint16_t)(size < PIECE ? size : PIECE);

        error = accelerator->transport->load(accelerator, image, piece);
        if (!error)
            error = read_marks(accelerator, after);
        image += piece;
        size -= piece;
    }
    return error;
}

/* Whether an image was taken, whose last bytes may still be on their way. */
static enum threefold_error look(struct threefold *accelerator, uint32_t crc, struct marks *before,
                                 struct marks *after, int *is_taken)
{
    uint32_t status = 0, loaded;
    uint8_t i;
    enum threefold_error error = THREEFOLD_OK;

    *is_taken = 0;
    for (i = 0; i < LOOKS && !error && before->refused == after->refused; i++) {
        error = threefold_read(accelerator, THREEFOLD_REG_STATUS, &status);
        if (error || (status & THREEFOLD_STATUS_LOADED))
            break;
        error = read_marks(accelerator, after);
    }
    if (error || !(status & THREEFOLD_STATUS_LOADED))
        return error;
    error = threefold_read(accelerator, THREEFOLD_REG_LOADED, &loaded);
    *is_taken = !error && loaded == crc;
    return error;
}

enum threefold_error threefold_load(struct threefold *accelerator, const uint8_t *image,
                                    uint32_t size)
{
    uint32_t format, crc;
    uint8_t attempts, refusals = 0;
    enum threefold_error error = threefold_read(accelerator, THREEFOLD_REG_FORMAT, &format);

    if (error)
        return error;
    if (!(format & THREEFOLD_FORMAT_LOADABLE))
        return THREEFOLD_NOT_LOADABLE;
    if (accelerator->count)
        return THREEFOLD_BUSY;
    if (size < LEAST)
        return THREEFOLD_REFUSED;
    crc = image[size - 4] | (uint32_t)image[size - 3] << 8 | (uint32_t)image[size - 2] << 16
          | (uint32_t)image[size - 1] << 24;
    for (attempts = 0; attempts < THREEFOLD_ATTEMPTS && refusals < REFUSALS; attempts++) {
        struct marks before = {0, 0, 0}, after;
        int is_taken = 0;

        error = send(accelerator, image, size, &before, &after);
        if (!error && !is_damaged(&before, &after))
            error = look(accelerator, crc, &before, &after, &is_taken);
        if (!error)
            error = threefold_write(accelerator, THREEFOLD_REG_CONTROL, THREEFOLD_CONTROL_RUN);
        if (error || is_taken)
            return error;
        if (!is_damaged(&before, &after) && before.refused != after.refused)
            refusals++;
    }
    return THREEFOLD_REFUSED;
}
