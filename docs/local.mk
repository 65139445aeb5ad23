# SPDX-License-Identifier: LGPL-2.1-or-later
EXTRA_DIST += \
	docs/architecture.md \
	docs/openstack.md \
	docs/performance.md \
	docs/placement.md \
	docs/protocol.md \
	docs/testing.md

manuals = \
	docs/man/bpfpv.7 \
	docs/man/bpfpv-guest.8 \
	docs/man/bpfpv-placement.7 \
	docs/man/bpfpv-qemu-hook.8 \
	docs/man/bpfpvctl.1 \
	docs/man/bpfpvd.8 \
	docs/man/bpfpvd.conf.5 \
	docs/man/org.bpfpv1.5
EXTRA_DIST += $(manuals:=.scd) docs/man/bpfpv-placement.8.scd docs/man/bpfpv-xml.5.in

# What people read of the schema comes from the schema: bpfpv-xml(5) is made from it.
CLEANFILES += docs/man/bpfpv-xml.5.scd
docs/man/bpfpv-xml.5.scd: docs/man/bpfpv-xml.5.in xml-schema/describe$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(RUN_HOST) xml-schema/describe man > $@.part && \
	  $(SED) -e '/@ELEMENTS@/{r $@.part' -e 'd' -e '}' $(srcdir)/docs/man/bpfpv-xml.5.in > $@.tmp && \
	  rm $@.part && mv $@.tmp $@

if HAVE_SCDOC
man_MANS = $(manuals)
# In a cross build there has to be a way to run it.
if CAN_DESCRIBE
man_MANS += docs/man/bpfpv-xml.5
endif
if NOVA
man_MANS += docs/man/bpfpv-placement.8
endif
CLEANFILES += $(man_MANS)
SUFFIXES += .1 .5 .7 .8 .1.scd .5.scd .7.scd .8.scd
AM_V_MAN = $(am__v_MAN_@AM_V@)
am__v_MAN_ = $(am__v_MAN_@AM_DEFAULT_V@)
am__v_MAN_0 = @echo "  MAN     " $@;
am__v_MAN_1 =
man_rule = $(AM_V_MAN)$(MKDIR_P) $(@D) && $(SCDOC) < $< > $@.tmp && mv $@.tmp $@
.1.scd.1:
	$(man_rule)
.5.scd.5:
	$(man_rule)
.7.scd.7:
	$(man_rule)
.8.scd.8:
	$(man_rule)
endif
