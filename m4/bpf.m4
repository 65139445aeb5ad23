# SPDX-License-Identifier: LGPL-2.1-or-later

# BPFPV_PROG_BPF
# --------------
# Finds a clang that compiles to BPF with BTF, and llvm-strip. Sets BPF_CLANG,
# BPF_STRIP, BPF_ARCH and BPF_CFLAGS.
AC_DEFUN([BPFPV_PROG_BPF], [
  AC_ARG_VAR([BPF_CLANG], [clang for the guest's BPF programs])
  AC_ARG_VAR([BPF_STRIP], [llvm-strip for the guest's BPF programs])
  AC_ARG_VAR([BPF_CFLAGS], [flags for the guest's BPF programs])
  AC_CHECK_PROGS([BPF_CLANG], [clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14])
  AC_CHECK_PROGS([BPF_STRIP], [llvm-strip llvm-strip-19 llvm-strip-18 llvm-strip-17 llvm-strip-16 llvm-strip-15 llvm-strip-14])
  AS_IF([test -z "$BPF_CLANG"], [AC_MSG_ERROR([clang is needed to compile the guest's BPF programs; on Debian: apt-get install clang])])
  AS_IF([test -z "$BPF_STRIP"], [AC_MSG_ERROR([llvm-strip is needed to strip the guest's BPF programs; on Debian: apt-get install llvm])])
  : ${BPF_CFLAGS="-O2 -g -Wall -Wextra -Wno-unused-parameter"}
  # The kernel's <asm/types.h> lies where only a compiler for the machine looks.
  echo '#include <asm/types.h>' > conftest.c
  bpfpv_asm=$($CC $CPPFLAGS -E conftest.c 2>&AS_MESSAGE_LOG_FD | $SED -n 's|.*"\(/.*\)/asm/types\.h".*|\1|p' | $SED 1q)
  rm -f conftest.c
  BPF_CPPFLAGS=
  AS_IF([test -n "$bpfpv_asm"], [BPF_CPPFLAGS="-idirafter $bpfpv_asm"])
  AC_SUBST([BPF_CPPFLAGS])
  AC_MSG_CHECKING([whether $BPF_CLANG compiles to BPF])
  printf '%s\n' '#include <linux/bpf.h>' '#include <bpf/bpf_helpers.h>' > conftest.bpf.c
  AS_IF([$BPF_CLANG -target bpf $BPF_CPPFLAGS $BPF_CFLAGS -c conftest.bpf.c -o conftest.bpf.o 2>&AS_MESSAGE_LOG_FD],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([$BPF_CLANG has no bpf target, or <linux/bpf.h> or <bpf/bpf_helpers.h> is missing; on Debian: apt-get install libbpf-dev linux-libc-dev; config.log has the compiler's words])])
  rm -f conftest.bpf.c conftest.bpf.o
  AS_CASE([$host_cpu],
    [x86_64], [BPF_ARCH=x86],
    [aarch64], [BPF_ARCH=arm64],
    [s390x], [BPF_ARCH=s390],
    [powerpc64*|ppc64*], [BPF_ARCH=powerpc],
    [riscv64], [BPF_ARCH=riscv],
    [AC_MSG_ERROR([no BPF architecture is known for $host_cpu])])
  AC_SUBST([BPF_ARCH])
])

# BPFPV_GUEST_LIBS
# ----------------
# The guest loader is static. Sets GUEST_LIBS; fails where a static library is missing, or where
# libbpf wants more of libelf and zlib than stands in for them: what is linked here is that.
AC_DEFUN([BPFPV_GUEST_LIBS], [
  AC_CHECK_HEADER([uthash.h], [], [AC_MSG_ERROR([uthash.h is needed by the guest loader; on Debian: apt-get install uthash-dev])])
  GUEST_LIBS="-lbpf -lmd"
  AC_MSG_CHECKING([for static libbpf and libmd])
  bpfpv_save_LIBS=$LIBS bpfpv_save_LDFLAGS=$LDFLAGS
  bpfpv_instead=
  for bpfpv_file in elf/open elf/section elf/unused kernel/nozlib; do
    bpfpv_instead="$bpfpv_instead $srcdir/bpf/guest/$bpfpv_file.c"
  done
  LIBS="$bpfpv_instead $GUEST_LIBS $LIBS" LDFLAGS="$LDFLAGS -static"
  AC_LINK_IFELSE([AC_LANG_PROGRAM(
      [[#include <sys/types.h>
        #include <bpf/libbpf.h>
        #include <sha256.h>]],
      [[SHA256_CTX c; SHA256Init(&c); return !bpf_object__open_file("x", 0);]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([the guest loader is linked statically; on Debian: apt-get install libbpf-dev libmd-dev; config.log has the linker's words])])
  LIBS=$bpfpv_save_LIBS LDFLAGS=$bpfpv_save_LDFLAGS
  AC_SUBST([GUEST_LIBS])
  guest_libs_summary="static, with libbpf $($PKG_CONFIG --modversion libbpf 2>/dev/null)"
])
