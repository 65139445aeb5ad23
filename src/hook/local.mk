# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirt runs it with a domain's lock held: libxml2, GLib, core, and never libvirt.
noinst_LTLIBRARIES += src/hook/libhook.la
src_hook_libhook_la_SOURCES = \
	src/hook/hook.c src/hook/hook.h \
	src/hook/repair.c src/hook/repair.h
hook_ldadd = src/hook/libhook.la src/programs/libprograms.la src/xml/libxml.la src/core/libcore.la \
	$(XML_LIBS) $(GLIB_LIBS)

pkglibexec_PROGRAMS = bpfpv-qemu-hook
bpfpv_qemu_hook_SOURCES = src/hook/main.c
bpfpv_qemu_hook_LDADD = $(hook_ldadd)

hookdir = $(sysconfdir)/libvirt/hooks/qemu.d
install-exec-hook:
	$(MKDIR_P) $(DESTDIR)$(hookdir)
	rm -f $(DESTDIR)$(hookdir)/bpfpv
	$(LN_S) $(pkglibexecdir)/bpfpv-qemu-hook $(DESTDIR)$(hookdir)/bpfpv
uninstall-hook:
	rm -f $(DESTDIR)$(hookdir)/bpfpv
