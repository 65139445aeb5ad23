/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leaves nothing of bpfpv in any running domain; see withdraw.h. */
#include "daemon/withdraw.h"

#include "daemon/bus/bus.h"
#include "daemon/manager/manager.h"
#include "host/domain.h"
#include "host/virt.h"

/* A domain that another job holds takes libvirt 30 s to give up on. */
#define LIMIT_S 60

typedef struct {
    GMainLoop *loop;
    guint limit;
} Withdrawal;

static gboolean
withdrawn(gpointer user_data)
{
    Withdrawal *withdrawal = user_data;

    g_main_loop_quit(withdrawal->loop);
    return G_SOURCE_REMOVE;
}

static gboolean
timed_out(gpointer user_data)
{
    Withdrawal *withdrawal = user_data;

    withdrawal->limit = 0;
    return withdrawn(withdrawal);
}

static void
on_state(const char *domain, const char *uuid, const char *state, const char *reason,
         gpointer user_data)
{
}

static void
on_host(gpointer user_data)
{
}

static gboolean
drop_elements(const BpfpvConf *conf, const GPtrArray *uuids)
{
    gboolean dropped = TRUE;

    for (guint i = 0; i < uuids->len; i++) {
        g_autoptr(GError) error = NULL;

        if (bpfpv_domain_drop_element(conf->uri, g_ptr_array_index(uuids, i), &error))
            continue;
        g_warning("%s", error->message);
        dropped = FALSE;
    }
    return dropped;
}

static gboolean
withdraw(const BpfpvConf *conf)
{
    static const BpfpvManagerFuncs funcs = {on_state, on_host, NULL};
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvManager) manager = bpfpv_manager_new(conf, &funcs, NULL, &error);
    g_autoptr(GPtrArray) done = NULL;
    g_autofree char *left = NULL;
    Withdrawal withdrawal = {.loop = loop};

    if (!manager) {
        g_warning("%s", error->message);
        return FALSE;
    }
    bpfpv_manager_withdraw(manager, withdrawn, &withdrawal);
    withdrawal.limit = g_timeout_add_seconds(LIMIT_S, timed_out, &withdrawal);
    g_main_loop_run(loop);
    g_clear_handle_id(&withdrawal.limit, g_source_remove);
    done = bpfpv_manager_withdrawn(manager, &left);
    g_clear_pointer(&manager, bpfpv_manager_free);
    if (left)
        g_warning("not withdrawn everywhere: %s", left);
    return drop_elements(conf, done) && !left;
}

gboolean
bpfpv_withdraw(BpfpvConf *conf)
{
    g_autoptr(GError) error = NULL;

    if (bpfpv_bus_is_served(conf->bus_address)) {
        g_printerr("bpfpvd: a bpfpvd is running, and would go on; first: systemctl stop bpfpvd\n");
        return FALSE;
    }
    if (!bpfpv_virt_init(&error)) {
        g_printerr("bpfpvd: %s\n", error->message);
        return FALSE;
    }
    /* What it does not say keeps nobody from leaving. */
    if (!bpfpv_conf_load(conf, &error))
        g_message("%s; going on without it", error->message);
    return withdraw(conf);
}
