# SPDX-License-Identifier: LGPL-2.1-or-later
# libbpfpv.so: the public library. Exports what its map names and nothing else.
lib_LTLIBRARIES += libbpfpv.la
libbpfpv_la_SOURCES = \
	src/client/change.c \
	src/client/client.c src/client/client.h \
	src/client/error.c src/client/error.h \
	src/client/reload.c \
	src/client/watch.c
libbpfpv_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
libbpfpv_la_LIBADD = $(GLIB_LIBS)
libbpfpv_la_LDFLAGS = $(AM_LDFLAGS) -version-info $(LIBBPFPV_VERSION_INFO) -no-undefined \
	-Wl,--version-script=$(srcdir)/src/client/libbpfpv.map
libbpfpv_la_DEPENDENCIES = src/client/libbpfpv.map
EXTRA_DIST += src/client/libbpfpv.map

bpfpvincludedir = $(includedir)/bpfpv
bpfpvinclude_HEADERS = include/bpfpv/bpfpv.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = data/libbpfpv.pc
