#!/bin/sh
# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
#
# One job of `pecanctl run --task`, on a worker. Begun by job.sh, in the job's own folder <task>/<stage>/<unit>/<slot>:
#
#   harness.sh map|reduce|compare DIGEST QUORUM SECONDS
#
# DIGEST is the SHA-256 of ../chunk, which lists the input; with a QUORUM above 1 a worker that has given a result of this
# unit declines; a command may take so many SECONDS (0: any). The output appears by a rename, and after it, by another one,
# `manifest`: what became of the job, with size and SHA-256 of each file of the output. `log` is the end of what the
# commands said. Needs a POSIX shell and sha256sum, awk, wc, tail, cut, find, sort; timeout where there is a limit.
set -u
export LC_ALL=C
stage=$1 wanted=$2 quorum=$3 limit=$4
here=$PWD
unit=${here%/*}
task=${unit%/*/*}
export PECAN_TASK_PROGRAM="$task/task/program"
began=$(date +%s)
signal=0 oom=0 late=0

# pecan-worker says who it is; of another worker host and root file system tell.
worker=${PECAN_WORKER_ID:-}
[ -n "$worker" ] || worker=$({
  hostname
  awk '$5 == "/" { $1 = $2 = ""; print }' /proc/self/mountinfo
} 2>/dev/null | sha256sum | cut -c 1-32)

# tell STATE STEP EXIT: what became of it, whole or not at all.
tell() {
  {
    echo "pecan-task 1"
    echo "state $1"
    echo "step $2"
    echo "exit $3"
    echo "signal $signal"
    echo "oom $oom"
    echo "late $late"
    echo "seconds $(($(date +%s) - began))"
    echo "worker $worker"
    [ "$1" != ok ] || [ ! -e listed ] || cat listed
    echo end
  } >manifest.tmp && mv -f manifest.tmp manifest
}

keep_log() {
  tail -n 50 log.all 2>/dev/null | cut -c 1-1000 >log
  rm -rf log.all scratch output.tmp listed inputs
}

# fail STEP EXIT [WORDS]
fail() {
  [ $# -lt 3 ] || echo "$3" >>log.all
  keep_log
  tell failed "$1" "$2"
  cat log
  exit 1
}

# list FILE NAME: its line of a manifest.
list() {
  echo "file $(($(wc -c <"$1"))) $(sha256sum <"$1" | cut -c 1-64) $2"
}

# Whether the files below FOLDER are as LIST says.
holds() {
  awk '$1 == "file" { digest = $3; sub(/^file [0-9]+ [0-9a-f]+ /, ""); print digest "  " $0 }' "$1" |
    (cd "$2" && sha256sum -c) >/dev/null 2>&1
}

# How often the kernel has killed a process of this container for want of memory.
count_ooms() {
  cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null |
    awk '$1 == "oom_kill" { sum += $2 } END { print sum + 0 }'
}

# Commands are functions of commands.sh and call this in a shell of their own.
start() {
  if [ "$limit" -gt 0 ]; then
    exec timeout -k 5 "$limit" "$@"
  fi
  exec "$@"
}

# step NAME: runs command_NAME, and sets `status` and what else is known of its end.
step() {
  ooms=$(count_ooms)
  step_began=$(date +%s)
  (cd scratch && "command_$1") >>log.all 2>&1 </dev/null
  status=$?
  signal=0 oom=0 late=0
  [ "$status" -le 128 ] || signal=$((status - 128))
  [ "$status" = 0 ] || [ "$(count_ooms)" -le "$ooms" ] || oom=1
  [ "$status" = 0 ] || [ "$limit" = 0 ] || [ $(($(date +%s) - step_began)) -lt "$limit" ] || late=1
}

# A message may come twice: what is done is not done again.
if [ -e manifest ] && grep -Fqx 'state ok' manifest && grep -Fqx end manifest && holds manifest "$here"; then
  exit 0
fi
rm -rf manifest manifest.tmp output output.tmp scratch log log.all listed inputs

if [ "$quorum" -gt 1 ]; then
  for other in ../r[0-9]*/manifest; do
    if [ -e "$other" ] && grep -Fqx 'state ok' "$other" && grep -Fqx "worker $worker" "$other"; then
      tell declined worker 0
      exit 0
    fi
  done
fi

# A job that takes its worker down comes back for ever.
echo "$worker" >>attempts
[ "$(wc -l <attempts)" -le 3 ] || fail worker 0 'three workers began it, and none of them lived to tell how it ended'

if [ "$(sha256sum <../chunk | cut -c 1-64)" != "$wanted" ] || ! holds ../chunk "$task"; then
  fail input 0 'the input is not what its manifest says'
fi

mkdir scratch || fail worker 1
export TMPDIR="$here/scratch"
# Commands stand beside the program, which no job changes.
has_check=no
# shellcheck source=/dev/null
. "$task/task/commands.sh"

case $stage in
  map)
    input=$unit/input output=$here/output.tmp chunk=${unit##*/}
    export PECAN_TASK_INPUT="$input" PECAN_TASK_OUTPUT="$output" PECAN_TASK_CHUNK="$chunk"
    step map
    [ "$status" = 0 ] || fail map "$status"
    [ -f "$output" ] || fail output 0 'the map command left no file where its output belongs'
    if [ "$has_check" = yes ]; then
      step check
      [ "$status" = 0 ] || fail check "$status"
    fi
    list output.tmp output >listed
    ;;
  reduce)
    input=$here/inputs output=$here/output.tmp
    while read -r word size digest name; do
      [ "$word" != file ] || echo "$task/$name"
    done <../chunk >inputs
    mkdir output.tmp || fail worker 1
    export PECAN_TASK_INPUT="$input" PECAN_TASK_OUTPUT="$output"
    step reduce
    [ "$status" = 0 ] || fail reduce "$status"
    (cd output.tmp && find . -type f | sort) | while read -r name; do
      list "output.tmp/$name" "output/${name#./}"
    done >listed
    [ -s listed ] || fail output 0 'the reduce command left no file where its output belongs'
    ;;
  compare)
    # shellcheck disable=SC2034 # of commands.sh
    {
      read -r word size digest left
      read -r word size digest right
    } <../chunk
    left=$task/$left right=$task/$right
    export PECAN_TASK_LEFT="$left" PECAN_TASK_RIGHT="$right"
    step compare
    [ "$status" -le 1 ] || fail compare "$status"
    keep_log
    tell ok compare "$status"
    exit 0
    ;;
esac
mv output.tmp output || fail output 1
mv listed listed.tmp && keep_log && mv listed.tmp listed
tell ok "$stage" 0
rm -f listed
