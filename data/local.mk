# SPDX-License-Identifier: LGPL-2.1-or-later
if HOST
systemdsystemunit_DATA = data/bpfpvd.service data/bpfpv-metrics.socket data/bpfpv-metrics@.service
dbuspolicy_DATA = data/org.bpfpv1.conf
# As shipped, to compare with; what people edit in $(sysconfdir) is installed once, below.
conf_files = data/bpfpvd.conf
CLEANFILES += data/bpfpvd.service data/bpfpv-metrics@.service
EXTRA_DIST += \
	data/bpfpv-metrics.socket \
	data/bpfpv-metrics@.service.in \
	data/bpfpv-placement.service.in \
	data/bpfpvctl.bash \
	data/bpfpvctl.fish \
	data/bpfpvctl.zsh \
	data/bpfpvd.conf \
	data/bpfpvd.service.in \
	data/org.bpfpv1.conf \
	data/placement.conf
unit_subst = $(SED) -e 's|@bindir[@]|$(bindir)|g' -e 's|@sbindir[@]|$(sbindir)|g' \
	-e 's|@sysconfdir[@]|$(sysconfdir)|g'
data/bpfpvd.service: data/bpfpvd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(unit_subst) $(srcdir)/data/bpfpvd.service.in > $@.tmp && mv $@.tmp $@

data/bpfpv-metrics@.service: data/bpfpv-metrics@.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(unit_subst) $(srcdir)/data/bpfpv-metrics@.service.in > $@.tmp && mv $@.tmp $@

if NOVA
systemdsystemunit_DATA += data/bpfpv-placement.service
conf_files += data/placement.conf
CLEANFILES += data/bpfpv-placement.service
data/bpfpv-placement.service: data/bpfpv-placement.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(unit_subst) $(srcdir)/data/bpfpv-placement.service.in > $@.tmp && mv $@.tmp $@
endif

dist_noinst_SCRIPTS = data/uninstall
pkgdata_DATA = $(conf_files)
# What bpfpvctl --json prints, by command.
jsonschemadir = $(pkgdatadir)/json-schema
dist_jsonschema_DATA = \
	data/json-schema/keys.json \
	data/json-schema/list.json \
	data/json-schema/map.json \
	data/json-schema/plan.json \
	data/json-schema/release.json \
	data/json-schema/show.json \
	data/json-schema/validate.json
bpfpvconfdir = $(sysconfdir)/bpfpv
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)' '$(DESTDIR)$(zshcompletiondir)' \
	  '$(DESTDIR)$(fishcompletiondir)' '$(DESTDIR)$(bpfpvconfdir)'
	$(INSTALL_DATA) $(srcdir)/data/bpfpvctl.bash '$(DESTDIR)$(bashcompletiondir)/bpfpvctl'
	$(INSTALL_DATA) $(srcdir)/data/bpfpvctl.zsh '$(DESTDIR)$(zshcompletiondir)/_bpfpvctl'
	$(INSTALL_DATA) $(srcdir)/data/bpfpvctl.fish '$(DESTDIR)$(fishcompletiondir)'
	for file in $(conf_files); do \
	  to='$(DESTDIR)$(bpfpvconfdir)'/$${file##*/}; \
	  test -e "$$to" || $(INSTALL_DATA) "$(srcdir)/$$file" "$$to" || exit 1; \
	done
uninstall-local:
	SBINDIR='$(sbindir)' UNITDIR='$(systemdsystemunitdir)' HOOKDIR='$(hookdir)' \
	  CONFDIR='$(bpfpvconfdir)' SRCDIR='$(srcdir)' DESTDIR='$(DESTDIR)' $(srcdir)/data/uninstall $(conf_files)
	rm -f '$(DESTDIR)$(bashcompletiondir)/bpfpvctl' '$(DESTDIR)$(zshcompletiondir)/_bpfpvctl' \
	  '$(DESTDIR)$(fishcompletiondir)/bpfpvctl.fish'
endif

# What a guest's owner installs there, instead of having it injected: make install-guest.
guestowndir = $(prefix)/lib/bpfpv
udevrulesdir = $(prefix)/lib/udev/rules.d
EXTRA_DIST += data/bpfpv-guest.service.in data/60-bpfpv-guest.rules
install-guest: bpf/bpfpv-guest$(EXEEXT) $(bpf_objects)
	$(MKDIR_P) '$(DESTDIR)$(guestowndir)' '$(DESTDIR)$(systemdsystemunitdir)' '$(DESTDIR)$(udevrulesdir)'
	$(INSTALL_PROGRAM) bpf/bpfpv-guest$(EXEEXT) '$(DESTDIR)$(guestowndir)'
	$(INSTALL_DATA) $(bpf_objects) '$(DESTDIR)$(guestowndir)'
	$(INSTALL_DATA) $(srcdir)/data/60-bpfpv-guest.rules '$(DESTDIR)$(udevrulesdir)'
	$(SED) -e 's|@guestowndir[@]|$(guestowndir)|g' $(srcdir)/data/bpfpv-guest.service.in \
	  > '$(DESTDIR)$(systemdsystemunitdir)/bpfpv-guest.service'
uninstall-guest:
	cd '$(DESTDIR)$(guestowndir)' && rm -f bpfpv-guest affinity.bpf.o
	-rmdir '$(DESTDIR)$(guestowndir)'
	rm -f '$(DESTDIR)$(systemdsystemunitdir)/bpfpv-guest.service' '$(DESTDIR)$(udevrulesdir)/60-bpfpv-guest.rules'
phony += install-guest uninstall-guest

# Packages: packaging/build-deb, packaging/build-rpm.
EXTRA_DIST += $(srcdir)/packaging
