#!/bin/sh
# One DALEC run. Starts in its run folder, <workflow>/run/<id>, which holds drivers.csv and parameters.csv, and writes
# dalec.csv and logfile.txt to <workflow>/out/<id>, as PEcAn lays its workflows out. Exits as the model does.
outdir=${PWD%/*/*}/out/${PWD##*/}
mkdir -p "$outdir" || exit
exec 3>&1 >"$outdir/logfile.txt" 2>&1

# The result of an earlier try must not pass for one of this try.
rm -f "$outdir/dalec.csv"
/usr/local/bin/dalec.1.0 --drivers drivers.csv --parameters parameters.csv --output "$outdir/dalec.csv"
status=$?

if [ "$status" = 0 ]; then
  echo 'MODEL FINISHED' >&3
else
  cat "$outdir/logfile.txt" >&3
  echo "ERROR IN MODEL RUN: exit status $status" >&3
fi
echo "Logfile is located at '$outdir/logfile.txt'" >&3
exit "$status"
