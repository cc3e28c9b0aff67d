#!/bin/sh
# check.sh OUTPUT: whether every line is a word and a count.
awk -F '\t' 'NF != 2 || $1 !~ /^[a-z]+$/ || $2 !~ /^[1-9][0-9]*$/ { print "line " NR " is no count: " $0; exit 1 }' "$1"
