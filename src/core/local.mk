# SPDX-License-Identifier: LGPL-2.1-or-later
# Pure: no I/O, no libvirt, no clock of its own.
noinst_LTLIBRARIES += src/core/libcore.la
src_core_libcore_la_SOURCES = \
	bpf/include/bpfpv_wire.h \
	src/core/budget.c src/core/budget.h \
	src/core/config.c src/core/config.h \
	src/core/demand.c src/core/demand.h \
	src/core/dict.c src/core/dict.h \
	src/core/guest-ops.h \
	src/core/json-check.c src/core/json-check.h \
	src/core/metrics.c src/core/metrics.h \
	src/core/pace.c src/core/pace.h \
	src/core/quota.c src/core/quota.h \
	src/core/cpuset/cpuset.c src/core/cpuset/cpuset.h \
	src/core/cpuset/map.c \
	src/core/cpuset/pair.c \
	src/core/cpuset/private.h \
	src/core/cpuset/text.c \
	src/core/placer/best.c \
	src/core/placer/candidates.c \
	src/core/placer/cohort.c \
	src/core/placer/cost.c \
	src/core/placer/domain.c \
	src/core/placer/exact.c \
	src/core/placer/home.c \
	src/core/placer/match.c \
	src/core/placer/origin.c \
	src/core/placer/placement.c src/core/placer/placement.h \
	src/core/placer/placement-why.c \
	src/core/placer/placer.c src/core/placer/placer.h \
	src/core/placer/private.h \
	src/core/placer/repack.c \
	src/core/placer/room.c \
	src/core/placer/share.c \
	src/core/placer/solve.c \
	src/core/placer/states.c \
	src/core/placer/turns.c \
	src/core/placer/vacancy.c \
	src/core/placer/write.c \
	src/core/plan/adopt.c \
	src/core/plan/host-map.c src/core/plan/host-map.h \
	src/core/plan/plan.c src/core/plan/plan.h \
	src/core/plan/refusals.c src/core/plan/refusals.h \
	src/core/plan/steps.c \
	src/core/plan/truth.c src/core/plan/truth.h \
	src/core/table/digest.h \
	src/core/table/replica.c src/core/table/replica.h \
	src/core/table/table.c src/core/table/table.h \
	src/core/topology/derive.c \
	src/core/topology/guess-caches.c \
	src/core/topology/guest-cpus.c src/core/topology/guest-cpus.h \
	src/core/topology/guest-topology.c src/core/topology/guest-topology.h \
	src/core/topology/near.c \
	src/core/topology/places.c \
	src/core/topology/private.h \
	src/core/topology/topology.c src/core/topology/topology.h \
	src/core/wire/decode.c \
	src/core/wire/encode.c \
	src/core/wire/frame.c \
	src/core/wire/hello.c \
	src/core/wire/private.h \
	src/core/wire/wire.c src/core/wire/wire.h
