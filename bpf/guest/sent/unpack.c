/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the host sends as the loader: the loader, packed, and this, which puts
 * it in its own place and executes it. Without a C library, which would be
 * larger than what packing saves. The loader compares its own digest with the
 * one that the host expects, so nothing is checked here.
 */
#include <fcntl.h>
#include <linux/limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "complain.h"
#include "sent/lzma.h"

/* The entry point calls unpack() with the initial stack. */
#if defined(__x86_64__)
#define ENTRY                                                                                      \
    "_start: xor %ebp, %ebp\n"                                                                     \
    "mov %rsp, %rdi\n"                                                                             \
    "and $-16, %rsp\n"                                                                             \
    "call unpack\n"                                                                                \
    "hlt\n"
#elif defined(__aarch64__)
#define ENTRY                                                                                      \
    "_start: mov x29, xzr\n"                                                                       \
    "mov x30, xzr\n"                                                                               \
    "mov x0, sp\n"                                                                                 \
    "b unpack\n"
#else
#error "add how this machine makes a system call, and its entry point"
#endif

__asm__(".section .rodata\n"
        ".globl packed, packed_end\n"
        "packed: .incbin \"" PACKED "\"\n"
        "packed_end:\n"
        ".text\n"
        ".globl _start\n" ENTRY);

extern const uint8_t packed[], packed_end[];

void unpack(char **stack) __attribute__((noreturn));

#ifdef __x86_64__
static long
call(long number, long a, long b, long c, long e, long f)
{
    register long r10 __asm__("r10") = e;
    register long r8 __asm__("r8") = f;
    register long r9 __asm__("r9") = 0;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#else
static long
call(long number, long a, long b, long c, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = e;
    register long x4 __asm__("x4") = f;
    register long x5 __asm__("x5") = 0;

    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
#endif

static void __attribute__((noreturn)) leave(enum exit_code code, const char *why, size_t length)
{
    call(SYS_write, 2, (long)why, (long)length, 0, 0);
    for (;;)
        call(SYS_exit_group, code, 0, 0, 0, 0);
}

#define LEAVE(code, why)                                                                           \
    leave(code, "bpfpv-guest: unpacking: " why "\n",                                               \
          sizeof("bpfpv-guest: unpacking: " why "\n") - 1)

static void
store(long fd, const uint8_t *bytes, size_t size)
{
    size_t done = 0;
    long n;

    while (done < size) {
        n = call(SYS_write, fd, (long)(bytes + done), (long)(size - done), 0, 0);
        if (n <= 0)
            LEAVE(EXIT_OTHER, "the file can't be written; is there space?");
        done += (size_t)n;
    }
    call(SYS_close, fd, 0, 0, 0, 0);
}

/* A new file of the same name: the present one is being executed. */
static long
make_room(char *path)
{
    long n = call(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)path, PATH_MAX - 1, 0);
    long fd;

    path[n > 0 ? n : 0] = '\0';
    if (n <= 0 || call(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0) != 0)
        LEAVE(EXIT_OTHER, "its own file can't be replaced");
    fd = call(SYS_openat, AT_FDCWD, (long)path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700, 0);
    if (fd < 0)
        LEAVE(EXIT_OTHER, "the file can't be created");
    return fd;
}

void
unpack(char **stack)
{
    static char path[PATH_MAX];
    long argc = *(long *)(void *)stack;
    long bytes =
        call(SYS_mmap, 0, UNPACKED_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

    if (bytes < 0 && bytes > -4096)
        LEAVE(EXIT_OTHER, "no memory");
    if (!lzma_decode(packed, (size_t)(packed_end - packed), (uint8_t *)bytes, UNPACKED_SIZE))
        LEAVE(EXIT_DAMAGED, "arrived damaged");
    store(make_room(path), (const uint8_t *)bytes, UNPACKED_SIZE);
    call(SYS_execve, (long)path, (long)(stack + 1), (long)(stack + argc + 2), 0, 0);
    LEAVE(EXIT_OTHER, "the loader can't be executed");
}
