# SPDX-License-Identifier: LGPL-2.1-or-later
# make check: no root, no libvirt, under a minute. A test is tests/unit/NAME.c and a line in
# unit_tests; it is linked with $(LDADD), which is everything a test may want.
if HAVE_CMOCKA
unit_tests = \
	tests/unit/test-adopt \
	tests/unit/test-budget \
	tests/unit/test-cases \
	tests/unit/test-cgroup \
	tests/unit/test-channel \
	tests/unit/test-client \
	tests/unit/test-compare \
	tests/unit/test-conf \
	tests/unit/test-config \
	tests/unit/test-cpuset \
	tests/unit/test-daemon \
	tests/unit/test-ctl \
	tests/unit/test-ctl-attach \
	tests/unit/test-ctl-complete \
	tests/unit/test-ctl-domains \
	tests/unit/test-ctl-json \
	tests/unit/test-ctl-line \
	tests/unit/test-ctl-map \
	tests/unit/test-ctl-svg \
	tests/unit/test-ctl-table \
	tests/unit/test-ctl-validate \
	tests/unit/test-ctl-watch \
	tests/unit/test-demand \
	tests/unit/test-devices \
	tests/unit/test-digest \
	tests/unit/test-domain-xml \
	tests/unit/test-guest-cpus \
	tests/unit/test-guest-elf \
	tests/unit/test-guest-elf-same \
	tests/unit/test-guest-interleaving \
	tests/unit/test-guest-loop \
	tests/unit/test-guest-lzma \
	tests/unit/test-guest-mpidr \
	tests/unit/test-guest-ring \
	tests/unit/test-guest-table \
	tests/unit/test-home \
	tests/unit/test-hook \
	tests/unit/test-hook-check \
	tests/unit/test-hook-owner \
	tests/unit/test-hook-script \
	tests/unit/test-host-map \
	tests/unit/test-injector \
	tests/unit/test-isolated \
	tests/unit/test-journal \
	tests/unit/test-keys \
	tests/unit/test-link \
	tests/unit/test-manager \
	tests/unit/test-notify \
	tests/unit/test-memory \
	tests/unit/test-metrics \
	tests/unit/test-nova-conf \
	tests/unit/test-nova-conf-real \
	tests/unit/test-nova-domains \
	tests/unit/test-outside-json \
	tests/unit/test-pace \
	tests/unit/test-pinner \
	tests/unit/test-placement \
	tests/unit/test-placement-mutations \
	tests/unit/test-placement-optimal \
	tests/unit/test-placement-random \
	tests/unit/test-placement-time \
	tests/unit/test-placer-work \
	tests/unit/test-plan \
	tests/unit/test-plan-random \
	tests/unit/test-policy \
	tests/unit/test-quota \
	tests/unit/test-restore \
	tests/unit/test-schema \
	tests/unit/test-session \
	tests/unit/test-share \
	tests/unit/test-status-host \
	tests/unit/test-table \
	tests/unit/test-topology \
	tests/unit/test-truth \
	tests/unit/test-virt-reason \
	tests/unit/test-wire \
	tests/unit/test-worker
if NOVA
unit_tests += \
	tests/unit/test-os-agent \
	tests/unit/test-os-answer \
	tests/unit/test-os-bad-input \
	tests/unit/test-os-conf \
	tests/unit/test-os-reconcile
endif
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

# What the tests share, compiled once.
check_LTLIBRARIES += tests/unit/libunit.la
tests_unit_libunit_la_SOURCES = \
	tests/unit/ctl-fake.c tests/unit/ctl-fake.h \
	tests/unit/ctl-run.c tests/unit/ctl-run.h \
	tests/unit/elf-program.h \
	tests/unit/elf-walk.h \
	tests/unit/fake-http.c tests/unit/fake-http.h \
	tests/unit/frames.c tests/unit/frames.h \
	tests/unit/json-schema.c tests/unit/json-schema.h \
	tests/unit/notify-socket.c tests/unit/notify-socket.h \
	tests/unit/os-run.c tests/unit/os-run.h \
	tests/unit/placement-check.c tests/unit/placement-check.h \
	tests/unit/placement-check-cost.c tests/unit/placement-check-cost.h \
	tests/unit/placement-check-plan.c tests/unit/placement-check-plan.h \
	tests/unit/placement-check-rules.c tests/unit/placement-check-rules.h \
	tests/unit/placement-check-share.c tests/unit/placement-check-share.h \
	tests/unit/placement-check-turns.c tests/unit/placement-check-turns.h \
	tests/unit/plan-world.c tests/unit/plan-world.h \
	tests/unit/random-scenario.c tests/unit/random-scenario.h \
	tests/unit/random-sequence.c tests/unit/random-sequence.h \
	tests/unit/scenario.c tests/unit/scenario.h \
	tests/unit/solve-sequence.c tests/unit/solve-sequence.h \
	tests/unit/unit.c tests/unit/unit.h \
	tests/unit/wrong-solvers.c tests/unit/wrong-solvers.h

# The loader's parts that need no kernel, compiled for the host.
check_LTLIBRARIES += tests/unit/libguest.la
tests_unit_libguest_la_SOURCES = \
	bpf/guest/elf/open.c \
	bpf/guest/elf/section.c \
	bpf/guest/kernel/mpidr.c \
	bpf/guest/kernel/ring.c \
	bpf/guest/loop/host.c \
	bpf/guest/loop/loop.c \
	bpf/guest/loop/publisher.c \
	bpf/guest/table/stream.c \
	bpf/guest/table/table.c \
	bpf/guest/sent/lzma.c
guest_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/bpf/guest
tests_unit_libguest_la_CPPFLAGS = $(guest_cppflags)
tests_unit_test_guest_elf_CPPFLAGS = $(guest_cppflags)
tests_unit_test_guest_elf_same_CPPFLAGS = $(guest_cppflags)
tests_unit_test_guest_interleaving_CPPFLAGS = $(guest_cppflags)
tests_unit_test_guest_loop_CPPFLAGS = $(guest_cppflags)
tests_unit_test_guest_lzma_CPPFLAGS = $(guest_cppflags)
tests_unit_test_guest_mpidr_CPPFLAGS = $(guest_cppflags)
tests_unit_test_guest_ring_CPPFLAGS = $(guest_cppflags)
tests_unit_test_guest_table_CPPFLAGS = $(guest_cppflags)

# Their own libvirt stands in front of the real one, in these programs alone.
tests_unit_test_virt_reason_SOURCES = tests/unit/test-virt-reason.c \
	tests/unit/fake-libvirt.c tests/unit/fake-libvirt.h
tests_unit_test_manager_SOURCES = tests/unit/test-manager.c \
	tests/unit/fake-libvirt.c tests/unit/fake-libvirt.h
tests_unit_test_pinner_SOURCES = tests/unit/test-pinner.c \
	tests/unit/fake-libvirt.c tests/unit/fake-libvirt.h
tests_unit_test_outside_json_SOURCES = tests/unit/test-outside-json.c \
	tests/unit/fake-libvirt.c tests/unit/fake-libvirt.h

# Its functions take the place of libvirt's.
tests_unit_test_restore_SOURCES = \
	tests/unit/test-restore.c tests/unit/fake-domains.c tests/unit/fake-domains.h
tests_unit_test_compare_SOURCES = tests/unit/test-compare.c tests/bench/compare.c tests/bench/compare.h
endif

check_scripts = \
	tests/check-completion \
	tests/check-guide \
	tests/check-install \
	tests/check-layers \
	tests/check-layers-wrong \
	tests/check-manual \
	tests/check-plan
dist_check_SCRIPTS += $(check_scripts) tests/check-style
TESTS += $(check_scripts)
if CHECK_STYLE
TESTS += tests/check-style
endif

EXTRA_DIST += $(srcdir)/tests/fixtures
