# SPDX-License-Identifier: LGPL-2.1-or-later
systemdsystemunit_DATA = data/bpfpvd.service
dbuspolicy_DATA = data/org.bpfpv1.conf
bpfpvconfdir = $(sysconfdir)/bpfpv
bpfpvconf_DATA = data/bpfpvd.conf
CLEANFILES += data/bpfpvd.service
EXTRA_DIST += \
	data/bpfpv-placement.service.in \
	data/bpfpvctl.bash \
	data/bpfpvd.conf \
	data/bpfpvd.service.in \
	data/org.bpfpv1.conf \
	data/placement.conf
unit_subst = $(SED) -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g'
data/bpfpvd.service: data/bpfpvd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(unit_subst) $(srcdir)/data/bpfpvd.service.in > $@.tmp && mv $@.tmp $@

if NOVA
systemdsystemunit_DATA += data/bpfpv-placement.service
bpfpvconf_DATA += data/placement.conf
CLEANFILES += data/bpfpv-placement.service
data/bpfpv-placement.service: data/bpfpv-placement.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(unit_subst) $(srcdir)/data/bpfpv-placement.service.in > $@.tmp && mv $@.tmp $@
endif

install-data-local:
	$(MKDIR_P) $(DESTDIR)$(bashcompletiondir)
	$(INSTALL_DATA) $(srcdir)/data/bpfpvctl.bash $(DESTDIR)$(bashcompletiondir)/bpfpvctl
uninstall-local:
	rm -f $(DESTDIR)$(bashcompletiondir)/bpfpvctl
