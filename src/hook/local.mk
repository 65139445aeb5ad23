# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirt runs it with a domain's lock held: libxml2, GLib, core, and never libvirt.
noinst_LTLIBRARIES += src/hook/libhook.la
src_hook_libhook_la_SOURCES = \
	src/hook/hook.c src/hook/hook.h \
	src/hook/repair.c src/hook/repair.h
hook_ldadd = src/hook/libhook.la src/programs/libprograms.la src/xml/libxml.la src/core/libcore.la \
	$(XML_LIBS) $(GLIB_LIBS)

sbin_PROGRAMS += bpfpv-qemu-hook
bpfpv_qemu_hook_SOURCES = src/hook/main.c
bpfpv_qemu_hook_LDADD = $(hook_ldadd)

# What starts it is a script that can't fail; data/hook-setup puts it where libvirtd looks for it.
# Into a DESTDIR it is put as it is: nothing can be tried there.
pkgdata_SCRIPTS = src/hook/qemu-hook
pkglibexec_SCRIPTS = data/hook-setup
CLEANFILES += src/hook/qemu-hook data/hook-setup
EXTRA_DIST += src/hook/qemu-hook.in data/hook-setup.in
script_subst = $(SED) -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
	-e 's|@pkgdatadir[@]|$(pkgdatadir)|g'
src/hook/qemu-hook: src/hook/qemu-hook.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(script_subst) $(srcdir)/src/hook/qemu-hook.in > $@.tmp && \
	  chmod +x $@.tmp && mv $@.tmp $@
data/hook-setup: data/hook-setup.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(script_subst) $(srcdir)/data/hook-setup.in > $@.tmp && \
	  chmod +x $@.tmp && mv $@.tmp $@
hookdir = $(sysconfdir)/libvirt/hooks/qemu.d
install-data-hook:
	if test -z '$(DESTDIR)'; then $(pkglibexecdir)/hook-setup install; else \
	  $(MKDIR_P) '$(DESTDIR)$(hookdir)' && \
	  $(INSTALL_SCRIPT) src/hook/qemu-hook '$(DESTDIR)$(hookdir)/bpfpv'; fi
