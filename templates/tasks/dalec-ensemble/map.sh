#!/bin/sh
# map.sh PARAMETERS OUTPUT DRIVERS: runs DALEC for each row of PARAMETERS, whose columns are `member` and parameters, and
# writes rows "member,day,lai,gpp,nee". Works in the current folder.
set -eu
export LC_ALL=C
echo 'member,day,lai,gpp,nee' >"$2"
awk -F , 'NR == 1 { split($0, name); next }
  { file = "member-" $1 ".csv"
    print "name,value" >file
    for (i = 2; i <= NF; i++) print name[i] "," $i >file
    close(file)
    print $1 }' "$1" >members
while read -r member; do
  dalec.1.0 --drivers "$3" --parameters "member-$member.csv" --output run.csv >words || { cat words; exit 1; }
  awk -F , -v member="$member" 'NR == 1 {
      for (i = 1; i <= NF; i++) { sub(/_gC.*|_m2.*/, "", $i); column[$i] = i }
      next
    }
    { print member "," $1 "," $column["lai"] "," $column["gpp"] "," $column["nee"] }' run.csv >>"$2"
done <members
