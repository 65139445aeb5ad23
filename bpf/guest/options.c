/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line, see options.h. The host writes it; it complains of the
 * first thing that is wrong, and reads on.
 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char suffix[] = ".bpf.o";

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static bool
parse_hex(const char *text, uint8_t *bytes, size_t n)
{
    size_t i;
    int high, low;

    if (strlen(text) != 2 * n)
        return false;
    for (i = 0; i < n; i++) {
        high = hex_digit(text[2 * i]);
        low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool
parse_number(const char *text, uint32_t least, uint32_t most, uint32_t *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || value < least || value > most)
        return false;
    *number = (uint32_t)value;
    return true;
}

/* PATH[=SHA256HEX] */
static enum exit_code
parse_file(struct options *options, const char *argument)
{
    struct program_file *file = &options->files[options->n_files];
    const char *equals = strrchr(argument, '=');
    size_t length = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
    const char *base;
    size_t n;

    if (options->n_files == BPFPV_WIRE_MAX_PROGRAMS)
        return complain(EXIT_USAGE, "program", argument, "more than %u programs",
                        BPFPV_WIRE_MAX_PROGRAMS);
    if (length == 0 || length >= sizeof(file->path))
        return complain(EXIT_USAGE, "program", argument, "the path's length is not 1 to %zu",
                        sizeof(file->path) - 1);
    memcpy(file->path, argument, length);
    options->n_files++;
    file->has_digest = equals != NULL;
    if (equals != NULL && !parse_hex(equals + 1, file->digest, sizeof(file->digest)))
        return complain(EXIT_USAGE, "program", argument, "not 64 hex digits after the =");
    base = strrchr(file->path, '/');
    base = base != NULL ? base + 1 : file->path;
    n = strlen(base);
    if (n < sizeof(suffix) || strcmp(base + n - strlen(suffix), suffix) != 0)
        return complain(EXIT_USAGE, "program", argument, "is not named NAME%s", suffix);
    n -= strlen(suffix);
    if (n >= sizeof(file->name))
        return complain(EXIT_USAGE, "program", argument, "its name is longer than %zu",
                        sizeof(file->name) - 1);
    memcpy(file->name, base, n);
    return EXIT_RUNNING;
}

static bool
parse_option(struct options *options, int option)
{
    switch (option) {
    case 's':
        return parse_hex(optarg, options->session, sizeof(options->session));
    case 'c':
        options->channel = optarg;
        return *optarg != '\0';
    case 'k':
        return parse_number(optarg, 1, 1u << 24, &options->max_keys);
    case 'r':
        return parse_number(optarg, 4096, 1u << 30, &options->ring_bytes) &&
               (options->ring_bytes & (options->ring_bytes - 1)) == 0;
    case 'a':
        options->attach = strcmp(optarg, "fexit") == 0 ? ATTACH_DIRECT : ATTACH_KPROBE;
        return strcmp(optarg, "fexit") == 0 || strcmp(optarg, "kprobe") == 0;
    case 'e':
        options->has_expect = true;
        return parse_hex(optarg, options->expect, sizeof(options->expect));
    case 'u':
        options->unlink = true;
        return true;
    case 'f':
        options->foreground = true;
        return true;
    case 'w':
        options->await_host = true;
        return true;
    case 'v':
        options->version = true;
        return true;
    case 'S':
        options->status = true;
        return true;
    default:
        return false;
    }
}

/* What is missing although each part is well formed. */
static enum exit_code
check(const struct options *options)
{
    if (options->channel == NULL)
        return complain(EXIT_USAGE, "option", "--channel", "is required");
    if (options->n_files == 0)
        return complain(EXIT_USAGE, "program", "PATH", "at least one is required");
    return EXIT_RUNNING;
}

enum exit_code
options_parse(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"session", required_argument, NULL, 's'},  {"channel", required_argument, NULL, 'c'},
        {"max-keys", required_argument, NULL, 'k'}, {"ring-size", required_argument, NULL, 'r'},
        {"attach", required_argument, NULL, 'a'},   {"expect", required_argument, NULL, 'e'},
        {"unlink", no_argument, NULL, 'u'},         {"foreground", no_argument, NULL, 'f'},
        {"await-host", no_argument, NULL, 'w'},     {"version", no_argument, NULL, 'v'},
        {"status", no_argument, NULL, 'S'},         {NULL, 0, NULL, 0},
    };
    enum exit_code code = EXIT_RUNNING, file_code;
    int option;

    memset(options, 0, sizeof(*options));
    options->max_keys = 65536;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (!parse_option(options, option) && code == EXIT_RUNNING)
            code = complain(EXIT_USAGE, "option", argv[optind - 1], "unknown, or a bad value");
    }
    for (; optind < argc; optind++) {
        file_code = code == EXIT_RUNNING || options->unlink ? parse_file(options, argv[optind])
                                                            : EXIT_RUNNING;
        if (code == EXIT_RUNNING)
            code = file_code;
    }
    if (code == EXIT_RUNNING && !options->version && !options->status)
        code = check(options);
    return code;
}
