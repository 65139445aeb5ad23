/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dropping privileges, see privilege.h.
 */
#include "process/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534
#define MAX_FILES 256 /* 16 programs take fewer */

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_ARCH AUDIT_ARCH_PPC64LE
#else
#error "add this machine's AUDIT_ARCH_ constant"
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW(call)                                                                                \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 1),                                        \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

/* What loop.c, host.c, records.c, daemon_ready() and malloc() call. */
static struct sock_filter filter[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
    KILL,
    LOAD(nr),
    ALLOW(read),
    ALLOW(write),
    ALLOW(pread64),
    ALLOW(close),
#ifdef __NR_dup2
    ALLOW(dup2),
#endif
    ALLOW(dup3),
#ifdef __NR_epoll_wait
    ALLOW(epoll_wait),
#endif
    ALLOW(epoll_pwait),
    ALLOW(epoll_ctl),
    ALLOW(timerfd_settime),
    ALLOW(clock_gettime),
#ifdef __NR_poll
    ALLOW(poll),
#endif
    ALLOW(ppoll),
    ALLOW(mmap),
    ALLOW(munmap),
    ALLOW(mremap),
    ALLOW(madvise),
    ALLOW(brk),
    ALLOW(futex),
    ALLOW(getrandom),
    ALLOW(rt_sigprocmask),
    ALLOW(rt_sigreturn),
    ALLOW(restart_syscall),
    ALLOW(exit),
    ALLOW(exit_group),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 1, 0),
    KILL,
    LOAD(args[0]), /* the low half: little-endian */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_ITER_CREATE, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_OBJ_GET_INFO_BY_FD, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    KILL,
};

static bool
drop_bounding_set(void)
{
    int capability;

    for (capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
            return false;
    }
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0;
}

static bool
become_nobody(void)
{
    return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && setgroups(0, NULL) == 0 &&
           setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

/* Where unprivileged BPF is disabled, creating an iterator takes CAP_BPF,
 * though its link is held already; before 5.8 that was CAP_SYS_ADMIN. */
static bool
keep_only(int capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {{0}};

    sets[capability / 32].permitted = 1u << capability % 32;
    sets[capability / 32].effective = 1u << capability % 32;
    return syscall(SYS_capset, &header, sets) == 0;
}

static bool
limit_resources(void)
{
    static const struct rlimit no_core = {0, 0};
    static const struct rlimit files = {MAX_FILES, MAX_FILES};

    return setrlimit(RLIMIT_CORE, &no_core) == 0 && setrlimit(RLIMIT_NOFILE, &files) == 0;
}

static bool
confine(void)
{
    const struct sock_fprog program = {
        .len = sizeof(filter) / sizeof(filter[0]),
        .filter = filter,
    };

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

const char *
privilege_drop(void)
{
    bool has_cap_bpf = prctl(PR_CAPBSET_READ, CAP_BPF, 0, 0, 0) >= 0;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return "no_new_privs";
    if (!drop_bounding_set())
        return "the bounding set";
    if (!limit_resources())
        return "resource limits";
    if (!become_nobody())
        return "user 65534";
    if (!keep_only(has_cap_bpf ? CAP_BPF : CAP_SYS_ADMIN))
        return "capabilities";
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return "not to be dumpable";
    /* A kernel without seccomp still has all of the above. */
    if (!confine() && errno != EINVAL && errno != ENOSYS)
        return "seccomp";
    return NULL;
}
