/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into bpfpvd: makes the calls with which it changes a domain come late, as on a busy
 * machine. The directory $BPFPV_LATE_CALLS rules it, by a call's word: attach, detach, note, pin,
 * agent.
 *
 *   hold-WORD-DOMAIN   a call for that domain waits as long as there is such a file;
 *                      held-WORD-DOMAIN says that one does
 *   delay              each call waits for up to so many milliseconds
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif

#include <dlfcn.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_SIZE 512
#define POLL_US 2000

static void
path_of(char *path, const char *prefix, const char *word, const char *domain)
{
    const char *directory = getenv("BPFPV_LATE_CALLS");

    snprintf(path, PATH_SIZE, "%s/%s%s%s%s", directory ? directory : "/nonexistent", prefix, word,
             *domain ? "-" : "", domain);
}

static unsigned int
random_delay_ms(void)
{
    char path[PATH_SIZE];
    unsigned int most = 0;
    FILE *file;

    path_of(path, "delay", "", "");
    file = fopen(path, "re");
    if (!file)
        return 0;
    if (fscanf(file, "%u", &most) != 1)
        most = 0;
    fclose(file);
    return most ? (unsigned int)random() % most : 0;
}

static void
wait_as_told(const char *word, const char *domain)
{
    char hold[PATH_SIZE], held[PATH_SIZE];
    FILE *file;

    usleep(random_delay_ms() * 1000);
    path_of(hold, "hold-", word, domain);
    if (access(hold, F_OK) != 0)
        return;
    path_of(held, "held-", word, domain);
    file = fopen(held, "we");
    if (file)
        fclose(file);
    while (access(hold, F_OK) == 0)
        usleep(POLL_US);
    unlink(held);
}

#define LATE(word, result, name, parameters, arguments)                                            \
    result name parameters                                                                         \
    {                                                                                              \
        result(*real) parameters;                                                                  \
                                                                                                   \
        *(void **)&real = dlsym(RTLD_NEXT, #name);                                                 \
        wait_as_told(word, virDomainGetName(domain));                                              \
        return real arguments;                                                                     \
    }

LATE("attach", int, virDomainAttachDeviceFlags,
     (virDomainPtr domain, const char *xml, unsigned int flags), (domain, xml, flags))
LATE("detach", int, virDomainDetachDeviceAlias,
     (virDomainPtr domain, const char *alias, unsigned int flags), (domain, alias, flags))
LATE("note", int, virDomainSetMetadata,
     (virDomainPtr domain, int type, const char *metadata, const char *key, const char *uri,
      unsigned int flags),
     (domain, type, metadata, key, uri, flags))
LATE("pin", int, virDomainPinVcpuFlags,
     (virDomainPtr domain, unsigned int vcpu, unsigned char *map, int length, unsigned int flags),
     (domain, vcpu, map, length, flags))
LATE("pin", int, virDomainPinEmulator,
     (virDomainPtr domain, unsigned char *map, int length, unsigned int flags),
     (domain, map, length, flags))
LATE("pin", int, virDomainPinIOThread,
     (virDomainPtr domain, unsigned int id, unsigned char *map, int length, unsigned int flags),
     (domain, id, map, length, flags))
LATE("agent", char *, virDomainQemuAgentCommand,
     (virDomainPtr domain, const char *command, int timeout, unsigned int flags),
     (domain, command, timeout, flags))
