# SPDX-License-Identifier: LGPL-2.1-or-later
# make bench: the solver's cost. make bench-guest, as root: what a guest pays. make bench-host, as
# root: how long a pin takes, and what it costs the host. make bench-scale: what a thousand domains
# and hostile guests cost the daemon. A bench of one file is
# tests/bench/NAME.c and a line in bench_programs.
bench_programs = \
	tests/bench/bench-placement
tests_bench_bench_placement_SOURCES = \
	tests/bench/bench-allocations.h \
	tests/bench/bench-hard.c tests/bench/bench-hard.h \
	tests/bench/bench-placement.c \
	tests/bench/bench-time.h
bench: $(bench_programs)
	$(AM_V_at)for program in $(bench_programs); do G_SLICE=always-malloc $$program || exit; done

if HAVE_CMOCKA
# Over the fixture of the integration tests, in a guest.
guest_bench_programs = tests/bench/bench-guest tests/bench/bench-host tests/guest/bed-bench
scale_bench_programs = tests/bench/bench-scale
tests_bench_bench_scale_SOURCES = \
	tests/bench/bench-scale.c \
	tests/bench/report.c tests/bench/report.h \
	tests/bench/scale-guests.c tests/bench/scale-guests.h \
	tests/unit/fake-libvirt.c tests/unit/fake-libvirt.h
bench-scale: $(scale_bench_programs)
	$(AM_V_at)tests/bench/bench-scale $(bench)
bench-scale-quick: $(scale_bench_programs)
	$(AM_V_at)BENCH_QUICK=yes tests/bench/bench-scale
tests_bench_bench_host_SOURCES = \
	tests/bench/bench-guest.h \
	tests/bench/bench-host.c \
	tests/bench/bench-loader.c \
	tests/bench/host-probe.c tests/bench/host-probe.h \
	tests/bench/report.c tests/bench/report.h
tests_bench_bench_guest_SOURCES = \
	tests/bench/bench-guest.c tests/bench/bench-guest.h \
	tests/bench/bench-loader.c \
	tests/bench/compare.c tests/bench/compare.h
tests_guest_bed_bench_CPPFLAGS =
tests_guest_bed_bench_CFLAGS = -std=gnu11 -O2 -pthread $(WARN_CFLAGS)
tests_guest_bed_bench_LDFLAGS = -all-static -static -s -pthread
tests_guest_bed_bench_LDADD =
run_guest_bench = $(AM_TESTS_ENVIRONMENT) unset CMOCKA_MESSAGE_OUTPUT; \
	BED_KERNEL=$${BED_KERNEL:-6.12}; export BED_KERNEL; \
	BED_BENCH='$(abs_top_builddir)/tests/guest/bed-bench'; export BED_BENCH; \
	$(srcdir)/tests/bed/bed run --
bench-guest: all $(guest_bench_programs)
	$(AM_V_at)$(run_guest_bench) tests/bench/bench-guest $(bench)
bench-host: all $(guest_bench_programs)
	$(AM_V_at)$(run_guest_bench) tests/bench/bench-host $(bench)
bench-host-quick: all $(guest_bench_programs)
	$(AM_V_at)BENCH_QUICK=yes; export BENCH_QUICK; $(run_guest_bench) tests/bench/bench-host
endif
EXTRA_PROGRAMS += $(bench_programs) $(guest_bench_programs) $(scale_bench_programs)
CLEANFILES += $(bench_programs) $(guest_bench_programs) $(scale_bench_programs)
phony += bench bench-guest bench-host bench-host-quick bench-scale bench-scale-quick
