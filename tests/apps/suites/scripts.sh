#!/bin/bash
# SPDX-License-Identifier: MIT
# suite: perl and bash programs: forks, pipes, sockets, SysV segments, jobs, coprocesses
# packages: bash perl python3
# part: all 20 60 ci

. "$(dirname "$0")/../suite.sh"
need perl bash seq sort

program() { check "perl-$1" perl -w -e "$2"; }
script() { check "bash-$1" bash -c "$2"; }

program fork 'my @p = map { my $n = $_; my $p = fork // die; exit $n unless $p; $p } 1 .. 5; for (@p) { waitpid $_, 0; print $? >> 8, "\n" }'
program pipe 'pipe my $r, my $w or die; if (!fork) { close $r; print $w "line $_\n" for 1 .. 1000; exit } close $w; my $n = 0; $n += length while <$r>; wait; print "$n\n"'
program open-list 'open my $f, "-|", "seq", "5" or die; print while <$f>; close $f; print "$?\n"'
program open-fork 'my $p = open(my $f, "|-") // die; if (!$p) { print uc while <STDIN>; exit 3 } print $f "hello\n"; close $f; print $? >> 8, "\n"'
program open3 'use IPC::Open3; use Symbol; my $e = gensym; my $p = open3(my $i, my $o, $e, "sh", "-c", "cat; echo bad >&2; exit 2"); print $i "in\n"; close $i; print <$o>, <$e>; waitpid $p, 0; print $? >> 8, "\n"'
program socketpair 'use Socket; socketpair my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die; if (!fork) { close $a; while (<$b>) { syswrite $b, uc } exit } close $b; for (qw(a b c)) { syswrite $a, "$_\n"; print scalar <$a> } shutdown $a, 1; wait; print "$?\n"'
program inet 'use IO::Socket::INET; my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die; my $port = $l->sockport; if (!fork) { for (1 .. 20) { my $s = IO::Socket::INET->new("127.0.0.1:$port") or die; print $s "$_\n"; shutdown $s, 1; <$s> } exit } my $sum = 0; for (1 .. 20) { my $c = $l->accept; $sum += <$c>; print $c "ok\n"; close $c } wait; print "$sum $?\n"'
program unix 'use IO::Socket::UNIX; my $l = IO::Socket::UNIX->new(Local => "sock.$$", Listen => 1) or die; if (!fork) { my $s = IO::Socket::UNIX->new(Peer => "sock." . getppid) or die; print $s "hi\n"; exit } my $c = $l->accept; print <$c>; wait; unlink "sock.$$"'
program shm 'use IPC::SysV qw(IPC_PRIVATE IPC_RMID S_IRUSR S_IWUSR); my $id = shmget(IPC_PRIVATE, 4096, S_IRUSR | S_IWUSR) // die; shmwrite($id, "parent", 0, 6); if (!fork) { shmread($id, my $b, 0, 6); shmwrite($id, uc $b, 0, 6); exit } wait; shmread($id, my $b, 0, 6); print "$b\n"; shmctl($id, IPC_RMID, 0) // die'
program threads 'use threads; use threads::shared; my $n :shared = 0; $_->join for map { threads->create(sub { for (1 .. 100) { lock $n; $n++ } open my $f, "<", "/dev/null"; }) } 1 .. 4; print "$n\n"'
program signals 'my $n = 0; $SIG{USR1} = sub { open my $f, "<", "/dev/null"; $n++ }; kill USR1 => $$ for 1 .. 50; print "$n\n"; $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select undef, undef, undef, 10 }; print $@'
program dup 'open my $old, ">&", \*STDOUT or die; open STDOUT, ">", "dup.out" or die; print "file\n"; system "echo child"; open STDOUT, ">&", $old or die; open my $f, "<", "dup.out"; print <$f>'
program temp 'use File::Temp; my @f = map { File::Temp->new } 1 .. 20; print { $_ } "x" for @f; my $d = File::Temp->newdir; open my $f, ">", "$d/a" or die; close $f; opendir my $h, $d or die; print grep { !/^\./ } readdir $h'
program exec 'use Fcntl; pipe my $r, my $w or die; if (!fork) { fcntl $w, F_SETFD, 0; exec "sh", "-c", "echo through >&" . fileno $w } close $w; print <$r>; wait'
program zombie 'if (my $p = fork) { my ($n, $r) = 0; do { $r = waitpid -1, 1; select undef, undef, undef, 0.02 if !$r } while !$r && $n++ < 500; print $r == $p ? "reaped\n" : "lost\n" } else { exit }'
program daemon 'use POSIX; pipe my $r, my $w or die; if (!fork) { POSIX::setsid; exit if fork; close $r; open STDIN, "<", "/dev/null"; open STDOUT, ">", "/dev/null"; syswrite $w, "daemon\n"; POSIX::_exit(0) } close $w; wait; print <$r>'
program storable 'use Storable qw(lock_store lock_retrieve); lock_store { a => [1 .. 10] }, "stored"; print scalar @{ lock_retrieve("stored")->{a} }'

script pipeline 'seq 20000 | sort -rn | sed s/7/seven/ | tail -n 3; false | true; echo "${PIPESTATUS[*]}"'
script substitution 'for i in {1..50}; do x=$(echo $((i * i))); s=$((s + x)); done; echo $s; diff <(seq 3) <(seq 4); true'
script coprocess 'coproc sort; seq 9 -1 1 >&"${COPROC[1]}"; eval "exec ${COPROC[1]}>&-"; cat <&"${COPROC[0]}"'
script jobs 'for i in 3 1 2; do (exit $i) & done; for j in $(jobs -p); do wait $j; echo $?; done | sort'
script descriptors 'exec 5>five 6<>six; echo a >&5; echo b >&6; exec {n}<five; read -r l <&$n; echo "$l"; exec 5>&- 6>&- {n}<&-; cat five six; ls /proc/self/fd | wc -l'
script traps 'trap "echo usr" USR1; trap "echo bye" EXIT; kill -USR1 $$; (trap "echo sub" EXIT); kill -TERM $BASHPID & wait; sleep 0 & wait -n; echo $?'
script network 'exec 2>/dev/null; if exec 3<>/dev/tcp/127.0.0.1/1; then echo open; else echo refused; fi'
script heredoc 'cat <<END | tr a-z A-Z
large $(seq 500 | tr "\n" " ")
END
while read -r a b; do echo "$b $a"; done <<<"one two"'
script mapfile 'mapfile -t a < <(seq 1000); echo ${#a[@]} ${a[999]}; readarray -d "" b < <(printf "x\0y\0"); echo ${#b[@]}'
script ulimit 'ulimit -n 40; for ((i = 10; i < 60; i++)); do eval "exec $i</dev/null" 2>/dev/null || { echo "stopped at $i"; break; }; done'
