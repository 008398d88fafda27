#!/bin/bash
# SPDX-License-Identifier: MIT
# packages: postgresql python3
# PostgreSQL from initdb to a stopped server, with parallel workers, as its own user: root's
# privileges are dropped inside the run.

. "$(dirname "$0")/apps.sh"
shopt -s nullglob
bins=(/usr/lib/postgresql/*/bin)
((${#bins[@]})) || skip "no /usr/lib/postgresql/*/bin"
export PATH=${bins[-1]}:$PATH
need initdb pg_ctl pgbench psql
as=()
if ((EUID == 0)); then
	need runuser
	id postgres >/dev/null 2>&1 || skip "root, and no user postgres"
	as=(runuser -u postgres --)
	chmod 711 "$work" "$runs"
fi

cat >"$work/job.sh" <<'EOF'
dir=$1
trap 'pg_ctl -D "$dir/data" -s -m immediate stop 2>/dev/null; exit 9' INT TERM
rm -rf "$dir/data"
initdb -D "$dir/data" -U tester -A trust --no-sync --no-instructions >/dev/null || exit
cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = ''
port = 54329
unix_socket_directories = '$dir'
shared_buffers = 16MB
fsync = off
CONF
export PGHOST=$dir PGPORT=54329 PGUSER=tester PGDATABASE=postgres
pg_ctl -D "$dir/data" -s -w -l "$dir/log" start || { cat "$dir/log"; exit 1; }
pgbench -i -q 2>/dev/null
pgbench -c 4 -T 3 2>/dev/null | sed -n 's/^number of clients: /clients /p; s/^number of failed transactions: \([0-9]*\).*/failed \1/p'
psql -Atq <<SQL
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;

SET max_parallel_workers_per_gather = 2;
SELECT count(*), sum(aid) FROM pgbench_accounts;
SQL
pg_ctl -D "$dir/data" -s -m fast stop
echo "stopped $?"
grep -cE 'PANIC|signal' "$dir/log"
EOF
mkdir "$work/pg"
((EUID != 0)) || chown postgres "$work/pg"
audit postgres "${as[@]}" bash "$work/job.sh" "$work/pg"
clean postgres
observed=$(python3 -c '
import json, sys
programs = json.load(open(sys.argv[1]))["processes"]
print(sum(p["observed"] for p in programs if (p["exe"] or "").endswith("/postgres")))' "$work/postgres.json")
((observed >= 10)) || fail "postgres: only $observed images of postgres were observed"
end_of_test
