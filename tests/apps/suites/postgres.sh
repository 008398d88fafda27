#!/bin/bash
# SPDX-License-Identifier: MIT
# suite: PostgreSQL, from initdb to a stopped server, with pgbench and parallel workers
# packages: postgresql python3
# part: posix 20 120
# part: sysv 20 120
# PART is the kind of its dynamic shared memory.

. "$(dirname "$0")/../suite.sh"
shopt -s nullglob
bins=(/usr/lib/postgresql/*/bin)
((${#bins[@]})) || not_here "no /usr/lib/postgresql/*/bin"
export PATH=${bins[-1]}:$PATH
need initdb pg_ctl pgbench psql createdb dropdb
if ((EUID == 0)); then
	need runuser
	id postgres >/dev/null 2>&1 || not_here "root, and no user postgres"
	exec runuser -u postgres -- "$0" "$@"
fi

trap 'pg_ctl -D data -s -m immediate stop 2>/dev/null' EXIT
check initdb initdb -D data -U tester -A trust --no-sync --no-instructions >/dev/null
[[ -s data/postgresql.conf ]] || exit 1
# The main segment is of the other kind than the default in one part, too.
main=mmap
[[ $1 == posix ]] || main=$1
cat >>data/postgresql.conf <<END
listen_addresses = ''
unix_socket_directories = '$PWD'
shared_buffers = 16MB
fsync = off
shared_memory_type = $main
dynamic_shared_memory_type = $1
min_dynamic_shared_memory = 1MB
END
export PGHOST=$PWD PGUSER=tester PGDATABASE=bench
start() { pg_ctl -D data -s -w -l log.server start; }
sql() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }
failed() { sed -n 's/^number of transactions actually processed: //p; s/^number of failed transactions: \([0-9]*\).*/failed \1/p'; }
bench() { pgbench "$@" | failed; }

balances() {
	sql -c "SELECT sum(abalance) = (SELECT sum(delta) FROM pgbench_history) FROM pgbench_accounts" \
		-c "SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(bbalance) FROM pgbench_branches)" \
		-c "SELECT (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT sum(bbalance) FROM pgbench_branches)" \
		-c "SELECT count(*), md5(string_agg(aid || ':' || abalance, ',' ORDER BY aid)) FROM pgbench_accounts WHERE abalance <> 0"
}

parallel() {
	sql <<-'END'
		SET parallel_setup_cost = 0;
		SET parallel_tuple_cost = 0;
		SET min_parallel_table_scan_size = 0;
		SET max_parallel_workers_per_gather = 2;
		SELECT count(*), sum(aid), sum(hashtext(filler)) FROM pgbench_accounts;
		SELECT count(*) FROM pgbench_accounts a JOIN pgbench_accounts b USING (aid) WHERE a.bid = b.bid;
		SELECT a.aid % 7 AS k, count(*), avg(a.aid) FROM pgbench_accounts a GROUP BY k ORDER BY k;
		SET work_mem = '64kB';
		CREATE INDEX ON pgbench_accounts (abalance, aid);
		SELECT aid FROM pgbench_accounts ORDER BY filler, -aid LIMIT 3;
	END
}

queries() {
	sql <<-'END'
		CREATE TABLE t (n int PRIMARY KEY, s text);
		INSERT INTO t SELECT n, md5(n::text) FROM generate_series(1, 5000) n;
		BEGIN; UPDATE t SET s = 'gone'; ROLLBACK;
		SELECT count(DISTINCT s), min(s), max(s) FROM t;
		WITH RECURSIVE f(a, b) AS (VALUES (0, 1) UNION ALL SELECT b, a + b FROM f WHERE b < 1000) SELECT string_agg(a::text, ' ') FROM f;
		LISTEN l; NOTIFY l, 'told';
		VACUUM ANALYZE t;
		COPY (SELECT * FROM t WHERE n <= 20 ORDER BY n) TO STDOUT;
		SELECT pg_advisory_lock(7), pg_advisory_unlock(7);
	END
}
# Who notified is told by pid.
unnumbered() { queries | sed 's/PID [0-9]*/PID/'; }

refused() { ! sql -c 'SELECT 1 / 0'; }
terminated() { sql -c 'SELECT pg_sleep(60)' & until_ok sql -c 'SELECT 1 / count(*) FROM pg_stat_activity WHERE query LIKE $$%sleep(60)$$'
	sql -c 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE $$%sleep(60)$$'; ! wait $!; }

# Without its postmaster nobody removes the segments, but the next one does.
killed() {
	local pid
	pid=$(head -n 1 data/postmaster.pid)
	kill -KILL "$pid"
	until_ok gone "$pid"
}
gone() { ! kill -0 "$1" 2>/dev/null; }

check start start
check createdb createdb bench
check fill pgbench -i -q -s 1
check tpcb bench -c 4 -j 2 -t 150 --random-seed=1
check balances balances
check prepared bench -S -M prepared -c 4 -j 2 -t 500 --random-seed=2
check reconnect bench -C -c 4 -t 20 --random-seed=3
check parallel parallel
check queries unnumbered
check refused refused
check terminated terminated
check crash pg_ctl -D data -s -m immediate stop
check recovery start
check balances-again balances
check killed killed
check after-the-kill until_ok start
check balances-at-last balances
check dropdb dropdb bench
check gone sql -d postgres -c "SELECT count(*) FROM pg_database WHERE datname = 'bench'"
check stop pg_ctl -D data -s -m fast stop
check no-panic test "$(grep -c -e PANIC -e 'terminated by signal' log.server)" = 0
