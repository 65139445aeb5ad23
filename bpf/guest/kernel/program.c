/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loading and attaching an object, see program.h. Reading from it is in
 * records.c.
 */
#include "kernel/program.h"
#include "kernel/attach.h"
#include "kernel/realtime.h"
#include "kernel/refusal.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpfpv_record.h"

struct global {
    struct bpf_map *map;
    uint32_t offset;
    uint32_t size;
};

/* A variable's place in .rodata, .data or .bss, by its name in BTF. */
static bool
find_global(struct bpf_object *object, const char *name, struct global *global)
{
    const struct btf *btf = bpf_object__btf(object);
    const struct btf_type *section;
    const struct btf_var_secinfo *var;
    struct bpf_map *map;
    unsigned i;

    bpf_object__for_each_map (map, object) {
        section = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
        if (section == NULL || !btf_is_datasec(section))
            continue;
        for (i = 0, var = btf_var_secinfos(section); i < btf_vlen(section); i++, var++) {
            const struct btf_type *type = btf__type_by_id(btf, var->type);

            if (strcmp(btf__name_by_offset(btf, type->name_off), name) != 0)
                continue;
            *global = (struct global){map, var->offset, var->size};
            return true;
        }
    }
    return false;
}

static bool
fill_env(struct bpf_object *object, const struct cpus *cpus)
{
    struct bpfpv_env env = {.n_cpus = cpus->n_cpus, .cpu_words = cpus->words};
    struct global global;
    const void *initial;
    uint8_t *data;
    size_t size;
    bool filled;

    if (!find_global(object, "bpfpv_env", &global) || global.size != sizeof(env))
        return false;
    initial = bpf_map__initial_value(global.map, &size);
    if (initial == NULL || global.offset + sizeof(env) > size)
        return false;
    data = malloc(size);
    if (data == NULL)
        return false;
    memcpy(env.possible, cpus->possible, sizeof(env.possible));
    memcpy(data, initial, size);
    memcpy(data + global.offset, &env, sizeof(env));
    filled = bpf_map__set_initial_value(global.map, data, size) == 0;
    free(data);
    return filled;
}

static bool
map_lost(struct program *program)
{
    struct global global;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *data;

    if (!find_global(program->object, "bpfpv_lost", &global) || global.size != 8 ||
        global.offset + 8 > page)
        return false;
    data = mmap(NULL, page, PROT_READ, MAP_SHARED, bpf_map__fd(global.map), 0);
    if (data == MAP_FAILED)
        return false;
    program->lost = (const volatile uint64_t *)(const void *)(data + global.offset);
    return true;
}

/* Everything up to the verifier: what only the object itself can get wrong. */
static enum exit_code
open_object(struct program *program, const struct image *image, const struct cpus *cpus,
            uint32_t ring_bytes)
{
    LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = program->name,
                .kernel_log_buf = refusal_log(), .kernel_log_size = REFUSAL_LOG_BYTES);
    struct bpf_map *records;
    char why[128];

    program->object = bpf_object__open_mem(image->bytes, image->size, &opts);
    if (program->object == NULL) {
        libbpf_strerror(errno, why, sizeof(why));
        return complain(EXIT_OTHER, "program", program->name, "is not a BPF object: %s", why);
    }
    records = bpf_object__find_map_by_name(program->object, "records");
    if (records == NULL || bpf_map__type(records) != BPF_MAP_TYPE_RINGBUF)
        return complain(EXIT_OTHER, "program", program->name, "has no ring buffer \"records\"");
    if (ring_bytes != 0)
        bpf_map__set_max_entries(records, ring_bytes);
    program->ring_most = bpf_map__max_entries(records) / sizeof(struct bpfpv_record);
    if (!fill_env(program->object, cpus))
        return complain(EXIT_OTHER, "program", program->name, "has no constant \"bpfpv_env\"");
    return EXIT_RUNNING;
}

static bool
has_iterator(struct bpf_object *object)
{
    struct bpf_program *prog;

    bpf_object__for_each_program (prog, object) {
        if (attach_is_iterator(prog))
            return true;
    }
    return false;
}

static int
load_and_attach(struct program *program)
{
    int result;

    strncpy(program->attach, attach_name(program->object), BPFPV_WIRE_ATTACH_LEN);
    result = bpf_object__load(program->object);
    return result < 0 ? result : attach_all(program);
}

/* What is wrong with the object rather than with the kernel. */
static enum exit_code
select_programs(const struct program *program, enum attach_kind kind)
{
    const char *without = attach_select(program->object, kind);

    if (without != NULL)
        return complain(EXIT_OTHER, "program", program->name, "%s can't be a kprobe", without);
    if (!has_iterator(program->object))
        return complain(EXIT_OTHER, "program", program->name, "has no iterator");
    return EXIT_RUNNING;
}

static enum exit_code
open_table(struct program *program, uint32_t max_keys)
{
    struct bpf_map *records = bpf_object__find_map_by_name(program->object, "records");

    if (!map_lost(program))
        return complain(EXIT_OTHER, "program", program->name, "has no counter \"bpfpv_lost\"");
    program->table = table_new(max_keys);
    program->ring_fd = bpf_map__fd(records);
    if (program->table == NULL ||
        !ring_open(&program->ring, program->ring_fd, bpf_map__max_entries(records)))
        return complain(EXIT_OTHER, "program", program->name, "no room for its table: %s",
                        strerror(errno));
    return EXIT_RUNNING;
}

enum exit_code
program_load(struct program *program, const struct program_file *file, const struct image *image,
             const struct cpus *cpus, const struct options *options)
{
    enum attach_kind kind = options->attach == ATTACH_ANY ? ATTACH_DIRECT : options->attach;
    enum exit_code code;
    int result;

    memset(program, 0, sizeof(*program));
    memcpy(program->name, file->name, sizeof(program->name));
    memcpy(program->digest, image->digest, sizeof(program->digest));
    refusal_capture();
    if (realtime_ring_sleeps())
        return complain(EXIT_KERNEL, "program", program->name,
                        "the ring buffers of this PREEMPT_RT kernel take a lock that may sleep, "
                        "where the scheduler must not; a newer one (Linux 6.12, or a "
                        "distribution's with the fix of CVE-2024-50138) does not");
    for (;; kind = ATTACH_KPROBE) {
        refusal_capture();
        code = open_object(program, image, cpus, options->ring_bytes);
        if (code == EXIT_RUNNING)
            code = select_programs(program, kind);
        if (code != EXIT_RUNNING)
            return code;
        result = load_and_attach(program);
        if (result == 0)
            return open_table(program, options->max_keys);
        if (options->attach != ATTACH_ANY || kind == ATTACH_KPROBE ||
            attach_select(program->object, ATTACH_KPROBE) != NULL)
            return refusal_complain(program->name, result);
        bpf_object__close(program->object);
    }
}
