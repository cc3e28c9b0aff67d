#!/bin/sh
# map.sh INPUT OUTPUT: lines "word<TAB>count" of a text, sorted by word. A word is letters of ASCII, in lower case.
set -eu
export LC_ALL=C
tr -cs 'A-Za-z' '\n' <"$1" | tr '[:upper:]' '[:lower:]' | sort | uniq -c |
  awk '$2 != "" { printf "%s\t%d\n", $2, $1 }' >"$2"
