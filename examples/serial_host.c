/* Host that classifies digits on a board: codes of images from standard input, a byte each.
 *
 *     cc -Iout/digits/firmware -Iout/digits/firmware/driver -o serial_host \
 *         examples/serial_host.c out/digits/firmware/driver/threefold*.c
 *     ./serial_host /dev/ttyUSB1 < codes
 *
 * It prints the class of each image, or its outputs. For Linux and other systems of POSIX; on a
 * microcontroller the three callbacks are those of its UART and timer. Another network has another
 * header, and another rate than NAME_BAUD another constant of termios.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "digits.h"
#include "threefold.h"

static int16_t write_port(void *context, const uint8_t *bytes, int16_t size)
{
    const ssize_t taken = write(*(int *)context, bytes, (size_t)size);

    return taken < 0 && errno == EAGAIN ? 0 : (int16_t)taken;
}

static int16_t read_port(void *context, uint8_t *bytes, int16_t size)
{
    struct pollfd port = {*(int *)context, POLLIN, 0};
    ssize_t count;

    if (poll(&port, 1, 1) == 0) /* for a millisecond at most */
        return 0;
    count = read(port.fd, bytes, (size_t)size);
    return count < 0 && errno == EAGAIN ? 0 : (int16_t)count;
}

static uint32_t milliseconds(void *context)
{
    struct timespec now;

    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000 + (uint32_t)(now.tv_nsec / 1000000);
}

/* Opens a serial port at 115,200 baud, 8 data bits, no parity, 1 stop bit; -1 if it cannot. */
static int open_port(const char *path)
{
    const int port = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    struct termios options;

    if (port < 0 || tcgetattr(port, &options))
        return -1;
    cfmakeraw(&options);
    cfsetspeed(&options, B115200);
    options.c_cflag |= CLOCAL | CREAD;
    options.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
    return tcsetattr(port, TCSANOW, &options) ? -1 : port;
}

int main(int argc, char **argv)
{
    static const struct threefold_network digits = DIGITS_NETWORK;
    static struct threefold accelerator;
    static uint8_t codes[DIGITS_INPUTS];
    static int32_t outputs[DIGITS_OUTPUTS];
    int port = argc == 2 ? open_port(argv[1]) : -1;
    struct threefold_serial serial = {&port, write_port, read_port, milliseconds, DIGITS_BAUD, 0};
    enum threefold_error error;
    size_t size = 0;

    if (port < 0) {
        fprintf(stderr, "usage: serial_host PORT < codes, where PORT can be opened\n");
        return EXIT_FAILURE;
    }
    serial.session = (uint16_t)(milliseconds(NULL) ^ (uint32_t)getpid());
    error = threefold_open_serial(&accelerator, &digits, &serial);
    while (!error && (size = fread(codes, 1, sizeof(codes), stdin)) == sizeof(codes)) {
        error = threefold_run(&accelerator, codes, outputs);
        for (int i = 0; i < DIGITS_OUTPUTS && !error; i++)
            printf("%ld%c", (long)outputs[i], i + 1 < DIGITS_OUTPUTS ? ' ' : '\n');
    }
    close(port);
    if (error)
        fprintf(stderr, "serial_host: %s\n", threefold_text(error));
    else if (size)
        fprintf(stderr, "serial_host: the last image has %d codes of %d\n", (int)size,
                DIGITS_INPUTS);
    else if (fflush(stdout) || ferror(stdout) || ferror(stdin))
        perror("serial_host");
    else
        return EXIT_SUCCESS;
    return EXIT_FAILURE;
}
