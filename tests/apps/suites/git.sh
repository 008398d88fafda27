#!/bin/bash
# SPDX-License-Identifier: MIT
# suite: git: clones by path, pipe and socket, gc and repack by threads, a server on loopback
# packages: git perl python3
# part: all 15 120 ci

. "$(dirname "$0")/../suite.sh"
need git seq

export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
export GIT_AUTHOR_NAME=tester GIT_AUTHOR_EMAIL=tester@example.com GIT_AUTHOR_DATE='2020-01-01T00:00:00Z'
export GIT_COMMITTER_NAME=tester GIT_COMMITTER_EMAIL=tester@example.com GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'

create() {
	git init -q -b main repo
	for ((i = 1; i <= 40; i++)); do
		for ((j = 1; j <= 10; j++)); do
			seq $((i * j)) $((i * j + 300)) >"repo/file.$j"
		done
		git -C repo add . && git -C repo commit -q -m "commit $i" || return
	done
	git -C repo log --format=%H -n 1
}
merge() {
	git -C repo checkout -q -b side HEAD~5 && echo side >repo/side && git -C repo add side && git -C repo commit -q -m side &&
		git -C repo checkout -q main && git -C repo merge -q -m merge side && git -C repo log --oneline -n 3
}
served() {
	local port
	port=$(free_port)
	git daemon --listen=127.0.0.1 --port="$port" --base-path="$PWD" --export-all --reuseaddr --pid-file=daemon.pid --detach
	until_ok git ls-remote "git://127.0.0.1:$port/repo" && git clone -q "git://127.0.0.1:$port/repo" served && git -C served log --format=%H -n 1
	local status=$?
	kill "$(cat daemon.pid)"
	return $status
}
rebase() { git -C path checkout -q -b more HEAD~3 && echo m >path/more && git -C path add more && git -C path commit -q -m more && git -C path rebase -q main && git -C path log --oneline -n 2; }

check create create
check merge merge
check path git clone -q repo path
check shared git clone -q --shared repo shared
check pipe git clone -q "file://$PWD/repo" pipe
check shallow git clone -q --depth 3 "file://$PWD/repo" shallow
check bare git clone -q --mirror "file://$PWD/repo" bare.git
check socket served
check gc git -C repo gc -q --aggressive --prune=now
check repack git -C pipe -c pack.threads=2 repack -q -a -d -f --window=50
check bitmap git -C bare.git repack -q -a -d -b
check fsck git -C repo fsck --no-progress --strict
check grep git -C path grep -c 77
check status git -C path status --short --branch
check fetch git -C shallow fetch -q --unshallow
check rebase rebase
check push git -C path push -q origin more
check archive git -C repo archive --format=tar HEAD
check worktree git -C repo worktree add -q ../tree more
check bundle git -C repo bundle create -q ../all.bundle --all
check unbundle git clone -q all.bundle unbundled
check stash sh -c 'cd path && echo changed >>more && git stash -q && git stash pop -q && git diff --stat'
