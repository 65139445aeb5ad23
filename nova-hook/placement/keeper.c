/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads, compares, writes, and reads again; see keeper.h. */
#include "config.h"

#include "nova-hook/placement/keeper.h"

#include <poll.h>

#include "nova-hook/placement/node.h"
#include "nova-hook/http/os-error.h"
#include "nova-hook/placement/api.h"

/* Each loses only against another change of the same provider, and waits longer than the one
 * before: more than a minute, all in all. */
#define MAX_ATTEMPTS 20
#define FIRST_WAIT_MS 20
#define MAX_WAIT_MS 5000

struct _BpfpvKeeper {
    const BpfpvAgentConf *conf;
    BpfpvHttp *http;
    BpfpvAuth *auth;
    BpfpvPlacementApi *api;
};

BpfpvKeeper *
bpfpv_keeper_new(const BpfpvAgentConf *conf, GError **error)
{
    BpfpvHttpOptions options = {.cafile = conf->cafile, .timeout_s = conf->timeout_s};
    g_autoptr(BpfpvHttp) http = bpfpv_http_new(&options, error);
    BpfpvKeeper *keeper;

    if (!http)
        return NULL;
    keeper = g_new0(BpfpvKeeper, 1);
    keeper->conf = conf;
    keeper->http = g_steal_pointer(&http);
    keeper->auth = bpfpv_auth_new(conf, keeper->http);
    keeper->api = bpfpv_placement_api_new(keeper->auth, keeper->http);
    return keeper;
}

void
bpfpv_keeper_free(BpfpvKeeper *keeper)
{
    if (!keeper)
        return;
    bpfpv_placement_api_free(keeper->api);
    bpfpv_auth_free(keeper->auth);
    bpfpv_http_free(keeper->http);
    g_free(keeper);
}

/* ---- reading ---- */

static BpfpvProvider *
find_root(BpfpvKeeper *keeper, GCancellable *cancellable, GError **error)
{
    g_auto(GStrv) names = bpfpv_node_names(keeper->conf, error);
    g_autofree char *all = NULL;

    for (guint i = 0; names && names[i]; i++) {
        g_autoptr(GError) cause = NULL;
        BpfpvProvider *root = bpfpv_placement_api_find(keeper->api, names[i], cancellable, &cause);

        if (root)
            return root;
        if (cause) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return NULL;
        }
    }
    if (!names)
        return NULL;
    all = g_strjoinv(" or ", names);
    g_set_error(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_NO_HOST,
                "Placement has no resource provider %s; nova-compute makes it when it first "
                "starts, and [node] provider= of placement.conf says if it has another name",
                all);
    return NULL;
}

/* Returns: whether it could be asked; @observed->child stays NULL if there is none */
static gboolean
find_child(BpfpvKeeper *keeper, BpfpvObserved *observed, GCancellable *cancellable, GError **error)
{
    g_autofree char *name = g_strconcat(observed->root->name, BPFPV_CHILD_SUFFIX, NULL);
    g_autoptr(GError) cause = NULL;

    observed->child = bpfpv_placement_api_find(keeper->api, name, cancellable, &cause);
    if (cause) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    if (!observed->child || g_strcmp0(observed->child->parent, observed->root->uuid) == 0)
        return TRUE;
    g_set_error(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_FAILED,
                "resource provider %s (%s) exists, but its parent is %s instead of %s; delete it "
                "with \"openstack resource provider delete\" when nothing uses it",
                name, observed->child->uuid,
                observed->child->parent ? observed->child->parent : "none", observed->root->uuid);
    return FALSE;
}

/* The traits come last: they are what others write, too, and the shorter it takes from here to
 * writing them, the better. */
BpfpvObserved *
bpfpv_keeper_observe(BpfpvKeeper *keeper, GCancellable *cancellable, GError **error)
{
    g_autoptr(BpfpvObserved) observed = g_new0(BpfpvObserved, 1);

    observed->root = find_root(keeper, cancellable, error);
    if (!observed->root || !find_child(keeper, observed, cancellable, error))
        return NULL;
    if (observed->child &&
        (!bpfpv_placement_api_inventory(keeper->api, observed->child->uuid, BPFPV_ANCHOR_CLASS,
                                        &observed->inventory, &observed->has_inventory,
                                        &observed->child->generation, cancellable, error) ||
         !bpfpv_placement_api_usage(keeper->api, observed->child->uuid, BPFPV_ANCHOR_CLASS,
                                    &observed->used, cancellable, error)))
        return NULL;
    observed->traits = bpfpv_placement_api_traits(keeper->api, observed->root->uuid,
                                                  &observed->root->generation, cancellable, error);
    return observed->traits ? g_steal_pointer(&observed) : NULL;
}

char **
bpfpv_keeper_consumers(BpfpvKeeper *keeper, const BpfpvObserved *observed,
                       GCancellable *cancellable, GError **error)
{
    return bpfpv_placement_api_consumers(keeper->api, observed->child->uuid, cancellable, error);
}

/* ---- writing ---- */

static gboolean
create_child(BpfpvKeeper *keeper, BpfpvObserved *observed, GCancellable *cancellable,
             GError **error)
{
    g_autofree char *name = g_strconcat(observed->root->name, BPFPV_CHILD_SUFFIX, NULL);

    observed->child = bpfpv_placement_api_create_child(keeper->api, name, observed->root->uuid,
                                                       cancellable, error);
    return observed->child != NULL;
}

static gboolean
act(BpfpvKeeper *keeper, const BpfpvAction *action, BpfpvObserved *observed,
    GCancellable *cancellable, GError **error)
{
    BpfpvPlacementApi *api = keeper->api;

    switch (action->type) {
    case BPFPV_ACTION_CREATE_TRAIT:
        return bpfpv_placement_api_create_trait(api, action->trait, cancellable, error);
    case BPFPV_ACTION_SET_TRAITS:
        return bpfpv_placement_api_set_traits(api, observed->root->uuid, action->traits,
                                              &observed->root->generation, cancellable, error);
    case BPFPV_ACTION_CREATE_CLASS:
        return bpfpv_placement_api_create_class(api, BPFPV_ANCHOR_CLASS, cancellable, error);
    case BPFPV_ACTION_CREATE_CHILD:
        return create_child(keeper, observed, cancellable, error);
    case BPFPV_ACTION_CREATE_INVENTORY:
    case BPFPV_ACTION_SET_INVENTORY:
        return bpfpv_placement_api_set_inventory(api, observed->child->uuid, BPFPV_ANCHOR_CLASS,
                                                 &action->inventory,
                                                 action->type == BPFPV_ACTION_CREATE_INVENTORY,
                                                 observed->child->generation, cancellable, error);
    case BPFPV_ACTION_DELETE_CHILD:
        return bpfpv_placement_api_delete(api, observed->child->uuid, cancellable, error);
    }
    return FALSE;
}

/* @words: those that exist for sure; asking again would only make the next write later */
static gboolean
act_all(BpfpvKeeper *keeper, const GPtrArray *actions, BpfpvObserved *observed, GHashTable *words,
        GPtrArray *done, GCancellable *cancellable, GError **error)
{
    for (guint i = 0; i < actions->len; i++) {
        const BpfpvAction *action = g_ptr_array_index(actions, i);
        const char *word =
            action->type == BPFPV_ACTION_CREATE_CLASS ? BPFPV_ANCHOR_CLASS : action->trait;

        if (word && !g_hash_table_add(words, g_strdup(word)))
            continue;
        if (!act(keeper, action, observed, cancellable, error))
            return FALSE;
        g_ptr_array_add(done, bpfpv_action_describe(action, observed));
    }
    return TRUE;
}

/* What was read is not so any more, by the answer to a write: to be read again. */
static gboolean
is_race(const GError *error)
{
    return g_error_matches(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_CONFLICT) ||
           g_error_matches(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_IN_USE) ||
           g_error_matches(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_NOT_FOUND);
}

static void
wait_after(guint attempt, GCancellable *cancellable)
{
    guint longest = MIN(FIRST_WAIT_MS << MIN(attempt, 10u), MAX_WAIT_MS);
    int wait_ms = g_random_int_range(FIRST_WAIT_MS / 2, (int)longest + 1);
    GPollFD poll_fd;

    if (g_cancellable_make_pollfd(cancellable, &poll_fd)) {
        g_poll(&poll_fd, 1, wait_ms);
        g_cancellable_release_fd(cancellable);
    } else {
        g_usleep((gulong)wait_ms * 1000);
    }
}

BpfpvObserved *
bpfpv_keeper_apply(BpfpvKeeper *keeper, const BpfpvDesired *desired, GPtrArray *done,
                   GCancellable *cancellable, GError **error)
{
    g_autoptr(GHashTable) words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint attempt = 1;; attempt++) {
        g_autoptr(BpfpvObserved) observed = bpfpv_keeper_observe(keeper, cancellable, error);
        g_autoptr(GPtrArray) actions = observed ? bpfpv_reconcile(desired, observed) : NULL;
        g_autoptr(GError) cause = NULL;

        if (!observed)
            return NULL;
        if (act_all(keeper, actions, observed, words, done, cancellable, &cause))
            return g_steal_pointer(&observed);
        if (!is_race(cause) || attempt == MAX_ATTEMPTS) {
            g_propagate_error(error, g_steal_pointer(&cause));
            if (attempt == MAX_ATTEMPTS)
                g_prefix_error(error, "lost against other writers %u times: ", attempt);
            return NULL;
        }
        g_debug("reading again: %s", cause->message);
        wait_after(attempt, cancellable);
    }
}
