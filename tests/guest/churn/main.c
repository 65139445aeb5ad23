/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bed-churn's command line; see churn.h. */
#define _GNU_SOURCE
#include "churn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct slot *slots;
const char *shared_file;

void
complain_and_exit(const char *what, const char *object)
{
    fprintf(stderr, "bed-churn: %s %s: %s\n", what, object, strerror(errno));
    exit(1);
}

/* As the kernel says it, "0-3": bed guests have no gaps. */
static void
count_cpus(void)
{
    char text[64];
    unsigned last = 0;

    if (!read_text("/sys/devices/system/cpu/possible", text, sizeof(text)) ||
        sscanf(text, "0-%u", &last) != 1 || last + 1 > MAX_CPUS)
        complain_and_exit("not 2 to 32 possible CPUs:", text);
    n_cpus = last + 1;
}

int
main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (strcmp(verb, "task") == 0 && argc == 4)
        return member_main(argv[2], atoi(argv[3]));
    count_cpus();
    if (strcmp(verb, "driver") == 0 && argc >= 3)
        return driver_main(strtoull(argv[2], NULL, 0), argc > 3);
    if (strcmp(verb, "statistics") == 0)
        return driver_ask("statistics") ? 0 : 1;
    if (strcmp(verb, "step") == 0 && argc == 3)
        return driver_ask(argv[2]) ? truth_print() : 1;
    if (strcmp(verb, "truth") == 0 && argc == 2)
        return truth_print();
    fprintf(stderr, "usage: bed-churn VERB ARGUMENT..., see churn.h\n");
    return 2;
}
