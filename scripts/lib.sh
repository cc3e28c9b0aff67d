# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
# What the scripts share. Source it; bash only. Everything for people goes to stderr.
# shellcheck shell=bash

# Debian packages, by what they are for. Whoever needs another one adds it here.
# shellcheck disable=SC2034  # used by those who source this
build_packages=(
  g++ cmake ninja-build pkgconf ccache libfmt-dev nlohmann-json3-dev libcli11-dev libyaml-cpp-dev
  libcurl4-openssl-dev librabbitmq-dev libpqxx-dev libpq-dev libssl-dev libarchive-dev
  libcpp-httplib-dev libdeflate-dev libxxhash-dev zlib1g-dev
)
# shellcheck disable=SC2034
run_packages=(docker.io debootstrap busybox-static iproute2)
# shellcheck disable=SC2034
test_packages=(
  doctest-dev clang-14 clang-format-14 clang-tidy-14 libclang-14-dev libclang-rt-14-dev llvm-14-dev lld-14 shellcheck
  python3 python3-jsonschema python3-pika python3-yaml zsh fish man-db mandoc lintian systemd adduser valgrind strace
  docker.io debootstrap busybox-static iproute2 iptables curl rabbitmq-server postgresql-15-postgis-3
)

say() { printf '%s\n' "$*" >&2; }

# die WHAT [HINT]
die() {
  say "error: $1"
  [ $# -lt 2 ] || say "hint: $2"
  exit 1
}

need_root() {
  [ "$(id -u)" = 0 ] || die "this needs root" "repeat it as root, or with sudo"
}

need_debian() {
  # shellcheck source=/dev/null
  [ "$(. /etc/os-release 2>/dev/null && echo "${ID:-}${VERSION_ID:-}")" = debian12 ] ||
    die "this system is not Debian 12, the only one whose package names are known here" \
      "install what scripts/lib.sh lists, then build with cmake --preset release"
}

missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

# Runs a command while packages that get installed may not start their services.
without_starting_services() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [ -e "$policy" ]; then
    "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  "$@" || status=$?
  rm -f "$policy"
  return "$status"
}

# Installs those of the named packages that are missing.
install_packages() {
  local missing apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0)
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  need_root
  say "installing ${missing[*]}"
  # Package lists that are absent or stale fail here; then they are fetched, once.
  "${apt[@]}" install --no-install-recommends "${missing[@]}" >/dev/null 2>&1 && return 0
  { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } >&2 ||
    die "cannot install ${missing[*]}" "see apt's words above"
}

# This machine's own mirror, from its own configuration; that configuration stays as it is. Nothing when it has none.
debian_mirror() {
  # shellcheck disable=SC2016  # the fields are apt's
  apt-get indextargets --format '$(COMPONENT) $(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "main" && $2 !~ /-/ { print $3; exit }'
}

# alone COMMAND...: while nobody else runs one so, for what two could take at the same time.
alone() { (flock 9 && "$@") 9>>"${TMPDIR:-/tmp}/pecanctl-alone-$(id -u)"; }

# A TCP port on which nothing listens and that nobody was given lately: who got it may not have come to listen yet.
# Below the range from which the kernel takes ports for clients.
free_port() { alone choose_port; }

choose_port() {
  local port given
  given=${TMPDIR:-/tmp}/pecanctl-ports-$(id -u)
  while :; do
    port=$((20000 + RANDOM % 12000))
    [ -n "$(ss -Hltn "sport = :$port")" ] || grep -qx "$port" "$given" 2>/dev/null || break
  done
  { tail -n 500 "$given" 2>/dev/null; echo "$port"; } >"$given.new"
  mv "$given.new" "$given"
  echo "$port"
}

# wait_until SECONDS COMMAND...: repeats COMMAND until it succeeds. Fails when the time is over.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# When a process started, in clock ticks since boot: with its id, this names it for good. Nothing for a zombie.
process_start() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  # The command's name, in parentheses, may hold anything: count from behind it.
  read -ra stat <<<"${stat##*) }"
  [ "${stat[0]}" != Z ] && echo "${stat[19]}"
}

# start_process FOLDER COMMAND...: runs COMMAND in a session of its own; FOLDER gets `pid` and `log`.
start_process() {
  local folder=$1
  shift
  setsid "$@" </dev/null >>"$folder/log" 2>&1 &
  echo "$! $(process_start $!)" >"$folder/pid"
  disown  # or bash tells when it is killed
}

# Whether the process that start_process put in FOLDER runs.
is_running() {
  local pid start
  read -r pid start 2>/dev/null <"$1/pid" && [ -n "$start" ] && [ "$(process_start "$pid")" = "$start" ]
}

is_stopped() { ! is_running "$1"; }

# signal_process FOLDER SIGNAL: nothing happens when it is gone.
signal_process() {
  local pid
  is_running "$1" || return 0
  read -r pid _ <"$1/pid"
  kill -s "$2" "$pid" 2>/dev/null || :
}

# wait_stopped FOLDER SECONDS: kills it when it takes longer.
wait_stopped() {
  wait_until "$2" is_stopped "$1" && return 0
  say "${1##*/} did not stop within $2 s: killing it"
  signal_process "$1" KILL
  wait_until 10 is_stopped "$1"
}
