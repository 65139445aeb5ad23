# SPDX-License-Identifier: LGPL-2.1-or-later
# The adapters, each the only user of one outside thing.
noinst_LTLIBRARIES += src/host/libhost.la
src_host_libhost_la_SOURCES = \
	src/host/agent.c src/host/agent.h \
	src/host/cgroup.c src/host/cgroup.h \
	src/host/cgroup-private.h \
	src/host/cgroup-watch.c \
	src/host/channel/channel.c src/host/channel/channel.h \
	src/host/channel/ready.c src/host/channel/ready.h \
	src/host/connections.c src/host/connections.h \
	src/host/domain.c src/host/domain.h \
	src/host/hook-check.c src/host/hook-check.h \
	src/host/hook-check-selinux.c src/host/hook-check-selinux.h \
	src/host/injector.c src/host/injector.h \
	src/host/journal/journal.c src/host/journal/journal.h \
	src/host/journal/entry.c \
	src/host/journal/json.c \
	src/host/journal/private.h \
	src/host/pinner/pinner.c src/host/pinner/pinner.h \
	src/host/pinner/private.h \
	src/host/pinner/defined.c \
	src/host/pinner/link.c \
	src/host/pinner/own.c \
	src/host/pinner/threads.c \
	src/host/memory.c src/host/memory.h \
	src/host/run.c src/host/run.h \
	src/host/run-look.c \
	src/host/threads.c src/host/threads.h \
	src/host/virt.c src/host/virt.h \
	src/host/watch.c src/host/watch.h \
	src/host/watch-events.c \
	src/host/watch-host.c \
	src/host/watch-read.c \
	src/host/watch-private.h \
	src/host/worker.c src/host/worker.h
