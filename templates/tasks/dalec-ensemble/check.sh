#!/bin/sh
# check.sh PARAMETERS OUTPUT DRIVERS: whether there is a row of numbers for each member and day.
set -eu
members=$(($(wc -l <"$1") - 1))
days=$(grep -c '^[0-9]' "$3")
awk -F , -v wanted=$((members * days)) '
  NR > 1 { for (i = 2; i <= 5; i++) if ($i !~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/) { print "line " NR ": " $i " is no number"; exit 1 } }
  END { if (NR - 1 != wanted) { print NR - 1 " rows instead of " wanted; exit 1 } }' "$2"
