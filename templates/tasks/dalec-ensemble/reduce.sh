#!/bin/sh
# reduce.sh LIST FOLDER PROGRAM: percentiles of each variable and day over the members of all files that LIST names, as
# FOLDER/percentiles.csv, and their plot, FOLDER/percentiles.svg. Works in the current folder.
set -eu
export LC_ALL=C
while IFS= read -r file; do
  tail -n +2 "$file"
done <"$1" >all
echo 'variable,day,p5,p25,p50,p75,p95' >"$2/percentiles.csv"
column=3
for variable in lai gpp nee; do
  cut -d , -f "2,$column" all | sort -t , -k1,1n -k2,2g |
    awk -F , -v variable="$variable" -f "$3/percentiles.awk" >>"$2/percentiles.csv"
  column=$((column + 1))
done
members=$(cut -d , -f 1 all | uniq | wc -l)
awk -F , -v members="$((members))" -f "$3/plot.awk" "$2/percentiles.csv" >"$2/percentiles.svg"
