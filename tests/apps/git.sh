#!/bin/bash
# SPDX-License-Identifier: MIT
# packages: git python3
# A repository's life: init, commits, branch, merge, clone (over a pipe and locally), gc.

. "$(dirname "$0")/apps.sh"
need git

export HOME=$work GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=tester GIT_AUTHOR_EMAIL=tester@example.com GIT_AUTHOR_DATE='2020-01-01T00:00:00Z'
export GIT_COMMITTER_NAME=tester GIT_COMMITTER_EMAIL=tester@example.com GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'

cat >"$work/job.sh" <<'EOF'
set -e
rm -rf "$1/repo" "$1/local" "$1/piped"
git init -q -b main "$1/repo"
cd "$1/repo"
for i in 1 2 3 4 5; do
	seq "$i" 200 >"file$i"
	git add .
	git commit -q -m "commit $i"
done
git checkout -q -b side HEAD~2
echo side >side
git add side
git commit -q -m side
git checkout -q main
git merge -q -m merge side
git gc -q
git fsck --no-progress
git clone -q . "$1/local"
git clone -q "file://$1/repo" "$1/piped"
cd "$1/piped"
git log --format='%h %s' --stat
git archive HEAD | tar t
git diff --stat HEAD~1
EOF
audit git sh "$work/job.sh" "$work"
clean git
end_of_test
