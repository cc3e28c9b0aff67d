# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
# Packages of other Debian releases: unpacked, not installed. Source it after lib.sh; bash only.
# shellcheck shell=bash

# release_root RELEASE PACKAGE...: prints the folder that holds them and all that they need, fetched once.
release_root() {
  local cache=${XDG_CACHE_HOME:-/var/cache}/pecanctl-tests root mirror work
  root=$cache/$1-$2
  if [ ! -e "$root" ]; then
    say "fetching $2 of Debian's $1"
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "no Debian mirror is configured" "see /etc/apt/sources.list.d"
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/fetch.XXXXXX")
    unpack_release "$work" "$mirror" "$@" >&2 ||
      { rm -rf "$work"; die "cannot fetch $2 of $1 from $mirror" "see apt's words above"; }
    mv -T "$work/root" "$root"
    rm -rf "$work"
  fi
  echo "$root"
}

# unpack_release FOLDER MIRROR RELEASE PACKAGE...: makes FOLDER/root. apt sees nothing of this machine's packages.
unpack_release() (
  cd "$1" || return
  mkdir -p state/lists/partial cache/archives/partial parts root
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $2 $3 main" >sources.list
  cat >apt.conf <<END
Dir::State "$1/state";
Dir::State::status "/dev/null";
Dir::Cache "$1/cache";
Dir::Etc::sourcelist "$1/sources.list";
Dir::Etc::sourceparts "$1/parts";
Dir::Etc::preferencesparts "$1/parts";
APT::Sandbox::User "root";
END
  export APT_CONFIG=$1/apt.conf
  apt-get -qq update && apt-get -qq -y --download-only --no-install-recommends install "${@:4}" &&
    find cache/archives -name '*.deb' -print0 | xargs -0 -I{} dpkg -x {} root
)
