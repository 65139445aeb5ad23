/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A libvirt that is asked instead of the real one, with a domain of two vCPUs and an I/O thread.
 * As the real one, every call clears the calling thread's last error first, those that cannot fail
 * too. One call can be made to fail.
 */
#pragma once

#include <glib.h>

/* What the chosen call fails with. */
#define FAKE_LIBVIRT_MESSAGE "the reason of the call that failed"

/* @call: (nullable): the name of the function that fails from now on, with libvirt's error @code */
void fake_libvirt_fail(const char *call, int code);

/* How often that call has failed since. */
guint fake_libvirt_failures(void);
