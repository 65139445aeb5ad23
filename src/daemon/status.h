/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon knows of a domain, as the dictionaries of data/org.bpfpv1.xml. */
#pragma once

#include "daemon/manager.h"

/* Returns: (transfer floating): aa{sv} */
GVariant *bpfpv_status_list(BpfpvManager *manager);
/* Returns: (transfer floating): a{sv} */
GVariant *bpfpv_status_show(BpfpvManager *manager, const BpfpvManaged *managed);
