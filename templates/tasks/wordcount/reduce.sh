#!/bin/sh
# reduce.sh LIST FOLDER: adds the counts of the files that LIST names, and writes FOLDER/words.tsv.
set -eu
export LC_ALL=C
while IFS= read -r file; do
  cat "$file"
done <"$1" |
  awk -F '\t' '{ count[$1] += $2 } END { for (word in count) printf "%s\t%d\n", word, count[word] }' |
  sort -t "$(printf '\t')" -k2,2nr -k1,1 >"$2/words.tsv"
