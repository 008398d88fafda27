#!/bin/sh
# SPDX-License-Identifier: MIT
# libtshm.so needs libc and nothing else, and is linked as a preload library must be.
. "$(dirname "$0")/lint.sh"
lib=${TSHM_LIB:-.libs/libtshm.so}
[ -f "$lib" ] || { echo "no $lib"; exit 77; }
command -v readelf >/dev/null || { echo "no readelf"; exit 77; }

dynamic=$(LC_ALL=C readelf -dW "$lib")
for needed in $(echo "$dynamic" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
	case $needed in
	libc.so.* | ld-linux*) ;;
	libdl.so.* | librt.so.* | libpthread.so.*) ;;	# parts of libc before glibc 2.34
	*) offend "$lib needs $needed" ;;
	esac
done
for flag in NOW NODELETE INITFIRST; do
	echo "$dynamic" | grep -q "FLAGS_1.*$flag" || offend "$lib is not linked with -z $flag"
done
echo "$dynamic" | grep -q 'FLAGS).*STATIC_TLS' || offend "$lib: thread-local variables are not initial-exec"
! echo "$dynamic" | grep -q TEXTREL || offend "$lib has text relocations"
finish
