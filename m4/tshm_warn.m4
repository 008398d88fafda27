# SPDX-License-Identifier: MIT
# TSHM_WARN_FLAGS(FLAGS): those of FLAGS that the compiler takes go to WARN_CFLAGS.
AC_DEFUN([TSHM_WARN_FLAGS], [
  WARN_CFLAGS=
  tshm_saved_cflags=$CFLAGS
  for tshm_flag in $1; do
    CFLAGS="$tshm_saved_cflags -Werror $tshm_flag"
    AC_MSG_CHECKING([whether $CC takes $tshm_flag])
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
      [AC_MSG_RESULT([yes]); WARN_CFLAGS="$WARN_CFLAGS $tshm_flag"],
      [AC_MSG_RESULT([no])])
  done
  CFLAGS=$tshm_saved_cflags
  AC_SUBST([WARN_CFLAGS])
])
