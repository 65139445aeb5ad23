# SPDX-License-Identifier: LGPL-2.1-or-later
# The working tree in roots of Debian's releases: make check-distros. Needs root, and nothing built.
distros = 12 13 sid
steps = build check distcheck
EXTRA_DIST += tests/distros/check tests/distros/enter tests/distros/root tests/distros/step
check-distros:
	$(AM_V_at)$(srcdir)/tests/distros/check distros '$(distros)' '$(steps)'
clean-local: clean-distros
clean-distros:
	rm -rf distros
phony += check-distros clean-distros
