/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose a pin is that came with a domain's XML. An orchestrator rewrites <vcpu cpuset>, pins and
 * <numatune> for the host that a domain goes to, and knows nothing of bpfpv's pins: what is not
 * exactly bpfpv's is somebody's will. One rule, for the hook, for a daemon that a domain comes to,
 * and for "bpfpvctl plan". Pure.
 */
#pragma once

#include "xml/status.h"

typedef enum {
    BPFPV_PIN_THEIRS,    /* it stays */
    BPFPV_PIN_INHERITED, /* bpfpv's; before, the thread had none of its own */
    BPFPV_PIN_ORIGINAL,  /* bpfpv's; before, the thread had one of its own: the status's original */
} BpfpvPinOwner;

/**
 * bpfpv_pin_owner:
 * @noted: (nullable): what the status in the XML says of the thread
 * @pin: (nullable): the thread's own pin in the XML
 * @vcpu_cpuset: (nullable): <vcpu cpuset> in the XML
 * @rewritten: (nullable) (element-type BpfpvCpuset): what bpfpv_pin_is_rewritten() has found on
 *   vCPUs of the domain
 *
 * A pin is bpfpv's only if it is exactly what @noted says that bpfpv has applied or is about to.
 * And if the thread had a pin of its own before, only if no vCPU was evidently given that set by
 * somebody: who rewrites a domain's pins gives the same set to many, and one of them may be what
 * bpfpv has applied by accident.
 * Where @noted, of an earlier version, does not say whether the original was inherited: it was if
 * there is a <vcpu cpuset> of which it is no narrower part.
 */
BpfpvPinOwner bpfpv_pin_owner(const BpfpvStatusThread *noted, const BpfpvCpuset *pin,
                              const BpfpvCpuset *vcpu_cpuset, const GPtrArray *rewritten);

/* Whether @noted is there and @pin is not bpfpv's by it: somebody wrote it. @pin: (nullable) */
gboolean bpfpv_pin_is_rewritten(const BpfpvStatusThread *noted, const BpfpvCpuset *pin);

/* Whether @pin is exactly what @noted says that bpfpv has applied or is about to: what is planned,
 * pending, or what it had last and may be given again. */
gboolean bpfpv_pin_is_noted(const BpfpvStatusThread *noted, const BpfpvCpuset *pin);

/* Whether it is an administrator's pin, and still the one that @noted says. The other arguments are
 * as above. */
gboolean bpfpv_pin_is_fixed(const BpfpvStatusThread *noted, const BpfpvCpuset *pin);

/* ---- the pins in a domain's XML ---- */

typedef struct _BpfpvDomainPins BpfpvDomainPins;

/* @root: <domain>, which has to outlive it */
BpfpvDomainPins *bpfpv_domain_pins_new(const xmlNode *root);
void bpfpv_domain_pins_free(BpfpvDomainPins *pins);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvDomainPins, bpfpv_domain_pins_free)
/* Returns: (transfer none) (nullable): the thread's own <vcpupin>, <emulatorpin>, <iothreadpin> */
xmlNode *bpfpv_domain_pins_find(const BpfpvDomainPins *pins, BpfpvThreadKind kind, guint id);
/* Takes it out of the document, with the space before it. */
void bpfpv_domain_pins_remove(BpfpvDomainPins *pins, BpfpvThreadKind kind, guint id);
/* Returns: (transfer full) (nullable): its CPUs; %NULL: it has none that can be read */
BpfpvCpuset *bpfpv_domain_pins_get(const BpfpvDomainPins *pins, BpfpvThreadKind kind, guint id);
/* @status: (nullable): the one in the same XML
 * Returns: (transfer full) (element-type BpfpvCpuset): what somebody wrote for vCPUs */
GPtrArray *bpfpv_domain_pins_rewritten(const BpfpvDomainPins *pins, const BpfpvStatus *status);
/* Returns: (transfer none) (nullable): <vcpu cpuset> */
const BpfpvCpuset *bpfpv_domain_pins_vcpu_cpuset(const BpfpvDomainPins *pins);
