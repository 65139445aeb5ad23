# SPDX-License-Identifier: LGPL-2.1-or-later

# BPFPV_CHECK_FLAG(VARIABLE, FLAG)
# --------------------------------
# Appends FLAG to VARIABLE where the C compiler takes it.
AC_DEFUN([BPFPV_CHECK_FLAG], [
  AC_MSG_CHECKING([whether $CC takes $2])
  bpfpv_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -Werror $2"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
    [AC_MSG_RESULT([yes]); $1="$$1 $2"],
    [AC_MSG_RESULT([no])])
  CFLAGS=$bpfpv_save_CFLAGS
])

# BPFPV_WARNINGS
# --------------
# Sets WARN_CFLAGS; --enable-werror makes them errors.
AC_DEFUN([BPFPV_WARNINGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [treat compiler warnings as errors])],
    [], [enable_werror=no])
  WARN_CFLAGS=
  m4_foreach([flag], [[-Wall], [-Wextra], [-Wshadow], [-Wstrict-prototypes], [-Wmissing-prototypes],
      [-Wpointer-arith], [-Wformat=2], [-Wvla], [-Wno-unused-parameter], [-fstack-protector-strong]],
    [BPFPV_CHECK_FLAG([WARN_CFLAGS], flag)])
  warnings_summary=reported
  AS_IF([test "$enable_werror" = yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"; warnings_summary=errors])
  AC_SUBST([WARN_CFLAGS])
])

# BPFPV_SANITIZERS
# ----------------
# --enable-asan, --enable-ubsan, --enable-fuzzing. The guest loader is static
# and keeps clear of them. Sets SANITIZE_CFLAGS, FUZZ_LIBS and the conditional
# FUZZING.
AC_DEFUN([BPFPV_SANITIZERS], [
  AC_ARG_ENABLE([asan], [AS_HELP_STRING([--enable-asan], [build with AddressSanitizer])], [], [enable_asan=no])
  AC_ARG_ENABLE([ubsan], [AS_HELP_STRING([--enable-ubsan], [build with UndefinedBehaviorSanitizer])], [], [enable_ubsan=no])
  AC_ARG_ENABLE([fuzzing], [AS_HELP_STRING([--enable-fuzzing], [build libFuzzer targets (clang)])], [], [enable_fuzzing=no])
  SANITIZE_CFLAGS= sanitizers_summary=
  AS_IF([test "$enable_asan" = yes], [SANITIZE_CFLAGS="$SANITIZE_CFLAGS -fsanitize=address -fno-omit-frame-pointer"; sanitizers_summary="$sanitizers_summary address"])
  AS_IF([test "$enable_ubsan" = yes], [SANITIZE_CFLAGS="$SANITIZE_CFLAGS -fsanitize=undefined -fno-sanitize-recover=undefined"; sanitizers_summary="$sanitizers_summary undefined"])
  FUZZ_LIBS=
  # Without a runtime, code only reports what is reached; the targets alone get libFuzzer and its main().
  AS_IF([test "$enable_fuzzing" = yes], [SANITIZE_CFLAGS="$SANITIZE_CFLAGS -fsanitize=fuzzer-no-link"; FUZZ_LIBS=-fsanitize=fuzzer; sanitizers_summary="$sanitizers_summary fuzzer"])
  : ${sanitizers_summary:=none}
  AC_SUBST([SANITIZE_CFLAGS])
  AC_SUBST([FUZZ_LIBS])
  AM_CONDITIONAL([FUZZING], [test "$enable_fuzzing" = yes])
])
