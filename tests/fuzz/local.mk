# SPDX-License-Identifier: LGPL-2.1-or-later
# Fuzz targets: tests/fuzz/NAME.c and a line in fuzz_targets. With --enable-fuzzing (clang) libFuzzer
# drives them, and the libraries under test report what it reaches; else they replay files.
if HAVE_CMOCKA
fuzz_targets = \
	tests/fuzz/fuzz-elf \
	tests/fuzz/fuzz-hook \
	tests/fuzz/fuzz-nova-conf \
	tests/fuzz/fuzz-plan \
	tests/fuzz/fuzz-wire
if NOVA
fuzz_targets += tests/fuzz/fuzz-answer
endif
if FUZZING
noinst_PROGRAMS += $(fuzz_targets)
fuzz_main = $(FUZZ_LIBS)
else
check_PROGRAMS += $(fuzz_targets)
check_LTLIBRARIES += tests/fuzz/libstandalone.la
tests_fuzz_libstandalone_la_SOURCES = tests/fuzz/standalone.c
fuzz_main = tests/fuzz/libstandalone.la
endif
tests_fuzz_fuzz_elf_CPPFLAGS = $(guest_cppflags) -I$(top_srcdir)/tests/unit
tests_fuzz_fuzz_elf_LDADD = $(fuzz_main) $(LDADD)
tests_fuzz_fuzz_hook_LDADD = $(fuzz_main) $(LDADD)
tests_fuzz_fuzz_nova_conf_LDADD = $(fuzz_main) $(LDADD)
tests_fuzz_fuzz_plan_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
tests_fuzz_fuzz_plan_LDADD = $(fuzz_main) $(LDADD)
tests_fuzz_fuzz_wire_LDADD = $(fuzz_main) $(LDADD)
tests_fuzz_fuzz_answer_LDADD = $(fuzz_main) $(LDADD)
endif
EXTRA_DIST += $(srcdir)/tests/fuzz/answer-seeds $(srcdir)/tests/fuzz/hook-seeds
