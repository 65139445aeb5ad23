/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What has happened since the daemon was started; see counters.h. */
#include "daemon/counters.h"

BpfpvCounters bpfpv_counters;

const char *
bpfpv_pin_result_to_string(BpfpvPinResult result)
{
    static const char *const names[] = {
        [BPFPV_PIN_DONE] = "done",     [BPFPV_PIN_REFUSED] = "refused", [BPFPV_PIN_BUSY] = "busy",
        [BPFPV_PIN_UNSURE] = "unsure", [BPFPV_PIN_FAILED] = "failed",
    };

    return names[result];
}
