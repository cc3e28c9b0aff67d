# Rows "day,value", sorted by both, become "variable,day,p5,p25,p50,p75,p95".
# Between two values linearly, as R's quantile (type 7) and NumPy do.
function percentile(p,   at, low) {
  at = 1 + (count - 1) * p / 100
  low = int(at)
  return low == count ? value[count] : value[low] + (at - low) * (value[low + 1] - value[low])
}
function finish() {
  if (count > 0)
    printf "%s,%d,%.6g,%.6g,%.6g,%.6g,%.6g\n", variable, day, percentile(5), percentile(25), percentile(50),
           percentile(75), percentile(95)
  count = 0
}
$1 != day { finish(); day = $1 }
{ value[++count] = $2 + 0 }
END { finish() }
