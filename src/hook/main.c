/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpv-qemu-hook: what libvirtd runs as hooks/qemu.d/bpfpv DOMAIN OPERATION SUBOPERATION EXTRA. */
#include <stdio.h>
#include <unistd.h>

#include "hook/hook.h"

static int
usage(void)
{
    fputs("usage: bpfpv-qemu-hook [--config=FILE] DOMAIN OPERATION [SUBOPERATION [EXTRA]]\n"
          "libvirtd runs it, with the domain's XML as standard input; see bpfpv-qemu-hook(8)\n",
          stderr);
    return 2;
}

int
main(int argc, char **argv)
{
    g_autofree char *mistake = NULL;
    g_autofree char *output = NULL;
    g_autofree char *complaint = NULL;
    const char *file = NULL;
    BpfpvHookConf conf;
    int status, first = 1;

    if (argc > 1 && g_str_has_prefix(argv[1], "--config=")) {
        file = argv[1] + sizeof("--config=") - 1;
        first++;
    }
    if (argc < first + 2)
        return usage();
    mistake = bpfpv_hook_load(file, &conf);
    if (mistake)
        fprintf(stderr, "bpfpv-qemu-hook: %s\n", mistake);
    status = bpfpv_hook_run(&conf, argv[first], argv[first + 1], STDIN_FILENO, &output, &complaint);
    if (complaint)
        fprintf(stderr, "%s\n", complaint);
    if (output && (puts(output) == EOF || fflush(stdout) != 0)) {
        fprintf(stderr, "bpfpv-qemu-hook: domain %s: cannot write the XML\n", argv[first]);
        return 1;
    }
    return status;
}
