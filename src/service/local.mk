# SPDX-License-Identifier: LGPL-2.1-or-later
# What a service tells systemd, for bpfpvd and bpfpv-placement; stands on GLib alone.
noinst_LTLIBRARIES += src/service/libservice.la
src_service_libservice_la_SOURCES = src/service/notify.c src/service/notify.h
