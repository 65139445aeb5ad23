# SPDX-License-Identifier: LGPL-2.1-or-later
# bpfpvd: everything but main() is a library, which the tests link too.
noinst_LTLIBRARIES += src/daemon/libdaemon.la
src_daemon_libdaemon_la_SOURCES = \
	src/daemon/counters.c src/daemon/counters.h \
	src/daemon/handover.c src/daemon/handover.h \
	src/daemon/log.c src/daemon/log.h \
	src/daemon/withdraw.c src/daemon/withdraw.h \
	src/daemon/bus/bus.c src/daemon/bus/bus.h \
	src/daemon/bus/keys.c src/daemon/bus/keys.h \
	src/daemon/bus/status.c src/daemon/bus/status.h \
	src/daemon/bus/status-host.c \
	src/daemon/bus/status-map.c \
	src/daemon/bus/status-metrics.c \
	src/daemon/bus/status-note.c \
	src/daemon/conf/conf.c src/daemon/conf/conf.h \
	src/daemon/conf/file.c \
	src/daemon/conf/lines.c src/daemon/conf/lines.h \
	src/daemon/conf/nova.c \
	src/daemon/conf/policy.c \
	src/daemon/conf/private.h \
	src/daemon/manager/find.c \
	src/daemon/manager/host.c \
	src/daemon/manager/manager.c src/daemon/manager/manager.h \
	src/daemon/manager/memory.c \
	src/daemon/manager/place.c \
	src/daemon/manager/private.h \
	src/daemon/manager/shutdown.c \
	src/daemon/manager/state.c \
	src/daemon/manager/watch.c \
	src/daemon/manager/withdraw.c \
	src/daemon/pins/admin.c \
	src/daemon/pins/adopt.c \
	src/daemon/pins/check.c \
	src/daemon/pins/note.c \
	src/daemon/pins/pins.c src/daemon/pins/pins.h \
	src/daemon/pins/private.h \
	src/daemon/pins/refusals.c \
	src/daemon/pins/release.c \
	src/daemon/pins/steps.c \
	src/daemon/pins/threads.c \
	src/daemon/pins/truth.c \
	src/daemon/restore/domain.c \
	src/daemon/restore/private.h \
	src/daemon/restore/restore.c src/daemon/restore/restore.h \
	src/daemon/session/demand.c \
	src/daemon/session/facts.c \
	src/daemon/session/jobs.c \
	src/daemon/session/link.c src/daemon/session/link.h \
	src/daemon/session/private.h \
	src/daemon/session/retry.c \
	src/daemon/session/session.c src/daemon/session/session.h \
	src/daemon/session/session-link.c
nodist_src_daemon_libdaemon_la_SOURCES = bus-interface.h
daemon_ldadd = src/daemon/libdaemon.la src/programs/libprograms.la src/host/libhost.la \
	src/xml/libxml.la src/nova/libnova.la src/service/libservice.la src/core/libcore.la \
	$(LIBVIRT_LIBS) $(JSON_LIBS) $(XML_LIBS) $(GLIB_LIBS)

sbin_PROGRAMS += bpfpvd
bpfpvd_SOURCES = src/daemon/main.c
bpfpvd_LDADD = $(daemon_ldadd)

# The interface is written down once, in XML; the daemon holds it as a string.
BUILT_SOURCES += bus-interface.h
CLEANFILES += bus-interface.h
EXTRA_DIST += data/org.bpfpv1.xml
bus-interface.h: data/org.bpfpv1.xml
	$(AM_V_GEN){ echo '#define BPFPV_BUS_XML \'; \
	  $(SED) -e 's/[\\"]/\\&/g' -e 's/.*/    "&\\n" \\/' $(srcdir)/data/org.bpfpv1.xml; \
	  echo '    ""'; } > $@.tmp && mv $@.tmp $@
