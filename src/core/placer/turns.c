/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose turn it is to get a CPU. The domains wait in a heap, so that a turn
 * costs the logarithm of their number.
 */
#include "core/placer/private.h"

#include <string.h>

static int
compare_waiting(gconstpointer a, gconstpointer b)
{
    const BpfpvSlot *left = *(BpfpvSlot *const *)a, *right = *(BpfpvSlot *const *)b;

    if (left->displaced != right->displaced)
        return left->displaced ? -1 : 1;
    if (left->waiting != right->waiting)
        return left->waiting < right->waiting ? -1 : 1;
    return left->vcpu < right->vcpu ? -1 : 1;
}

static BpfpvSlot *
head_of(const BpfpvPlacerDomain *domain)
{
    return domain->waiting->pdata[domain->next_waiting];
}

/* Who lost an anchor comes before who never had it; then the domain with the fewest anchors for
 * its weight; then who has waited longest; then the order of the keys. */
static gboolean
comes_before(const BpfpvPlacerDomain *a, const BpfpvPlacerDomain *b)
{
    const BpfpvSlot *left = head_of(a), *right = head_of(b);
    guint64 left_share = (guint64)a->n_anchors * MAX(b->view.weight, 1);
    guint64 right_share = (guint64)b->n_anchors * MAX(a->view.weight, 1);

    if (left->displaced != right->displaced)
        return left->displaced;
    if (left_share != right_share)
        return left_share < right_share;
    if (left->waiting != right->waiting)
        return left->waiting < right->waiting;
    return strcmp(a->key, b->key) < 0;
}

void
bpfpv_placer_sift_down(GPtrArray *heap, guint at, BpfpvPlacerBefore before)
{
    gpointer *domains = heap->pdata;
    gpointer domain = domains[at];

    for (guint child = 2 * at + 1; child < heap->len; child = 2 * at + 1) {
        if (child + 1 < heap->len && before(domains[child + 1], domains[child]))
            child++;
        if (!before(domains[child], domain))
            break;
        domains[at] = domains[child];
        at = child;
    }
    domains[at] = domain;
}

static void
remove_first(GPtrArray *heap)
{
    g_ptr_array_remove_index_fast(heap, 0);
    if (heap->len > 1)
        bpfpv_placer_sift_down(heap, 0, comes_before);
}

static void
line_up(BpfpvPlacerDomain *domain, BpfpvPlacerWants wants)
{
    domain->next_waiting = 0;
    g_ptr_array_set_size(domain->waiting, 0);
    for (guint i = 0; i < domain->wanting->len; i++) {
        if (wants(domain->wanting->pdata[i]))
            g_ptr_array_add(domain->waiting, domain->wanting->pdata[i]);
    }
    if (domain->waiting->len > 1)
        g_ptr_array_sort(domain->waiting, compare_waiting);
}

/* Everybody that @wants gets a turn, one anchor at a time; @give changes the number of anchors of
 * nobody's domain but its own. */
void
bpfpv_placer_deal(BpfpvPlacer *placer, BpfpvPlacerWants wants, BpfpvPlacerGive give)
{
    GPtrArray *heap = placer->turns;

    g_ptr_array_set_size(heap, 0);
    for (guint d = 0; d < placer->active->len; d++) {
        BpfpvPlacerDomain *domain = placer->active->pdata[d];

        if (domain->wanting->len == 0)
            continue;
        line_up(domain, wants);
        if (domain->waiting->len > 0)
            g_ptr_array_add(heap, domain);
    }
    for (guint i = heap->len / 2; i-- > 0;)
        bpfpv_placer_sift_down(heap, i, comes_before);
    while (heap->len > 0) {
        BpfpvPlacerDomain *domain = heap->pdata[0];

        if (domain->n_anchors < domain->limit)
            give(placer, domain->waiting->pdata[domain->next_waiting++]);
        if (domain->n_anchors >= domain->limit || domain->next_waiting == domain->waiting->len)
            remove_first(heap);
        else
            bpfpv_placer_sift_down(heap, 0, comes_before);
    }
}
