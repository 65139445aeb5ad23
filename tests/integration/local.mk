# SPDX-License-Identifier: LGPL-2.1-or-later
# make check-integration: root, real libvirtd, real QEMU, one private world per test program. Their
# names end in .itest, so that automake has rules for them and make check does not run them. A test
# is tests/integration/NAME.c, a line in itest_programs and one for its source.
ITEST_LOG_DRIVER = $(LOG_DRIVER)
ITEST_LOG_COMPILER = $(srcdir)/tests/bed/bed
AM_ITEST_LOG_FLAGS = run --
# .stest is for those whose world has the stock guest, too.
STEST_LOG_DRIVER = $(LOG_DRIVER)
STEST_LOG_COMPILER = $(srcdir)/tests/bed/bed
AM_STEST_LOG_FLAGS = run --stock --

EXTRA_DIST += \
	tests/bed/accel \
	tests/bed/bed \
	tests/bed/demo \
	tests/bed/domain.xml \
	tests/bed/guest \
	tests/bed/image \
	tests/bed/lib.bash \
	tests/bed/libvirtd \
	tests/bed/openstack \
	tests/bed/second \
	tests/bed/stock-image \
	tests/bed/stock-openmp.c \
	tests/bed/world \
	tests/guest/agent \
	tests/guest/bed-task.c \
	tests/guest/churn/churn.h \
	tests/guest/churn/cpuset.c \
	tests/guest/churn/driver.c \
	tests/guest/churn/machine.c \
	tests/guest/churn/main.c \
	tests/guest/churn/members.c \
	tests/guest/churn/task.c \
	tests/guest/churn/truth.c \
	tests/guest/churn/util.c \
	tests/guest/churn/zoo.c \
	tests/guest/init \
	tests/guest/inittab \
	tests/guest/ports \
	tests/guest/rc \
	tests/guest/shutdown

# A script beside bed.c, not to be made from it by make's own rule.
tests/bed/bed: ;

if HAVE_CMOCKA
itest_programs = \
	tests/integration/admin.itest \
	tests/integration/affinity.itest \
	tests/integration/attach.itest \
	tests/integration/bad-input.itest \
	tests/integration/cgroup.itest \
	tests/integration/churn.itest \
	tests/integration/compete.itest \
	tests/integration/guest-package.itest \
	tests/integration/hook.itest \
	tests/integration/hostile.itest \
	tests/integration/hotplug.itest \
	tests/integration/kprobe.itest \
	tests/integration/lifecycle.itest \
	tests/integration/loss.itest \
	tests/integration/map.itest \
	tests/integration/metadata.itest \
	tests/integration/migration.itest \
	tests/integration/neighbours.itest \
	tests/integration/next-run.itest \
	tests/integration/nova-flavor.itest \
	tests/integration/nova-migrate.itest \
	tests/integration/offline.itest \
	tests/integration/oracle.itest \
	tests/integration/originals.itest \
	tests/integration/owner.itest \
	tests/integration/reload.itest \
	tests/integration/restore.itest \
	tests/integration/rewritten.itest \
	tests/integration/save-restore.itest \
	tests/integration/start-destroy.itest \
	tests/integration/threads.itest \
	tests/integration/threads-admin.itest \
	tests/integration/two-guests.itest \
	tests/integration/unanswered.itest \
	tests/integration/wide.itest \
	tests/integration/withdraw.itest
itest_programs += tests/integration/guest-unit.stest tests/integration/stock.stest
if NOVA
itest_programs += \
	tests/integration/placement-api.itest \
	tests/integration/placement-keystone.itest \
	tests/integration/placement-nova.itest
endif
tests_integration_admin_itest_SOURCES = tests/integration/admin.c
tests_integration_affinity_itest_SOURCES = tests/integration/affinity.c
tests_integration_attach_itest_SOURCES = tests/integration/attach.c
tests_integration_bad_input_itest_SOURCES = tests/integration/bad-input.c
tests_integration_cgroup_itest_SOURCES = tests/integration/cgroup.c
tests_integration_churn_itest_SOURCES = tests/integration/churn.c
tests_integration_compete_itest_SOURCES = tests/integration/compete.c
tests_integration_guest_package_itest_SOURCES = tests/integration/guest-package.c
tests_integration_guest_unit_stest_SOURCES = tests/integration/guest-unit.c
tests_integration_hook_itest_SOURCES = tests/integration/hook.c
tests_integration_hostile_itest_SOURCES = tests/integration/hostile.c
tests_integration_hotplug_itest_SOURCES = tests/integration/hotplug.c
tests_integration_kprobe_itest_SOURCES = tests/integration/kprobe.c
tests_integration_lifecycle_itest_SOURCES = tests/integration/lifecycle.c
tests_integration_loss_itest_SOURCES = tests/integration/loss.c
tests_integration_map_itest_SOURCES = tests/integration/map.c
tests_integration_metadata_itest_SOURCES = tests/integration/metadata.c
tests_integration_migration_itest_SOURCES = tests/integration/migration.c
tests_integration_neighbours_itest_SOURCES = tests/integration/neighbours.c
tests_integration_next_run_itest_SOURCES = tests/integration/next-run.c
tests_integration_nova_flavor_itest_SOURCES = tests/integration/nova-flavor.c
tests_integration_nova_migrate_itest_SOURCES = tests/integration/nova-migrate.c
tests_integration_offline_itest_SOURCES = tests/integration/offline.c
tests_integration_oracle_itest_SOURCES = tests/integration/oracle.c
tests_integration_originals_itest_SOURCES = tests/integration/originals.c
tests_integration_owner_itest_SOURCES = tests/integration/owner.c
tests_integration_placement_api_itest_SOURCES = tests/integration/placement-api.c
tests_integration_placement_keystone_itest_SOURCES = tests/integration/placement-keystone.c
tests_integration_placement_nova_itest_SOURCES = tests/integration/placement-nova.c
tests_integration_refused_itest_SOURCES = tests/integration/refused.c
tests_integration_reload_itest_SOURCES = tests/integration/reload.c
tests_integration_restore_itest_SOURCES = tests/integration/restore.c
tests_integration_rewritten_itest_SOURCES = tests/integration/rewritten.c
tests_integration_save_restore_itest_SOURCES = tests/integration/save-restore.c
tests_integration_start_destroy_itest_SOURCES = tests/integration/start-destroy.c
tests_integration_stock_stest_SOURCES = tests/integration/stock.c
tests_integration_threads_itest_SOURCES = tests/integration/threads.c
tests_integration_threads_admin_itest_SOURCES = tests/integration/threads-admin.c
tests_integration_two_guests_itest_SOURCES = tests/integration/two-guests.c
tests_integration_unanswered_itest_SOURCES = tests/integration/unanswered.c
tests_integration_wide_itest_SOURCES = tests/integration/wide.c
tests_integration_withdraw_itest_SOURCES = tests/integration/withdraw.c

# Of the kernel matrix two rows, and these shorter: another kernel, and the other way of attaching.
itests = $(itest_programs) tests/matrix/6.12.mtest tests/matrix/5.10-kprobe.mtest
matrix_programs = tests/integration/oracle.itest tests/integration/refused.itest
EXTRA_PROGRAMS += $(itest_programs) tests/integration/refused.itest
CLEANFILES += $(itest_programs) tests/integration/refused.itest

check_LTLIBRARIES += tests/bed/libbed.la
tests_bed_libbed_la_SOURCES = \
	tests/bed/bed.c tests/bed/bed.h \
	tests/bed/bed-agent.c \
	tests/bed/bed-daemon.c \
	tests/bed/bed-guest.c \
	tests/bed/bed-hook.c \
	tests/bed/bed-pin.c \
	tests/bed/bed-private.h \
	tests/bed/bed-second.c \
	tests/bed/bed-task.c \
	tests/bed/bed-thread.c \
	tests/integration/itest.c tests/integration/itest.h \
	tests/integration/itest-late.c \
	tests/integration/itest-truth.c
if NOVA
tests_bed_libbed_la_SOURCES += tests/bed/os-bed.c tests/bed/os-bed.h
endif

# Preloaded into bpfpvd where its calls are to come late.
late_calls = tests/integration/latecalls.la
EXTRA_LTLIBRARIES = $(late_calls)
CLEANFILES += $(late_calls)
tests_integration_latecalls_la_SOURCES = tests/integration/late-calls.c
tests_integration_latecalls_la_LDFLAGS = -module -avoid-version -shared -rpath /nonexistent
endif

# What the oracle must find wrong: a program that overlooks forks, and the loader beside it.
broken_guest = tests/broken/affinity.bpf.o tests/broken/bpfpv-guest
CLEANFILES += $(broken_guest)
tests/broken/affinity.bpf.o: bpf/affinity.bpf.c $(bpf_headers)
	@$(MKDIR_P) $(@D)
	$(AM_V_BPF)$(bpf_compile) -DBPFPV_TEST_BREAK_FORK -c $(srcdir)/bpf/affinity.bpf.c -o $@.tmp && \
	  $(BPF_STRIP) -g $@.tmp && mv $@.tmp $@
tests/broken/bpfpv-guest: bpf/bpfpv-guest
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp bpf/bpfpv-guest $@

check-integration: all $(itests) $(matrix_programs) $(broken_guest) $(late_calls)
	MATRIX_OPERATIONS=$${MATRIX_OPERATIONS:-500} $(MAKE) $(AM_MAKEFLAGS) check-TESTS \
	  TESTS='$(itests)' TEST_SUITE_LOG=integration-suite.log
phony += check-integration

# ROUNDS=N starts, of domains that were destroyed the moment before, on a machine under load.
check-start-destroy: all tests/integration/start-destroy.itest $(late_calls)
	$(AM_V_at)$(AM_TESTS_ENVIRONMENT) unset CMOCKA_MESSAGE_OUTPUT; \
	  ROUNDS=$${ROUNDS:-1000}; export ROUNDS; \
	  $(srcdir)/tests/bed/bed run -- tests/integration/start-destroy.itest
phony += check-start-destroy
