#!/bin/bash
# SPDX-License-Identifier: MIT
# suite: Redis under redis-benchmark: saving, rewriting, replicating, restarting
# packages: redis-server redis-tools python3
# part: all 15 60 ci

. "$(dirname "$0")/../suite.sh"
need redis-server redis-cli redis-benchmark

trap 'redis-cli -s main.sock shutdown nosave; redis-cli -s copy.sock shutdown nosave' EXIT
port=$(free_port)
mkdir main copy
server() {
	redis-server --port "$port" --bind 127.0.0.1 --unixsocket "$PWD/main.sock" --dir "$PWD/main" --save '' --appendonly yes \
		--enable-debug-command yes --daemonize yes --logfile "$PWD/main.log" --pidfile "$PWD/main.pid" --repl-diskless-sync-delay 0
	until_ok main ping
}
main() { redis-cli -s main.sock "$@"; }
copy() { redis-cli -s copy.sock "$@"; }
bench() { redis-benchmark -q -n 3000 -c 20 "$@" | tr '\r' '\n' | sed -n 's/: [0-9.]* requests per second.*//p' | sort -u; }
done_with() { ! main info persistence | grep "$1:1"; }
replica() {
	redis-server --port 0 --unixsocket "$PWD/copy.sock" --dir "$PWD/copy" --save '' --enable-debug-command yes --daemonize yes \
		--logfile "$PWD/copy.log" --pidfile "$PWD/copy.pid" --replicaof 127.0.0.1 "$port"
	until_ok in_sync
}
in_sync() { copy info replication | grep -q 'master_link_status:up' && [[ $(main debug digest) == "$(copy debug digest)" ]]; }
same_digest() { [[ $(main debug digest) == "$digest" ]]; }

check start server
check tcp bench -h 127.0.0.1 -p "$port" -t ping,set,get,incr,lpush,rpush,lpop,sadd,hset,zadd,lrange_100,mset
check socket bench -s main.sock -P 8 -t set,get,incr
check threads bench -s main.sock --threads 2 -t set,get
check script main eval 'for i = 1, 2000 do redis.call("set", "k" .. i, i * i) end return redis.call("dbsize")' 0
check digest main debug digest
digest=$(main debug digest)
check keys main eval 'local s = 0 for _, k in ipairs(redis.call("keys", "k*")) do if redis.call("type", k).ok == "string" then s = s + 1 end end return s' 0
check save main save
check bgsave main bgsave
check bgsave-done until_ok done_with rdb_bgsave_in_progress
check rewrite main bgrewriteaof
check rewrite-done until_ok done_with aof_rewrite_in_progress
check replica replica
check replica-digest copy debug digest
check replica-stop copy shutdown nosave
check publish main publish nobody hello
check stop main shutdown
check restart server
check same-digest same_digest
check stop-again main shutdown
