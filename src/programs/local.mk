# SPDX-License-Identifier: LGPL-2.1-or-later
# The host half of each guest program.
noinst_LTLIBRARIES += src/programs/libprograms.la
src_programs_libprograms_la_SOURCES = \
	src/programs/affinity.c \
	src/programs/program.h \
	src/programs/registry.c
