# SPDX-License-Identifier: LGPL-2.1-or-later
# A real host: make check-host, as root. A row is a file in tests/host/rows, and a line here.
HTEST_LOG_DRIVER = $(LOG_DRIVER)
HTEST_LOG_COMPILER = $(srcdir)/tests/host/host
AM_HTEST_LOG_FLAGS = rows
htests = tests/host/debian-12.htest
EXTRA_DIST += \
	tests/host/debian-12.htest \
	tests/host/debian-13-modular.htest \
	tests/host/debian-13.htest \
	tests/host/host \
	tests/host/image \
	tests/host/inside/install \
	tests/host/inside/row.bash \
	tests/host/machine \
	tests/host/on-host \
	tests/host/package.bash \
	tests/host/rows/10-libvirtd-restart \
	tests/host/rows/15-hook-refused \
	tests/host/rows/17-hook-withheld \
	tests/host/rows/20-service \
	tests/host/rows/30-attach-and-pin \
	tests/host/rows/40-killed \
	tests/host/rows/42-stopped \
	tests/host/rows/50-cpu-offline \
	tests/host/rows/55-reload \
	tests/host/rows/57-watchdog \
	tests/host/rows/60-machine-slice \
	tests/host/rows/70-reboot \
	tests/host/rows/80-upgrade \
	tests/host/rows/85-remove \
	tests/host/rows/90-purge \
	tests/host/rows/95-no-denials \
	tests/host/run-rows \
	tests/host/short.htest \
	tests/host/table \
	tests/host/vm.bash
check-host: all
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(htests)' TEST_SUITE_LOG=host-suite.log; \
	  status=$$?; $(srcdir)/tests/host/table $(htests:.htest=.log); exit $$status
check-host-short:
	$(MAKE) $(AM_MAKEFLAGS) check-host htests=tests/host/short.htest
phony += check-host check-host-short
