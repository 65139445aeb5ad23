/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The solver's state, shared by its steps: placer.c knows the host,
 * domain.c the domains, candidates.c what each vCPU could have,
 * solve.c the order of things, turns.c whose turn it is,
 * home.c chooses where each domain lives by what vacancy.c says is
 * vacant, room.c and best.c the best free CPU, match.c and
 * repack.c move others for it, share.c has who has too much give way, exact.c, by states.c, meets
 * the most on small hosts, cost.c says which is better, cohort.c
 * places cohorts where places.c says there is room, write.c writes
 * the plan, placement-why.c explains.
 */
#pragma once

#include "core/placer/placer.h"

#define BPFPV_NO_CPU (-1)
/* Efficiency classes that are told apart; the last is all slower ones. */
#define BPFPV_MAX_CLASS 7
/* Free threads of a core, and CPUs of a cache, that are told apart. */
#define BPFPV_MAX_ROOM 8
/* CPUs that lead nowhere in this solve, by who asks. */
typedef enum {
    BPFPV_DEAD_FOR_NEW,     /* chains of those that are new in this solve */
    BPFPV_DEAD_FOR_HOLDERS, /* chains of holders too */
    BPFPV_DEAD_FOR_CORES,   /* their cores can't be emptied */
    BPFPV_N_DEAD,
} BpfpvDead;

/* Anchors that bpfpv_placer_search() takes on: it is for small hosts, where it is exact. */
#define BPFPV_MAX_SEARCH 24

typedef struct _BpfpvPlacerDomain BpfpvPlacerDomain;

/* A set that vCPUs or threads had before bpfpv, in a cgroup; interned: most have the same. */
typedef struct {
    BpfpvCpuset *original;
    BpfpvCpuset *allowed;  /* (nullable): what the cgroup allows; NULL: all of the original */
    BpfpvCpuset *usable;   /* original ∩ allowed ∩ online */
    BpfpvCpuset *floating; /* usable, without isolated CPUs where there are others */
    BpfpvCpuset *back;     /* shared with plans: the original, as far as it can be given back */
    BpfpvCpuset *idle;     /* shared with plans: what it is now for a domain without demand */
    BpfpvCpuset *busy;     /* shared with plans: and for one with demand */
    guint users;
    guint floats;     /* users that are not fixed */
    guint left;       /* in this solve, of a tight one: floating CPUs that are not exclusive */
    guint n_busy;     /* CPUs of busy */
    GPtrArray *homes; /* of (nullable) BpfpvOriginHome: busy, within a place that domains live in */
} BpfpvOrigin;

/* What those that live in a place float on. */
typedef struct {
    const BpfpvPlace *place;
    BpfpvCpuset *busy; /* shared with plans */
    guint n;           /* CPUs of it */
} BpfpvOriginHome;

/* Why an anchor is unmet. */
typedef enum {
    BPFPV_REASON_NO_CANDIDATE,
    BPFPV_REASON_RESERVE, /* the domain's own */
    BPFPV_REASON_LIMIT,
    BPFPV_REASON_SHARE,
    BPFPV_REASON_KEPT, /* for those that could float nowhere else */
    BPFPV_REASON_NO_ROOM,
} BpfpvReason;

/* What vCPUs of one domain with the same origin and memory could be anchored to. */
typedef struct {
    BpfpvOrigin *origin;
    const BpfpvCpuset *cells; /* (nullable): ids, borrowed from the guest's topology */
    BpfpvCpuset *set;         /* usable ∩ pools, without fixed and refused CPUs */
    BpfpvCpuset *near;        /* (nullable): the CPUs of the cells; NULL: all are near */
    gboolean any_isolated;    /* some of the set are isolated CPUs */
    gboolean hopeless;        /* in this solve: no chain of moves frees one */
    char *why; /* (nullable): the last sentence about an unmet one, and what it says */
    BpfpvReason why_reason;
    gboolean why_spent; /* nothing but the reserve was left */
    guint why_share;    /* of how many that were wanted */
    guint why_wanted;
    BpfpvCpuset *why_free; /* what was free of the set */
} BpfpvCandidates;

/* vCPUs that overlapping cohorts connect. */
typedef struct {
    BpfpvCpuset *vcpus;
    guint need;                /* of them that float */
    guint n_anchors;           /* of them that want to be anchors */
    guint n_cores;             /* of the guest that those are on */
    const BpfpvCpuset *near;   /* (nullable): what is near one of those, borrowed from it */
    const BpfpvCpuset *place;  /* (nullable): the cache's or cell's CPUs; NULL: anywhere */
    BpfpvCpuset *cpus;         /* (nullable): what its floating vCPUs have; shared with plans */
    BpfpvPlaceKind kind;       /* of place */
    const BpfpvCpuset *lesser; /* (nullable): of home, what was too small for it */
    const BpfpvCpuset *said;   /* (nullable): the place that the plan's sentences name */
} BpfpvComponent;

/* How many CPUs of a set every cache and cell has, in the topology's order. */
typedef struct {
    BpfpvCpuset *of; /* (nullable) */
    guint *in_cache;
    guint *in_cell;
    guint most_in_cache;
} BpfpvRooms;

/* What is vacant in every place for those that may have a set, as a solve found it. */
typedef struct {
    BpfpvCpuset *of; /* (nullable): the set */
    BpfpvSmt smt;
    guint serial; /* of the solve */
    guint *cpus;  /* by place: free ones */
    guint *cores; /* by place: that an anchor may have to itself; with BPFPV_SMT_IGNORE as cpus */
} BpfpvVacancy;

/* What domains that are to live in a place have still to come to it, or float on. */
typedef struct {
    guint anchors;
    guint cores;
    guint cpus; /* anchors and what floats */
} BpfpvClaim;

/* One vCPU of one domain. */
typedef struct {
    BpfpvPlacerDomain *domain;
    guint vcpu;
    BpfpvWant want;  /* in this solve: demand and hold time */
    BpfpvWant asked; /* by the demand */
    guint tasks;
    BpfpvOrigin *origin;
    BpfpvCandidates *candidates;
    BpfpvComponent *component; /* (nullable) */
    int held;                  /* the CPU that it is anchored to by the last plan */
    gint64 since;              /* when it got that */
    gint64 unasked;            /* since when nobody asks for it; 0: somebody does */
    gint64 waiting;            /* since when it is unmet; G_MAXINT64: it is not */
    gboolean displaced;        /* was an anchor and lost its CPU, now or before it began to wait */
    int cpu;                   /* what it gets */
    gboolean stays;            /* on the CPU it had */
    gboolean holds;            /* could stay, so that going elsewhere is a move */
    guint turn;                /* in bpfpv_placer_meet_most(): the number of its turn */
    int was;                   /* in bpfpv_placer_meet_most(): what it had */
    gboolean listed;           /* in a search */
} BpfpvSlot;

typedef struct {
    BpfpvPlacementThread view; /* its original is the origin's */
    BpfpvOrigin *origin;
} BpfpvPlacerThread;

struct _BpfpvPlacerDomain {
    char *key;
    BpfpvPlacementDomain view; /* its pointers are to the following */
    BpfpvDemand *demand;
    BpfpvCpuset *fixed;
    BpfpvCpuset *realtime;
    BpfpvCpuset *pool;
    BpfpvCpuset *allowed;
    BpfpvCpuset *refused;
    char *refused_why;
    BpfpvCpuset *memory;
    BpfpvCpuset *near;
    BpfpvGuestTopology *guest;
    GArray *slots;         /* of BpfpvSlot, by vCPU; never resized */
    GArray *threads;       /* of BpfpvPlacerThread */
    GPtrArray *candidates; /* of BpfpvCandidates */
    GPtrArray *components; /* of BpfpvComponent */
    GPtrArray *wanting;    /* of BpfpvSlot: those that want an anchor in this solve */
    GPtrArray *waiting;    /* of BpfpvSlot: scratch of a solve */
    guint next_waiting;
    guint n_anchors; /* given, in this solve */
    guint limit;     /* in this solve */
    guint n_wanted;  /* in this solve, if somebody waits: anchors, up to the limit */
    guint share;     /* the same: of these, what it keeps whatever others ask for */
    guint group;     /* scratch of share.c */
    const BpfpvPlace
        *home; /* (nullable): where it lives; NULL: not chosen yet, or it asks for nothing */
    BpfpvPlanNeed home_need; /* that this was chosen for */
    BpfpvPlanNeed need;      /* in this solve */
    guint n_units;           /* cores, or CPUs, that its anchors take by policy */
    guint n_open;            /* vCPUs that are not fixed */
    const BpfpvCandidates
        *lodger;                   /* (nullable): of a vCPU that is not fixed; NULL: the memory of
                                    * some is bound to other cells than that of others, and decides */
    const BpfpvCpuset *anchors_in; /* if it has a lodger: where its anchors may be, near memory */
    const BpfpvCpuset *floats_in;  /* and where its vCPUs may float */
    BpfpvCpuset *near_sets[2];     /* (nullable): these two, if they are not its lodger's */
    gboolean known; /* a solve has placed it, or what it was before its sets changed */
    gboolean demands;
    gboolean wants_anchor;
    gboolean dirty;
    gboolean stirred;   /* since the last solve: its candidates, its wishes or its anchors */
    gboolean unsaid;    /* the demand changed: the plan's sentences have to be written again */
    gboolean quiet;     /* it asks for nothing, holds nothing, and the plan says so: only other sets
                         * to float on would change that */
    gboolean recounted; /* other numbers of tasks ask for what it has asked for before */
    BpfpvPlanDomain *planned; /* in placer->plan */
    gboolean moved;           /* that, by this solve: sets, or what is behind them */
    gboolean changed;         /* numbers of tasks, or sentences */
};

struct _BpfpvPlacer {
    BpfpvPlacementHost host; /* its pointers are to the following */
    BpfpvTopology *topology;
    BpfpvCpuset *pool;
    BpfpvCpuset *taken;
    GPtrArray *domains;  /* of BpfpvPlacerDomain, sorted by key */
    GPtrArray *active;   /* of these, in their order: those that are not quiet; in a solve */
    GHashTable *origins; /* of BpfpvOrigin, by its original and allowed set */
    BpfpvPlan *plan;
    GPtrArray *changed;   /* keys of domains: by the last solve */
    GPtrArray *recounted; /* of BpfpvPlacerDomain: in this list since the last solve */
    gboolean settled;     /* another solve would come to the same plan, before settled_us */
    gint64 settled_us;
    gboolean dirty;          /* the host changed, or the fixed CPUs */
    BpfpvCpuset *fixed;      /* CPUs of vCPUs that are pinned statically */
    BpfpvCpuset *reservable; /* those that the reserve is of: online, nobody's, and not isolated
                              * where there are such */
    guint n_cpus;            /* one more than the highest */
    BpfpvCpuset *classes[BPFPV_MAX_CLASS + 1];   /* by efficiency */
    BpfpvCpuset *empty_room[BPFPV_MAX_ROOM + 1]; /* what room is while nobody is anchored */
    BpfpvCpuset *fixed_cores;                    /* CPUs of cores with a fixed one */
    BpfpvRooms rooms[8];                         /* by hash of the set */
    BpfpvVacancy vacancies[8];                   /* by hash of the set */
    guint *capacity[BPFPV_SMT_IGNORE + 1];       /* by place: CPUs or cores if nobody were there */
    guint largest_cache[BPFPV_SMT_IGNORE + 1];   /* the most of a cache */
    BpfpvCpuset *leaders; /* the first threads of cores that anybody can use */
    guint serial;         /* of the solve */
    guint widest; /* online threads of the widest core, not fixed ones, up to BPFPV_MAX_ROOM */
    gint64 now_us;
    gint64 next_us;

    /* Of one solve. */
    GPtrArray *turns;       /* of BpfpvPlacerDomain: a heap, the next one first */
    GPtrArray *tight;       /* of BpfpvOrigin: those that could run out of CPUs */
    BpfpvCpuset *kept;      /* best left to tight origins, though nothing depends on it */
    guint *critical;        /* by CPU: tight origins whose last one it is */
    BpfpvCpuset *exclusive; /* CPUs that floating threads stay off */
    BpfpvCpuset *last_exclusive;
    BpfpvCpuset *stirred;                  /* exclusive now or in the last solve, but not both */
    BpfpvCpuset *free;                     /* nobody's, not fixed, nobody's idle sibling */
    BpfpvCpuset *room[BPFPV_MAX_ROOM + 1]; /* [k]: CPUs of cores with k free threads or more */
    /* [n]: CPUs of caches with n free units or more, and whether that is kept up in this solve. */
    BpfpvCpuset *roomy[BPFPV_SMT_IGNORE + 1][BPFPV_MAX_ROOM + 1];
    gboolean roomy_asked[BPFPV_SMT_IGNORE + 1][BPFPV_MAX_ROOM + 1];
    BpfpvCpuset *units[BPFPV_SMT_IGNORE]; /* the first threads of whole, or of vacant, cores */
    BpfpvClaim *claims;                   /* by place: of those that live in it or in a part */
    BpfpvClaim *lodgers;                  /* by place: of those that live just there */
    BpfpvCpuset *aside[BPFPV_PLACE_HOST]; /* by kind: best left to who lives in so small a place */
    GPtrArray *movers;                    /* scratch: of BpfpvPlacerDomain that need a home */
    gboolean homes_lost;                  /* homes are to be found again in the plan */
    gboolean any_roomy_asked;
    BpfpvCpuset *whole;     /* CPUs of cores whose online threads are all free */
    BpfpvCpuset *occupied;  /* CPUs of cores with an anchor */
    BpfpvCpuset *last_cpus; /* those that are critical */
    BpfpvCpuset *scratch;
    BpfpvCpuset *open, *choice, *marked; /* scratch of bpfpv_placer_best() */
    BpfpvCpuset *visited;
    BpfpvCpuset *dead[BPFPV_N_DEAD];
    GPtrArray *uncovered; /* scratch of bpfpv_placer_keep() */
    BpfpvSlot **owner;    /* by CPU: the anchor that has it */
    BpfpvSlot **idler;    /* by CPU: the isolated anchor that it stays idle for */
    guint *load;          /* by CPU: floating vCPUs of cohorts on its place */
    guint budget;         /* most of the reservable CPUs that the reserve allows */
    guint n_used;         /* reservable CPUs that anchors take */
    guint n_anchors;
    guint n_turns;
    guint n_sharing; /* domains that want anchors, if somebody waits and shares are fair */
    guint looks;     /* at what others have, left */
    guint n_written; /* domains whose plans this solve wrote */
    guint n_moves;
    guint effort;            /* search nodes left */
    guint swaps;             /* tries left */
    gboolean floats_changed; /* the floating sets have to be written again */
};

/* domain.c */
void bpfpv_placer_domain_free(gpointer domain);

/* origin.c */
GHashTable *bpfpv_placer_origins_new(void);
BpfpvOrigin *bpfpv_placer_intern(BpfpvPlacer *placer, const BpfpvCpuset *original,
                                 const BpfpvCpuset *allowed);
void bpfpv_placer_unintern(BpfpvPlacer *placer, BpfpvOrigin *origin);

/* candidates.c */
void bpfpv_placer_refresh(BpfpvPlacer *placer);
void bpfpv_placer_keep(BpfpvPlacer *placer);
void bpfpv_candidates_free(gpointer candidates);
/* @cpu becomes, or is no more, one that floating threads stay off. */
void bpfpv_placer_shut(BpfpvPlacer *placer, guint cpu);
void bpfpv_placer_reopen(BpfpvPlacer *placer, guint cpu);
/* Would all of @cpus being shut leave a tight origin nothing? */
gboolean bpfpv_placer_starves(const BpfpvPlacer *placer, const BpfpvCpuset *cpus);

/* home.c */
void bpfpv_placer_find_needs(BpfpvPlacer *placer);
void bpfpv_placer_choose_homes(BpfpvPlacer *placer);
/* Finds the places again that domains live in, after the topology has changed. */
void bpfpv_placer_find_homes(BpfpvPlacer *placer);
BpfpvCpuset *bpfpv_placer_floats(const BpfpvPlacerDomain *domain, BpfpvOrigin *origin, guint need);

/* vacancy.c */
const BpfpvVacancy *bpfpv_placer_vacancy(BpfpvPlacer *placer, const BpfpvCpuset *set, BpfpvSmt smt);
void bpfpv_placer_clear_claims(BpfpvPlacer *placer);
void bpfpv_placer_claim(BpfpvPlacer *placer, const BpfpvPlace *place, BpfpvClaim claim);
void bpfpv_placer_set_aside(BpfpvPlacer *placer);
void bpfpv_placer_survey_places(BpfpvPlacer *placer);
void bpfpv_placer_forget_places(BpfpvPlacer *placer);
/* The CPUs, or first threads of cores, that anchors with @smt can have. */
const BpfpvCpuset *bpfpv_placer_units(const BpfpvPlacer *placer, BpfpvSmt smt);

/* room.c */
void bpfpv_placer_survey(BpfpvPlacer *placer);
void bpfpv_placer_free_all(BpfpvPlacer *placer);
void bpfpv_placer_note_core(BpfpvPlacer *placer, guint cpu);
const BpfpvCpuset *bpfpv_placer_roomy_caches(BpfpvPlacer *placer, BpfpvSmt smt, guint n);
void bpfpv_placer_clear_room(BpfpvPlacer *placer);

/* best.c: the best CPU that is free for @slot, or BPFPV_NO_CPU. */
int bpfpv_placer_best(BpfpvPlacer *placer, const BpfpvSlot *slot);

/* match.c */
gboolean bpfpv_placer_isolates(const BpfpvSlot *slot);
guint bpfpv_placer_cost_in_cpus(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu);
/* The same, of those CPUs that the reserve is of. */
guint bpfpv_placer_charge(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu);
gboolean bpfpv_placer_can_take(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu);
void bpfpv_placer_put(BpfpvPlacer *placer, BpfpvSlot *slot, int cpu);
void bpfpv_placer_vacate(BpfpvPlacer *placer, BpfpvSlot *slot);
/* Finds a CPU by moving others along a chain; @slot has none yet and gets it. */
gboolean bpfpv_placer_augment(BpfpvPlacer *placer, BpfpvSlot *slot);
gboolean bpfpv_placer_may_look(BpfpvPlacer *placer);
void bpfpv_placer_revive(BpfpvPlacer *placer);
/* May @owner be moved for others in this solve? */
gboolean bpfpv_placer_is_movable(const BpfpvPlacer *placer, const BpfpvSlot *owner);

/* repack.c */
gboolean bpfpv_placer_free_core(BpfpvPlacer *placer, BpfpvSlot *slot);
gboolean bpfpv_placer_search(BpfpvPlacer *placer, BpfpvSlot *slot);
/* Moves @slot to a better CPU if its owner is as well off elsewhere. */
void bpfpv_placer_improve(BpfpvPlacer *placer, BpfpvSlot *slot);

/* exact.c */
void bpfpv_placer_meet_most(BpfpvPlacer *placer);

/* states.c: a small number for each of many large ones. */
typedef struct _BpfpvStates BpfpvStates;
BpfpvStates *bpfpv_states_new(void);
void bpfpv_states_free(BpfpvStates *states);
guint bpfpv_states_count(const BpfpvStates *states);
void bpfpv_states_add(BpfpvStates *states, guint64 state, int value);
gboolean bpfpv_states_find(const BpfpvStates *states, guint64 state, int *value);

/* cost.c */
guint bpfpv_placer_class(const BpfpvPlacer *placer, guint cpu);
/* Anchors on @cpu's core that are not of the same core of the guest as @slot, nor @slot. */
guint bpfpv_placer_count_strangers(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu);
/* The other anchors that one is best near to: those of its cohort, else those of its domain. */
typedef struct {
    const BpfpvSlot *first;  /* (nullable): one of them that has a CPU */
    const BpfpvPlace *place; /* (nullable): of that one, the smallest with room for all of them */
    guint n;                 /* CPUs or cores that all of them take */
} BpfpvCompany;
BpfpvCompany bpfpv_placer_company(const BpfpvPlacer *placer, const BpfpvSlot *slot);
guint bpfpv_placer_cost(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu);

/* cohort.c */
void bpfpv_component_free(gpointer component);
void bpfpv_placer_find_components(BpfpvPlacerDomain *domain);
void bpfpv_placer_place_cohorts(BpfpvPlacer *placer);

/* places.c */
const BpfpvRooms *bpfpv_placer_rooms(BpfpvPlacer *placer, const BpfpvCpuset *set);
void bpfpv_placer_forget_rooms(BpfpvPlacer *placer);

/* turns.c */
typedef gboolean (*BpfpvPlacerWants)(const BpfpvSlot *slot);
typedef gboolean (*BpfpvPlacerGive)(BpfpvPlacer *placer, BpfpvSlot *slot);
void bpfpv_placer_deal(BpfpvPlacer *placer, BpfpvPlacerWants wants, BpfpvPlacerGive give);
/* The domain at @at of a heap goes down to where nobody below it comes before it. */
typedef gboolean (*BpfpvPlacerBefore)(const BpfpvPlacerDomain *a, const BpfpvPlacerDomain *b);
void bpfpv_placer_sift_down(GPtrArray *heap, guint at, BpfpvPlacerBefore before);

/* share.c */
void bpfpv_placer_share(BpfpvPlacer *placer);

/* solve.c, write.c */
/* Nobody is known to find nothing. */
void bpfpv_placer_clear_hopeless(BpfpvPlacer *placer);
void bpfpv_placer_match(BpfpvPlacer *placer);
void bpfpv_placer_write(BpfpvPlacer *placer);
/* Of those alone, where nothing else changed. */
void bpfpv_placer_write_recounted(BpfpvPlacer *placer);

/* placement-why.c: why an anchor is unmet, and what to change; of which cohort a vCPU is; who may
 * leave QEMU's own threads nothing. */
void bpfpv_placer_say_realtime(BpfpvPlacer *placer);
const char *bpfpv_placer_explain(BpfpvPlacer *placer, const BpfpvSlot *slot);
char *bpfpv_placer_explain_cgroup(const BpfpvOrigin *origin, const BpfpvCpuset *cpus);
char *bpfpv_placer_explain_cohort(const BpfpvSlot *slot);

/* Both may be NULL. */
static inline gboolean
bpfpv_placer_same_set(const BpfpvCpuset *a, const BpfpvCpuset *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return bpfpv_cpuset_equal(a, b);
}

static inline void
bpfpv_placer_replace_set(BpfpvCpuset **set, const BpfpvCpuset *by)
{
    BpfpvCpuset *copy = by != NULL ? bpfpv_cpuset_copy(by) : NULL;

    bpfpv_cpuset_free(*set);
    *set = copy;
}

/* Does the reserve leave nobody any of @open, which are free? */
static inline gboolean
bpfpv_placer_is_spent(const BpfpvPlacer *placer, const BpfpvCpuset *open)
{
    return placer->n_used >= placer->budget && bpfpv_cpuset_is_subset(open, placer->reservable);
}

/* (nullable): what is set aside for others than those who live where @slot's domain does. */
static inline const BpfpvCpuset *
bpfpv_placer_aside(const BpfpvPlacer *placer, const BpfpvSlot *slot)
{
    const BpfpvPlace *home = slot->domain->home;

    return home != NULL && home->kind > BPFPV_PLACE_CACHE ? placer->aside[home->kind - 1] : NULL;
}

static inline gboolean
bpfpv_placer_is_aside(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu)
{
    const BpfpvCpuset *aside = bpfpv_placer_aside(placer, slot);

    return aside != NULL && bpfpv_cpuset_contains(aside, cpu);
}

static inline gint64
bpfpv_placer_hold_us(const BpfpvPlacer *placer, const BpfpvPlacerDomain *domain)
{
    gint64 own = domain->view.hold_us;

    return own == 0 ? placer->host.hold_us : MAX(own, 0);
}

/* Whether an anchor has had its CPU for its time, so that it may be moved. */
static inline gboolean
bpfpv_placer_has_rested(const BpfpvPlacer *placer, const BpfpvSlot *slot)
{
    return slot->since + bpfpv_placer_hold_us(placer, slot->domain) <= placer->now_us;
}

static inline BpfpvSlot *
bpfpv_slot_at(const BpfpvPlacerDomain *domain, guint vcpu)
{
    return &g_array_index(domain->slots, BpfpvSlot, vcpu);
}
