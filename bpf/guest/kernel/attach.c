/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Choosing programs by their sections' names, and attaching them, see attach.h.
 */
#include "kernel/attach.h"
#include "kernel/program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

/* The section's part after the slash, if it is of one of two types. */
static const char *
function_of(const struct bpf_program *prog, const char *type, const char *other)
{
    const char *section = bpf_program__section_name(prog), *slash = strchr(section, '/');
    size_t length = slash != NULL ? (size_t)(slash - section) : 0;

    if (slash == NULL || ((strlen(type) != length || strncmp(section, type, length) != 0) &&
                          (strlen(other) != length || strncmp(section, other, length) != 0)))
        return NULL;
    return slash + 1;
}

static const char *
direct_function(const struct bpf_program *prog)
{
    return function_of(prog, "fentry", "fexit");
}

static const char *
probe_function(const struct bpf_program *prog)
{
    return function_of(prog, "kprobe", "kretprobe");
}

static bool
has_probe(struct bpf_object *object, const char *function)
{
    struct bpf_program *prog;
    const char *found;

    bpf_object__for_each_program (prog, object) {
        found = probe_function(prog);
        if (found != NULL && strcmp(found, function) == 0)
            return true;
    }
    return false;
}

const char *
attach_select(struct bpf_object *object, enum attach_kind kind)
{
    struct bpf_program *prog;
    const char *function;

    bpf_object__for_each_program (prog, object) {
        function = direct_function(prog);
        if (function != NULL && kind == ATTACH_KPROBE && !has_probe(object, function))
            return bpf_program__section_name(prog);
        if (function != NULL)
            bpf_program__set_autoload(prog, kind == ATTACH_DIRECT);
        else if (probe_function(prog) != NULL)
            bpf_program__set_autoload(prog, kind == ATTACH_KPROBE);
    }
    return NULL;
}

bool
attach_is_iterator(const struct bpf_program *prog)
{
    return bpf_program__type(prog) == BPF_PROG_TYPE_TRACING &&
           bpf_program__expected_attach_type(prog) == BPF_TRACE_ITER;
}

const char *
attach_name(struct bpf_object *object)
{
    const char *name = "iter";
    struct bpf_program *prog;

    bpf_object__for_each_program (prog, object) {
        if (!bpf_program__autoload(prog) || attach_is_iterator(prog))
            continue;
        if (probe_function(prog) != NULL)
            return "kprobe";
        if (direct_function(prog) != NULL) {
            if (strncmp(bpf_program__section_name(prog), "fexit", 5) == 0)
                return "fexit";
            name = "fentry";
        } else if (strcmp(name, "iter") == 0) {
            name = libbpf_bpf_prog_type_str(bpf_program__type(prog));
        }
    }
    return name;
}

int
attach_all(struct program *program)
{
    struct bpf_link *links[PROGRAM_MAX_PROGRAMS];
    struct bpf_program *prog;
    int result = 0;
    unsigned n = 0;

    program->n_iterators = program->n_attached = 0;
    bpf_object__for_each_program (prog, program->object) {
        if (!bpf_program__autoload(prog) || result < 0)
            continue;
        if (n == PROGRAM_MAX_PROGRAMS)
            return -E2BIG;
        links[n] = bpf_program__attach(prog);
        if (links[n] == NULL)
            result = -errno;
        else if (attach_is_iterator(prog) && program->n_iterators == PROGRAM_MAX_ITERATORS)
            result = -E2BIG;
        else if (attach_is_iterator(prog))
            program->iterators[program->n_iterators++] = bpf_link__fd(links[n]);
        else
            program->attached[program->n_attached++] = bpf_program__fd(prog);
        n += links[n] != NULL;
    }
    while (result < 0 && n > 0)
        bpf_link__destroy(links[--n]);
    return result;
}
