/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See placement-check-turns.h. */
#include "placement-check-turns.h"

static void
check_asker_clear(gpointer asker)
{
    bpfpv_cpuset_free(((CheckAsker *)asker)->candidates);
}

static const BpfpvPlanVcpu *
check_before(const Check *check, const ScenarioDomain *domain, guint v)
{
    const BpfpvPlanDomain *before =
        check->before != NULL ? bpfpv_plan_find(check->before, domain->key) : NULL;

    return before != NULL ? before->vcpus->pdata[v] : NULL;
}

/* FALSE: somebody lost a CPU just now, or went elsewhere, for reasons that are not told here. */
static gboolean
check_collect_askers(const Check *check, GArray *askers)
{
    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];

        for (guint v = 0; v < domain->n_vcpus; v++) {
            const BpfpvPlanVcpu *was = check_before(check, domain, v);
            CheckAsker asker = {domain, v,          plan_vcpu(check->plan, domain->key, v)->met,
                                FALSE,  G_MAXINT64, NULL};

            if (check_expected_want(domain, v) != BPFPV_WANT_ANCHOR)
                continue;
            if (was != NULL && check_is_met_anchor(was)) {
                if (!check_stays(check, domain, v))
                    return FALSE;
                continue;
            }
            if (was != NULL && was->want == BPFPV_WANT_ANCHOR) {
                asker.lost = was->lost;
                asker.waiting = was->since;
            }
            asker.candidates = check_candidates(check, domain, v);
            g_array_append_val(askers, asker);
        }
    }
    return TRUE;
}

static gboolean
check_are_alike(const CheckAsker *a, const CheckAsker *b)
{
    return bpfpv_cpuset_equal(a->candidates, b->candidates) &&
           check_shuts(a->domain) == check_shuts(b->domain) &&
           check_isolates(a->domain) == check_isolates(b->domain);
}

/* Of its domain, all who got something could have had the same. */
static gboolean
check_gains_are_alike(const GArray *askers, const CheckAsker *of)
{
    for (guint i = 0; i < askers->len; i++) {
        const CheckAsker *other = &g_array_index(askers, CheckAsker, i);

        if (other->domain == of->domain && other->met &&
            (!check_are_alike(other, of) || other->lost != of->lost))
            return FALSE;
    }
    return TRUE;
}

/* Of @got's domain whoever comes first: @got may have what was that one's turn, if so one more is
 * met. */
static CheckAsker
check_head(const GArray *askers, const CheckAsker *got)
{
    CheckAsker head = *got;

    for (guint i = 0; i < askers->len; i++) {
        const CheckAsker *other = &g_array_index(askers, CheckAsker, i);

        if (other->domain != got->domain)
            continue;
        head.lost |= other->lost;
        head.waiting = MIN(head.waiting, other->waiting);
    }
    return head;
}

/* Returns: (nullable): the rule by which @waits comes before @got, who got a CPU */
static const char *
check_wrong_turn(const Check *check, const GArray *askers, const CheckAsker *waits,
                 const CheckAsker *got)
{
    CheckAsker head = waits->domain != got->domain ? check_head(askers, got) : *got;
    guint64 waits_share =
        (guint64)check_domain_anchors(check, waits->domain) * MAX(got->domain->view.weight, 1);
    guint64 got_share = (guint64)(check_domain_anchors(check, got->domain) - 1) *
                        MAX(waits->domain->view.weight, 1);

    /* Not beyond its share, if that is kept to. */
    if (waits->lost && check->scenario->host.share == BPFPV_SHARE_FAIR && waits_share > got_share)
        return NULL;
    if (waits->lost != head.lost)
        return waits->lost ? "turn who lost one" : NULL;
    if (waits->domain != got->domain && waits_share != got_share)
        return waits_share < got_share ? "turn the fewest for its weight" : NULL;
    return waits->waiting < head.waiting ? "turn who waited longest" : NULL;
}

void
check_turns(Check *check)
{
    g_autoptr(GArray) askers = g_array_new(FALSE, FALSE, sizeof(CheckAsker));

    g_array_set_clear_func(askers, check_asker_clear);
    if (!check_collect_askers(check, askers))
        return;
    for (guint i = 0; i < askers->len; i++) {
        const CheckAsker *waits = &g_array_index(askers, CheckAsker, i);

        if (waits->met ||
            check_domain_anchors(check, waits->domain) >= check_limit(check, waits->domain))
            continue;
        for (guint j = 0; j < askers->len; j++) {
            const CheckAsker *got = &g_array_index(askers, CheckAsker, j);
            const char *rule;

            if (!got->met || !check_are_alike(waits, got) || !check_gains_are_alike(askers, got))
                continue;
            rule = check_wrong_turn(check, askers, waits, got);
            if (rule != NULL)
                check_complain(check, rule, waits->domain, waits->v);
        }
    }
}
