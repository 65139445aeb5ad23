/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ring buffers on PREEMPT_RT, see realtime.h.
 */
#include "kernel/realtime.h"

#include <bpf/btf.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define REALTIME "/sys/kernel/realtime" /* "1"; no other kernel has it */

static bool
is_realtime(void)
{
    char first = '0';
    int fd = open(REALTIME, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    if (read(fd, &first, 1) != 1)
        first = '0';
    close(fd);
    return first == '1';
}

static const char *
member_type(const struct btf *btf, const char *structure, const char *member)
{
    int id = btf__find_by_name_kind(btf, structure, BTF_KIND_STRUCT);
    const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
    uint32_t i;

    for (i = 0; type != NULL && i < btf_vlen(type); i++) {
        const struct btf_member *at = &btf_members(type)[i];

        if (strcmp(btf__name_by_offset(btf, at->name_off), member) == 0)
            return btf__name_by_offset(btf, btf__type_by_id(btf, at->type)->name_off);
    }
    return NULL;
}

bool
realtime_ring_sleeps(void)
{
    struct btf *btf = is_realtime() ? btf__load_vmlinux_btf() : NULL;
    const char *lock = btf != NULL ? member_type(btf, "bpf_ringbuf", "spinlock") : NULL;
    bool sleeps = lock != NULL && strcmp(lock, "spinlock_t") == 0;

    btf__free(btf);
    return sleeps;
}
