#!/bin/bash
# SPDX-License-Identifier: MIT
# suite: nginx under load: two workers, shared zones, reload, a new program by USR2
# packages: nginx apache2-utils wrk python3
# part: all 12 60

. "$(dirname "$0")/../suite.sh"
PATH=$PATH:/usr/sbin
need nginx ab wrk

port=$(free_port)
mkdir files temp
seq 100000 >files/large
echo small >files/small
cat >conf <<END
worker_processes 2;
pid $PWD/pid;
error_log $PWD/log.nginx notice;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path $PWD/temp/body;
	proxy_temp_path $PWD/temp/proxy;
	fastcgi_temp_path $PWD/temp/fastcgi;
	uwsgi_temp_path $PWD/temp/uwsgi;
	scgi_temp_path $PWD/temp/scgi;
	proxy_cache_path $PWD/temp/cache keys_zone=cache:1m;
	limit_conn_zone \$binary_remote_addr zone=limit:1m;
	gzip on;
	gzip_types text/plain;
	server {
		listen 127.0.0.1:$port;
		listen unix:$PWD/back.sock;
		root $PWD/files;
		default_type text/plain;
		limit_conn limit 200;
		location /through/ { proxy_cache cache; proxy_cache_valid 200 1m; proxy_pass http://unix:$PWD/back.sock:/; }
	}
}
END
((EUID != 0)) || sed -i '1i user root;' conf
url=http://127.0.0.1:$port
trap 'kill -QUIT "$(cat pid)"' EXIT

# fetch PATH: the status and what came.
fetch() {
	/usr/bin/python3 -c 'import sys, urllib.request as r; a = r.urlopen(sys.argv[1], timeout=5); print(a.status, len(a.read()))' "$url$1"
}
load() { ab -q "$@" | grep -E '^(Complete|Failed|Write|Non-2xx|Document Length|HTML transferred)'; }
timed() { wrk -t 2 -c 20 -d 2s "$url$1" >wrk.out; cat wrk.out >&2; grep -c -E 'Socket errors|Non-2xx' wrk.out || true; }
missing() { ! fetch /missing 2>/dev/null; }
reload_under_load() {
	load -n 3000 -c 10 "$url/small" &
	kill -HUP "$(cat pid)"
	wait $!
}
new_program() {
	local old
	old=$(cat pid)
	kill -USR2 "$old"
	until_ok test -s pid.oldbin
	kill -WINCH "$old"
	until_ok fetch /small
	kill -QUIT "$old"
	until_ok gone "$old"
}
gone() { ! kill -0 "$1" 2>/dev/null; }
stop() {
	local last
	last=$(cat pid)
	kill -QUIT "$last"
	until_ok gone "$last"
	trap - EXIT
}

check test-conf nginx -t -q -p "$PWD" -c conf
# By its whole path, for it executes itself again.
check start "$(command -v nginx)" -p "$PWD" -c conf
check ready until_ok fetch /small
check small fetch /small
check large fetch /large
check through fetch /through/large
check missing missing
check keep-alive load -k -n 5000 -c 20 "$url/small"
check single load -n 1000 -c 10 "$url/large"
check cached load -k -n 1000 -c 10 "$url/through/large"
check wrk timed /large
check reload reload_under_load
check new-program new_program
check still fetch /large
check stop stop
check no-alert test "$(grep -c -e '\[alert\]' -e '\[emerg\]' -e '\[crit\]' log.nginx)" = 0
