# SPDX-License-Identifier: LGPL-2.1-or-later
# The kernel matrix: make check-matrix. A row is a file.
MTEST_LOG_DRIVER = $(LOG_DRIVER)
MTEST_LOG_COMPILER = $(srcdir)/tests/matrix/row
mtests = \
	tests/matrix/5.10-kprobe.mtest \
	tests/matrix/5.10-rt.mtest \
	tests/matrix/5.10.mtest \
	tests/matrix/6.1-arm64.mtest \
	tests/matrix/6.1-kprobe.mtest \
	tests/matrix/6.1-lockdown.mtest \
	tests/matrix/6.1-no-btf.mtest \
	tests/matrix/6.1-rt.mtest \
	tests/matrix/6.1.mtest \
	tests/matrix/6.12-arm64.mtest \
	tests/matrix/6.12-arm64-acpi.mtest \
	tests/matrix/6.12-arm64-kprobe.mtest \
	tests/matrix/6.12-kprobe.mtest \
	tests/matrix/6.12-rt.mtest \
	tests/matrix/6.12.mtest \
	tests/matrix/7.2-kprobe.mtest \
	tests/matrix/7.2.mtest
EXTRA_DIST += tests/bed/guest-half tests/matrix/row tests/matrix/table $(mtests)
check-matrix: all $(matrix_programs)
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(mtests)' TEST_SUITE_LOG=matrix-suite.log; \
	  status=$$?; $(srcdir)/tests/matrix/table $(mtests:.mtest=.log); exit $$status
phony += check-matrix
