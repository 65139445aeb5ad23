# SPDX-License-Identifier: LGPL-2.1-or-later
# A real cloud: make check-nova. In a world with a host name of its own, which is a compute node's.
NTEST_LOG_DRIVER = $(LOG_DRIVER)
NTEST_LOG_COMPILER = $(srcdir)/tests/bed/bed
AM_NTEST_LOG_FLAGS = run -- unshare --uts --
ntests = tests/nova/flavor.ntest
EXTRA_DIST += $(ntests) \
	tests/nova/cloud \
	tests/nova/etc/glance-api.conf \
	tests/nova/etc/keystone.conf \
	tests/nova/etc/nova-controller.conf \
	tests/nova/etc/nova.conf \
	tests/nova/etc/placement.conf \
	tests/nova/guide \
	tests/nova/lib.bash \
	tests/nova/look.bash \
	tests/nova/packages
check-nova: all
	BPFPV_SYSCONFDIR='$(sysconfdir)' $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(ntests)' \
	  TEST_SUITE_LOG=nova-suite.log
phony += check-nova
