# SPDX-License-Identifier: LGPL-2.1-or-later
# nova.conf and its CPU specifications, for the daemon and for nova-hook.
noinst_LTLIBRARIES += src/nova/libnova.la
src_nova_libnova_la_SOURCES = \
	src/nova/conf.c src/nova/conf.h \
	src/nova/conf-load.c \
	src/nova/cpu-spec.c
