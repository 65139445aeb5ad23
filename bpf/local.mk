# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- the programs --------------------------------------------------------------

bpf_objects = bpf/affinity.bpf.o
bpf_headers = bpf/affinity-kprobe.h bpf/include/bpfpv_record.h bpf/include/bpfpv_task.h
guest_DATA += $(bpf_objects)
CLEANFILES += $(bpf_objects)
EXTRA_DIST += $(bpf_objects:.o=.c) $(bpf_headers)

AM_V_BPF = $(am__v_BPF_@AM_V@)
am__v_BPF_ = $(am__v_BPF_@AM_DEFAULT_V@)
am__v_BPF_0 = @echo "  BPF     " $@;
am__v_BPF_1 =

bpf_compile = $(BPF_CLANG) -target bpf -mcpu=v2 -D__TARGET_ARCH_$(BPF_ARCH) $(BPF_CPPFLAGS) \
	$(BPF_CFLAGS) -I$(top_srcdir)/bpf/include
SUFFIXES += .bpf.c .bpf.o
$(bpf_objects): $(bpf_headers)
.bpf.c.bpf.o:
	@$(MKDIR_P) $(@D)
	$(AM_V_BPF)$(bpf_compile) -c $< -o $@.tmp && $(BPF_STRIP) -g $@.tmp && mv $@.tmp $@

# ---- the loader: static, libbpf, no GLib -----------------------------------------

noinst_PROGRAMS += bpf/guest/linked
bpf_guest_linked_SOURCES = \
	bpf/guest/complain.c bpf/guest/complain.h \
	bpf/guest/main.c \
	bpf/guest/options.c bpf/guest/options.h \
	bpf/guest/elf/libelf.h bpf/guest/elf/private.h \
	bpf/guest/elf/open.c bpf/guest/elf/section.c bpf/guest/elf/unused.c \
	bpf/guest/kernel/attach.c bpf/guest/kernel/attach.h \
	bpf/guest/kernel/cpu-ids.c bpf/guest/kernel/cpu-ids.h \
	bpf/guest/kernel/cpus.c bpf/guest/kernel/cpus.h \
	bpf/guest/kernel/mpidr.c bpf/guest/kernel/mpidr.h \
	bpf/guest/kernel/nozlib.c \
	bpf/guest/kernel/program.c bpf/guest/kernel/program.h \
	bpf/guest/kernel/realtime.c bpf/guest/kernel/realtime.h \
	bpf/guest/kernel/records.c \
	bpf/guest/kernel/refusal.c bpf/guest/kernel/refusal.h \
	bpf/guest/kernel/ring.c bpf/guest/kernel/ring.h \
	bpf/guest/kernel/uevent.c bpf/guest/kernel/uevent.h \
	bpf/guest/loop/host.c bpf/guest/loop/host.h \
	bpf/guest/loop/loop.c bpf/guest/loop/loop.h \
	bpf/guest/loop/port.c bpf/guest/loop/port.h \
	bpf/guest/loop/publisher.c bpf/guest/loop/publisher.h \
	bpf/guest/table/stream.c bpf/guest/table/stream.h \
	bpf/guest/table/table.c bpf/guest/table/table.h \
	bpf/guest/process/daemon.c bpf/guest/process/daemon.h \
	bpf/guest/process/deny.c bpf/guest/process/deny.h \
	bpf/guest/process/privilege.c bpf/guest/process/privilege.h \
	bpf/guest/process/status.c bpf/guest/process/status.h \
	bpf/guest/process/title.c bpf/guest/process/title.h \
	bpf/guest/sent/image.c bpf/guest/sent/image.h \
	bpf/guest/sent/leftovers.c bpf/guest/sent/leftovers.h
bpf_guest_linked_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/bpf/guest -I$(top_srcdir)/bpf/include -I$(top_builddir)
bpf_guest_linked_CFLAGS = -std=gnu11 -Os -ffunction-sections -fdata-sections $(WARN_CFLAGS)
bpf_guest_linked_LDFLAGS = -all-static -static -s -Wl,--gc-sections
bpf_guest_linked_LDADD = $(GUEST_LIBS)

# Nothing unwinds the stack of a loader. The tables for it, a thirteenth of the file, become zeros,
# which is how they end, and which take no room packed.
guestexec_SCRIPTS = bpf/bpfpv-guest
guestexecdir = $(guestdir)
CLEANFILES += bpf/bpfpv-guest bpf/guest/frames
bpf/bpfpv-guest: bpf/guest/linked$(EXEEXT)
	$(AM_V_GEN)$(OBJCOPY) -O binary -j .eh_frame bpf/guest/linked$(EXEEXT) bpf/guest/frames && \
	  size=$$(wc -c < bpf/guest/frames) && head -c "$$size" /dev/zero > bpf/guest/frames && \
	  $(OBJCOPY) --update-section .eh_frame=bpf/guest/frames bpf/guest/linked$(EXEEXT) $@.tmp && \
	  mv $@.tmp $@

# What is sent instead, where there is code for the machine: the same, packed. The other is what the
# host knows the digest of.
unpack_sources = bpf/guest/sent/unpack.c bpf/guest/sent/lzma.c bpf/guest/sent/lzma.h bpf/guest/complain.h
EXTRA_DIST += $(unpack_sources)
if PACK_GUEST
guestexec_SCRIPTS += bpf/bpfpv-guest.packed
CLEANFILES += bpf/bpfpv-guest.packed bpf/bpfpv-guest.lzma
AM_V_PACK = $(am__v_PACK_@AM_V@)
am__v_PACK_ = $(am__v_PACK_@AM_DEFAULT_V@)
am__v_PACK_0 = @echo "  PACK    " $@;
am__v_PACK_1 =
bpf/bpfpv-guest.packed: bpf/bpfpv-guest $(unpack_sources)
	$(AM_V_PACK)$(XZ) --format=lzma -9e -c bpf/bpfpv-guest > bpf/bpfpv-guest.lzma && \
	  $(CC) -std=gnu11 -Os $(WARN_CFLAGS) -ffreestanding -fno-stack-protector -fno-pie \
	    -fno-asynchronous-unwind-tables -DPACKED='"bpf/bpfpv-guest.lzma"' \
	    -DUNPACKED_SIZE="$$(wc -c < bpf/bpfpv-guest)" -I$(srcdir)/bpf/guest \
	    -nostdlib -static -s -Wl,--build-id=none -Wl,-z,noseparate-code \
	    $(srcdir)/bpf/guest/sent/unpack.c $(srcdir)/bpf/guest/sent/lzma.c -o $@.tmp && mv $@.tmp $@
endif
