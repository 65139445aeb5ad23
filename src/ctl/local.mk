# SPDX-License-Identifier: LGPL-2.1-or-later
# bpfpvctl: the public library's first user. "plan" and "validate" need no daemon: they stand on the
# core and on what reads XML, but on nothing of libvirt.
noinst_LTLIBRARIES += src/ctl/libctl.la
src_ctl_libctl_la_SOURCES = \
	src/ctl/cmd-attach.c \
	src/ctl/cmd-detach.c \
	src/ctl/cmd-keys.c \
	src/ctl/cmd-list.c \
	src/ctl/cmd-map.c \
	src/ctl/cmd-metrics.c \
	src/ctl/cmd-plan.c \
	src/ctl/cmd-release.c \
	src/ctl/cmd-reload.c \
	src/ctl/cmd-show.c \
	src/ctl/cmd-validate.c \
	src/ctl/command.h \
	src/ctl/common.c \
	src/ctl/domains.c \
	src/ctl/term.c src/ctl/term.h \
	src/ctl/text-table.c src/ctl/text-table.h \
	src/ctl/line/commands.c \
	src/ctl/line/complete.c \
	src/ctl/line/help.c \
	src/ctl/line/line.h \
	src/ctl/line/options.c \
	src/ctl/line/suggest.c \
	src/ctl/live/follow.c \
	src/ctl/live/live.h \
	src/ctl/live/screen.c \
	src/ctl/live/watch.c \
	src/ctl/map/dense.c \
	src/ctl/map/detail.c \
	src/ctl/map/figures.c \
	src/ctl/map/legend.c \
	src/ctl/map/map.c src/ctl/map/map.h \
	src/ctl/map/model.c src/ctl/map/model.h \
	src/ctl/map/order.c \
	src/ctl/map/private.h \
	src/ctl/map/text.c src/ctl/map/text.h \
	src/ctl/scenario/domain.c \
	src/ctl/scenario/json.c src/ctl/scenario/json.h \
	src/ctl/scenario/near.c \
	src/ctl/scenario/scenario.c src/ctl/scenario/scenario.h \
	src/ctl/scenario/xml.c \
	src/ctl/svg/host.c \
	src/ctl/svg/legend.c \
	src/ctl/svg/private.h \
	src/ctl/svg/svg.c src/ctl/svg/svg.h \
	src/ctl/svg/tile.c \
	src/ctl/svg/write.c

bin_PROGRAMS += bpfpvctl
bpfpvctl_SOURCES = src/ctl/main.c
bpfpvctl_LDADD = src/ctl/libctl.la libbpfpv.la src/programs/libprograms.la src/xml/libxml.la \
	src/core/libcore.la $(JSON_LIBS) $(XML_LIBS) $(GLIB_LIBS)
