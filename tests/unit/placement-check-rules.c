/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See placement-check-rules.h. */
#include "placement-check-rules.h"

void
check_is_listed(const char *rule)
{
    for (gsize i = 0; i < G_N_ELEMENTS(check_rules); i++) {
        if (strcmp(check_rules[i], rule) == 0)
            return;
    }
    fail_msg("\"%s\" is not in check_rules[]", rule);
}
