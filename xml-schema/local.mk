# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints the schema as a table for the README and as text for bpfpv-xml(5).
noinst_PROGRAMS += xml-schema/describe
xml_schema_describe_LDADD = src/xml/libxml.la src/core/libcore.la $(XML_LIBS) $(GLIB_LIBS)
EXTRA_DIST += $(srcdir)/xml-schema/valid $(srcdir)/xml-schema/invalid
dist_check_SCRIPTS += tests/check-schema
TESTS += tests/check-schema
