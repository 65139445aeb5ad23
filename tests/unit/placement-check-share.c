/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See placement-check-share.h. */
#include "placement-check-share.h"

#include "placement-check-plan.h"

/* Of the host that this is checked on. */
#define MOST_CPUS 16
#define NOBODY (-1)
#define RESERVE (-2)

typedef struct {
    const ScenarioDomain *domain;
    BpfpvCpuset *candidates; /* of any of its anchors */
    guint wanted;
    guint has; /* anchors */
    guint share;
    gboolean out; /* its want is met, or nothing is left for it */
} Party;

typedef struct {
    const Check *check;
    GArray *parties;      /* of Party */
    int owner[MOST_CPUS]; /* by CPU: a party, NOBODY or RESERVE */
    gboolean visited[MOST_CPUS];
} Deal;

static void
party_clear(gpointer party)
{
    bpfpv_cpuset_free(((Party *)party)->candidates);
}

static Party *
party_at(const Deal *deal, guint at)
{
    return &g_array_index(deal->parties, Party, at);
}

static void
add_party(Deal *deal, const Check *check, const ScenarioDomain *domain)
{
    Party party = {domain, bpfpv_cpuset_new(), 0, check_domain_anchors(check, domain), 0, FALSE};

    for (guint v = 0; v < domain->n_vcpus; v++) {
        g_autoptr(BpfpvCpuset) its = check_candidates(check, domain, v);
        gboolean young;

        bpfpv_cpuset_unite(party.candidates, its);
        party.wanted += check_expected_want(domain, v) == BPFPV_WANT_ANCHOR ||
                        check_held(check, domain, v, &young) >= 0;
    }
    party.wanted = MIN(party.wanted, check_limit(check, domain));
    g_array_append_val(deal->parties, party);
}

/* Another CPU for @who, which gets it from nobody or from one that finds another. */
static gboolean
find_one(Deal *deal, int who)
{
    const BpfpvCpuset *set =
        who == RESERVE ? deal->check->reservable : party_at(deal, (guint)who)->candidates;

    for (guint c = 0; c < MOST_CPUS; c++) {
        if (!bpfpv_cpuset_contains(set, c) || deal->visited[c])
            continue;
        deal->visited[c] = TRUE;
        if (deal->owner[c] == NOBODY || find_one(deal, deal->owner[c])) {
            deal->owner[c] = who;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
find_several(Deal *deal, int who, guint n)
{
    int owner[MOST_CPUS];

    memcpy(owner, deal->owner, sizeof(owner));
    for (; n > 0; n--) {
        memset(deal->visited, 0, sizeof(deal->visited));
        if (!find_one(deal, who)) {
            memcpy(deal->owner, owner, sizeof(owner));
            return FALSE;
        }
    }
    return TRUE;
}

static guint
widest_core(const Check *check)
{
    const GPtrArray *cores = bpfpv_topology_cores(check->scenario->topology);
    g_autoptr(BpfpvCpuset) open = bpfpv_cpuset_copy(check->online);
    guint widest = 1;

    bpfpv_cpuset_subtract(open, check->fixed);
    for (guint i = 0; i < cores->len; i++)
        widest = MAX(widest, bpfpv_cpuset_count_common(cores->pdata[i], open));
    return widest;
}

/* Is the next CPU @a's? Of equals who has more anchors, but for the one that is @favoured or that
 * the favour is @against. */
static gboolean
is_poorer(const Party *a, const Party *b, const ScenarioDomain *one, gboolean favoured)
{
    guint64 left = (guint64)a->share * MAX(b->domain->view.weight, 1);
    guint64 right = (guint64)b->share * MAX(a->domain->view.weight, 1);

    if (left != right)
        return left < right;
    if (a->domain == one || b->domain == one)
        return (a->domain == one) == favoured;
    if (a->has != b->has)
        return a->has > b->has;
    return strcmp(a->domain->key, b->domain->key) < 0;
}

/* The share of @one, where equals are dealt to in its favour, or in others'. */
static guint
share_of(Deal *deal, const ScenarioDomain *one, gboolean favoured)
{
    const Check *check = deal->check;
    guint reserved = bpfpv_cpuset_count(check->reservable) - check->budget;
    guint widest = widest_core(check), share = 0;

    for (guint c = 0; c < MOST_CPUS; c++)
        deal->owner[c] = NOBODY;
    find_several(deal, RESERVE, reserved);
    for (guint i = 0; i < deal->parties->len; i++) {
        party_at(deal, i)->share = 0;
        party_at(deal, i)->out = FALSE;
    }
    for (;;) {
        int next = NOBODY;

        for (guint i = 0; i < deal->parties->len; i++) {
            const Party *party = party_at(deal, i);

            if (!party->out &&
                (next < 0 || is_poorer(party, party_at(deal, (guint)next), one, favoured)))
                next = (int)i;
        }
        if (next < 0)
            break;
        if (party_at(deal, (guint)next)->share == party_at(deal, (guint)next)->wanted ||
            !find_several(deal, next,
                          check_isolates(party_at(deal, (guint)next)->domain) ? widest : 1))
            party_at(deal, (guint)next)->out = TRUE;
        else
            party_at(deal, (guint)next)->share++;
    }
    for (guint i = 0; i < deal->parties->len; i++)
        share = party_at(deal, i)->domain == one ? party_at(deal, i)->share : share;
    return share;
}

/* ---- the rule ---- */

static gboolean
was_held(const Check *check, const ScenarioDomain *domain, guint v)
{
    gboolean young;

    return check_held(check, domain, v, &young) >= 0;
}

/* Who lost an anchor that it could have kept still has its share; and so many others got one. */
static void
check_losses(Check *check, Deal *deal)
{
    guint n_lost = 0, n_new = 0;

    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];
        guint new = 0;

        for (guint v = 0; v < domain->n_vcpus; v++) {
            gboolean met = check_is_met_anchor(plan_vcpu(check->plan, domain->key, v));

            new += met && !was_held(check, domain, v);
            if (met || !was_held(check, domain, v))
                continue;
            n_lost++;
            if (domain->view.max_anchors != G_MAXUINT ||
                check_domain_anchors(check, domain) < share_of(deal, domain, FALSE))
                check_complain(check, "9 keeps its share", domain, v);
        }
        if (new > 0 && check_domain_anchors(check, domain) <= share_of(deal, domain, TRUE))
            n_new += new;
    }
    if (n_lost > n_new)
        check_complain_of_all(check->complaints, "9 one for one", "");
}

/* Is there any CPU for @v that nobody has? It might go there if it may be moved. */
static gboolean
could_move(const Check *check, const ScenarioDomain *domain, guint v)
{
    g_autoptr(BpfpvCpuset) candidates = check_candidates(check, domain, v);

    return !bpfpv_cpuset_is_subset(candidates, check->anchored);
}

/* Could @v have a CPU of an anchor of @rich's as it is? */
static gboolean
could_take(const Check *check, const ScenarioDomain *domain, guint v, const ScenarioDomain *rich)
{
    g_autoptr(BpfpvCpuset) candidates = check_candidates(check, domain, v);

    if (check_shuts(domain) != check_shuts(rich))
        return FALSE; /* not one for one */
    for (guint w = 0; w < rich->n_vcpus; w++) {
        const BpfpvPlanVcpu *other = plan_vcpu(check->plan, rich->key, w);

        if (check_is_met_anchor(other) && bpfpv_cpuset_is_subset(other->cpus, candidates) &&
            !could_move(check, rich, w))
            return TRUE;
    }
    return FALSE;
}

/* Nobody has more than its share where somebody waits who has less. */
static void
check_poor(Check *check, Deal *deal, const ScenarioDomain *domain, guint v)
{
    if (check_domain_anchors(check, domain) >= share_of(deal, domain, FALSE))
        return;
    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *rich = check->scenario->domains->pdata[d];

        if (rich != domain && rich->view.max_anchors == G_MAXUINT && !check_isolates(rich) &&
            check_domain_anchors(check, rich) > share_of(deal, rich, TRUE) &&
            could_take(check, domain, v, rich)) {
            check_complain(check, "9 has its share", domain, v);
            return;
        }
    }
}

void
check_shares(Check *check)
{
    Deal deal = {.check = check};

    if (check->scenario->host.share != BPFPV_SHARE_FAIR ||
        bpfpv_cpuset_last(bpfpv_topology_present(check->scenario->topology)) >= MOST_CPUS)
        return;
    deal.parties = g_array_new(FALSE, FALSE, sizeof(Party));
    g_array_set_clear_func(deal.parties, party_clear);
    for (guint d = 0; d < check->scenario->domains->len; d++)
        add_party(&deal, check, check->scenario->domains->pdata[d]);
    if (check_all_can_hold(check))
        check_losses(check, &deal);
    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];

        for (guint v = 0; v < domain->n_vcpus; v++) {
            const BpfpvPlanVcpu *vcpu = plan_vcpu(check->plan, domain->key, v);

            if (vcpu->want == BPFPV_WANT_ANCHOR && !vcpu->met && !check_isolates(domain))
                check_poor(check, &deal, domain, v);
        }
    }
    g_array_unref(deal.parties);
}
