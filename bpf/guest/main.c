/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpv-guest: loads programs into the kernel of the guest it was injected
 * into, and publishes their tables to the host over a virtio-serial port. It
 * needs nothing of the guest's userspace and leaves nothing on its disk.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "complain.h"
#include "kernel/cpus.h"
#include "process/daemon.h"
#include "process/deny.h"
#include "sent/image.h"
#include "loop/loop.h"
#include "options.h"
#include "loop/port.h"
#include "process/privilege.h"
#include "kernel/program.h"
#include "process/status.h"
#include "process/title.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static struct options options;
static struct images images;
static struct cpus cpus;
static struct program programs[BPFPV_WIRE_MAX_PROGRAMS];
static struct loop loop;

static enum exit_code
load_all(void)
{
    enum exit_code code = EXIT_RUNNING;
    size_t i;

    for (i = 0; i < options.n_files && code == EXIT_RUNNING; i++)
        code = program_load(&programs[i], &options.files[i], &images.programs[i], &cpus, &options);
    images_free(&images);
    return code;
}

static void
fill_hello(struct bpfpv_wire_hello *hello)
{
    struct utsname kernel;

    hello->version = BPFPV_WIRE_VERSION;
    hello->n_programs = (uint16_t)options.n_files;
    hello->max_keys = options.max_keys;
    memcpy(hello->session, options.session, sizeof(hello->session));
    memcpy(hello->digest, images.self.digest, sizeof(hello->digest));
    memcpy(hello->build, PACKAGE_VERSION, strnlen(PACKAGE_VERSION, sizeof(hello->build)));
    if (uname(&kernel) == 0)
        memcpy(hello->kernel, kernel.release, strnlen(kernel.release, sizeof(hello->kernel)));
}

static void
show_title(void)
{
    char hex[2 * BPFPV_WIRE_DIGEST_LEN + 1];
    size_t i;

    title_add("version=%s", PACKAGE_VERSION);
    for (i = 0; i < options.n_files; i++) {
        image_hex(programs[i].digest, hex);
        title_add("%s,%s,sha256:%s", programs[i].name, programs[i].attach, hex);
    }
    title_end("host=away");
}

/* In the process that stays: the last steps that may fail. */
static enum exit_code
settle(void)
{
    const char *refused;

    if (!loop_open(&loop, programs))
        return complain(EXIT_OTHER, "loop", "epoll", "%s", strerror(errno));
    refused = privilege_drop();
    if (refused != NULL)
        return complain(EXIT_OTHER, "privilege", refused, "%s", strerror(errno));
    show_title();
    return EXIT_RUNNING;
}

/* Without stdio, which would ask for more system calls than are left. */
static void
report(void)
{
    char line[sizeof(programs[0].name) + sizeof(programs[0].attach) + 2];
    size_t i;
    int length;

    for (i = 0; i < options.n_files; i++) {
        length = snprintf(line, sizeof(line), "%s %s\n", programs[i].name, programs[i].attach);
        if (write(STDOUT_FILENO, line, (size_t)length) < 0)
            return;
    }
}

static enum exit_code
prepare(void)
{
    enum exit_code code = images_read(&images, &options);

    /* Nothing on disk is needed from here on, and nothing shall stay there. */
    if (options.unlink)
        images_remove_files(&options);
    if (code == EXIT_RUNNING)
        code = deny_check();
    if (code != EXIT_RUNNING)
        return code;
    if (!cpus_open(&cpus))
        return complain(EXIT_OTHER, "cpus", "/sys/devices/system/cpu", "%s", strerror(errno));
    code = port_open(options.channel, &loop.port);
    if (code == EXIT_RUNNING && options.await_host)
        code = port_await_host(options.channel, loop.port);
    if (code != EXIT_RUNNING)
        return code;
    loop.cpus = &cpus;
    fill_hello(&loop.hello);
    return load_all();
}

int
main(int argc, char **argv)
{
    enum exit_code code;

    closefrom(STDERR_FILENO + 1); /* what the agent may have left open */
    title_reserve(argc, argv);
    code = options_parse(&options, argc, argv);
    if (code != EXIT_RUNNING) {
        if (options.unlink)
            images_remove_files(&options);
        return code;
    }
    if (options.version) {
        puts("bpfpv-guest " PACKAGE_VERSION);
        return EXIT_RUNNING;
    }
    if (options.status)
        return status_print();
    code = prepare();
    if (code != EXIT_RUNNING)
        return code;
    if (!options.foreground && !daemon_fork(&code)) {
        if (code == EXIT_RUNNING)
            report();
        return code;
    }
    code = settle();
    if (!options.foreground)
        daemon_ready(code);
    else if (code == EXIT_RUNNING)
        report();
    return code == EXIT_RUNNING ? loop_run(&loop) : (int)code;
}
