/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's uevents, cut down to those of CPUs before they wake anybody;
 * see uevent.h.
 */
#include "kernel/uevent.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#define KERNEL_GROUP 1

/* "ACTION@/devices/system/cpu/cpu1": "cpu/" after an action of so many characters and the rest */
#define CPU_AFTER(action) ((unsigned)(sizeof(action "@/devices/system/") - 1))
#define CPU_WORD 0x6370752f
#define ACCEPT_CPU_AFTER(action)                                                                   \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, CPU_AFTER(action)),                                         \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CPU_WORD, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0xffff)

/* The shortest first: a message that ends before what is loaded is dropped. */
static struct sock_filter filter[] = {
    ACCEPT_CPU_AFTER("add"),
    ACCEPT_CPU_AFTER("online"), /* and "remove", "change" */
    ACCEPT_CPU_AFTER("offline"),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

int
uevent_open(void)
{
    const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0 &&
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

void
uevent_drain(int fd)
{
    char message[64];
    ssize_t n;

    /* What doesn't fit is of no interest; a full socket says so once. */
    do {
        n = read(fd, message, sizeof(message));
    } while (n >= 0 || errno == EINTR || errno == ENOBUFS);
}
