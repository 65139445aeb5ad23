# SPDX-License-Identifier: LGPL-2.1-or-later
# Documents: the element, the status, policy, capabilities, domains. libxml2, and never libvirt.
noinst_LTLIBRARIES += src/xml/libxml.la
src_xml_libxml_la_SOURCES = \
	src/xml/capabilities.c src/xml/capabilities.h \
	src/xml/check.c src/xml/check.h \
	src/xml/devices.c src/xml/devices.h \
	src/xml/document.c src/xml/document.h \
	src/xml/domain.c src/xml/domain.h \
	src/xml/domain-topology.c src/xml/domain-topology.h \
	src/xml/find.c \
	src/xml/host-cpus.c src/xml/host-cpus.h \
	src/xml/nova.c src/xml/nova.h \
	src/xml/pin-owner.c src/xml/pin-owner.h \
	src/xml/policy.c src/xml/policy.h \
	src/xml/read.c src/xml/read.h \
	src/xml/read-text.c src/xml/read-text.h \
	src/xml/schema.c src/xml/schema.h \
	src/xml/settings.c src/xml/settings.h \
	src/xml/status.c src/xml/status.h \
	src/xml/value.c src/xml/value.h
nodist_src_xml_libxml_la_SOURCES = element-schema-text.h

# The schema is written down once, in RELAX NG; whoever reads the element has it as a string.
BUILT_SOURCES += element-schema-text.h
CLEANFILES += element-schema-text.h
EXTRA_DIST += xml-schema/bpfpv.rng
element-schema-text.h: xml-schema/bpfpv.rng
	$(AM_V_GEN){ echo '#define BPFPV_SCHEMA_TEXT \'; \
	  $(SED) -e 's/[\\"]/\\&/g' -e 's/.*/    "&\\n" \\/' $(srcdir)/xml-schema/bpfpv.rng; \
	  echo '    ""'; } > $@.tmp && mv $@.tmp $@
