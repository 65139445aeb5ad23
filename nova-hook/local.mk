# SPDX-License-Identifier: LGPL-2.1-or-later
# The agent that tells Placement; of bpfpv it links the public library, nova.conf's reader and what speaks to systemd alone.
if NOVA
noinst_LTLIBRARIES += nova-hook/libosagent.la
nova_hook_libosagent_la_SOURCES = \
	nova-hook/cmd-status.c \
	nova-hook/command.h \
	nova-hook/commands.c \
	nova-hook/agent/agent.c nova-hook/agent/agent.h \
	nova-hook/agent/health.c nova-hook/agent/health.h \
	nova-hook/conf/conf.c nova-hook/conf/conf.h \
	nova-hook/conf/credentials.c nova-hook/conf/credentials.h \
	nova-hook/conf/nova.c \
	nova-hook/conf/private.h \
	nova-hook/conf/value.c \
	nova-hook/http/answer.c nova-hook/http/answer.h \
	nova-hook/http/answer-json.c nova-hook/http/answer-json.h \
	nova-hook/http/answer-token.c \
	nova-hook/http/http.c nova-hook/http/http.h \
	nova-hook/http/os-error.c nova-hook/http/os-error.h \
	nova-hook/http/secret.c nova-hook/http/secret.h \
	nova-hook/placement/api.c nova-hook/placement/api.h \
	nova-hook/placement/api-content.c \
	nova-hook/placement/auth.c nova-hook/placement/auth.h \
	nova-hook/placement/keeper.c nova-hook/placement/keeper.h \
	nova-hook/placement/node.c nova-hook/placement/node.h \
	nova-hook/placement/owner.c nova-hook/placement/owner.h \
	nova-hook/placement/private.h \
	nova-hook/placement/provider-config.c nova-hook/placement/provider-config.h \
	nova-hook/placement/reconcile.c nova-hook/placement/reconcile.h
osagent_ldadd = nova-hook/libosagent.la libbpfpv.la src/nova/libnova.la src/service/libservice.la \
	src/core/libcore.la \
	$(CURL_LIBS) $(JSON_LIBS) $(GLIB_LIBS)

sbin_PROGRAMS += bpfpv-placement
bpfpv_placement_SOURCES = nova-hook/main.c
bpfpv_placement_LDADD = $(osagent_ldadd)
endif
