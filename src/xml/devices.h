/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's PCI devices that a domain has: GPUs, NICs. Which they are its XML says, which memory
 * cell each is near to sysfs.
 */
#pragma once

#include "xml/document.h"

/**
 * bpfpv_devices_read:
 * @root: a domain's XML
 *
 * Finds <hostdev mode="subsystem" type="pci"> and <interface type="hostdev">. What is no address
 * of a PCI device is not taken for one.
 *
 * Returns: (transfer full) (element-type utf8): addresses as sysfs has them, "0000:3b:00.0", each
 *   once, in the order of the XML
 */
GPtrArray *bpfpv_devices_read(const xmlNode *root);

/**
 * bpfpv_devices_cells:
 * @devices: (element-type utf8): addresses as bpfpv_devices_read() returns them
 * @sysfs: where sysfs is: "/sys"
 * @unknown: (out) (transfer full) (element-type utf8): those of @devices of which the kernel does
 *   not say where they are: numa_node (Documentation/ABI/testing/sysfs-bus-pci) is -1, or not there
 *
 * Returns: (transfer full): ids of the cells that the others are near to; may be empty
 */
BpfpvCpuset *bpfpv_devices_cells(const GPtrArray *devices, const char *sysfs, GPtrArray **unknown);

/**
 * bpfpv_devices_mistake:
 * @devices: (element-type utf8): of a domain that is to be near to its devices
 * @unknown: (element-type utf8): those of them that are nobody knows where
 *
 * Returns: (transfer full) (nullable): a sentence for people: why it is not, or not to all; %NULL:
 *   it is
 */
char *bpfpv_devices_mistake(const GPtrArray *devices, const GPtrArray *unknown);
