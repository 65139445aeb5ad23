/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The channel's end in the guest: a named virtio-serial port.
 */
#ifndef BPFPV_GUEST_PORT_H
#define BPFPV_GUEST_PORT_H

#include "complain.h"

/**
 * port_open:
 * @name: the channel's name, "org.bpfpv.0"
 * @fd: (out): the port, non-blocking
 *
 * Finds the port by its name in sysfs, without udev, and opens it. The host
 * may have attached it a moment ago, so this waits up to 10 seconds for it.
 *
 * Returns: %EXIT_RUNNING, or %EXIT_CHANNEL after complaining
 */
enum exit_code port_open(const char *name, int *fd);

/**
 * port_await_host:
 * @name: for the complaint
 * @fd: the port
 *
 * Waits until the host has said something, which stays to be read. However long that takes, nothing
 * wakes this but the port.
 *
 * Returns: %EXIT_RUNNING, or %EXIT_CHANNEL after complaining, if the port is unplugged
 */
enum exit_code port_await_host(const char *name, int fd);

#endif
