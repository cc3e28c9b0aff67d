# percentiles.csv as an SVG: a panel for each variable, with bands from 5 to 95 and 25 to 75 % and the median.
function x_of(day) { return left + (day - first) / (last - first) * width }
function y_of(v) { return top + height - (v - low) / (high - low) * height }
function text(x, y, anchor, size, words) {
  printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\">%s</text>\n", x, y, anchor, size, words
}
# A distance between lines of the grid that is 1, 2 or 5 times a power of ten.
function step_for(range,   power, part) {
  power = 1
  while (power * 10 <= range) power *= 10
  while (power > range) power /= 10
  part = range / power
  return part < 2 ? power / 2 : part < 5 ? power : power * 2
}
function band(v, from, to, colour,   i, d) {
  printf "<path fill=\"%s\" d=\"", colour
  for (i = 1; i <= days; i++) printf "%s%.1f %.1f", i == 1 ? "M" : "L", x_of(day[i]), y_of(p[v, i, to])
  for (i = days; i >= 1; i--) printf "L%.1f %.1f", x_of(day[i]), y_of(p[v, i, from])
  print "Z\"/>"
}
function panel(v, name,   i, step, tick, shown) {
  low = high = p[v, 1, 1]
  for (i = 1; i <= days; i++) {
    if (p[v, i, 1] < low) low = p[v, i, 1]
    if (p[v, i, 5] > high) high = p[v, i, 5]
  }
  if (low > 0) low = 0
  step = step_for(high - low)
  low = step * int(low / step - (low < 0 ? 1 : 0))
  high = step * (int(high / step) + 1)
  for (tick = low; tick <= high + step / 2; tick += step) {
    printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#e2e2e2\"/>\n", left, left + width, y_of(tick), y_of(tick)
    shown = tick < step / 1000 && tick > -step / 1000 ? 0 : tick
    text(left - 8, y_of(tick) + 4, "end", 12, sprintf("%g", shown))
  }
  band(v, 1, 5, "#cfe3d4")
  band(v, 2, 4, "#8fc39d")
  printf "<path fill=\"none\" stroke=\"#1d6b37\" stroke-width=\"1.6\" d=\""
  for (i = 1; i <= days; i++) printf "%s%.1f %.1f", i == 1 ? "M" : "L", x_of(day[i]), y_of(p[v, i, 3])
  print "\"/>"
  printf "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#444\"/>\n", left, top, width, height
  printf "<g transform=\"translate(22 %d) rotate(-90)\">", top + height / 2
  text(0, 0, "middle", 13, name)
  print "</g>"
}
NR > 1 {
  if ($1 != variable) { variable = $1; number[$1] = ++variables; days = 0 }
  day[++days] = $2
  for (i = 1; i <= 5; i++) p[variables, days, i] = $(i + 2) + 0
}
END {
  left = 80; width = 760; height = 190; first = day[1]; last = day[days] > first ? day[days] : first + 1
  print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"880\" height=\"770\" viewBox=\"0 0 880 770\" font-family=\"sans-serif\" fill=\"#222\">"
  print "<rect width=\"880\" height=\"770\" fill=\"#fff\"/>"
  text(left, 28, "start", 18, "DALEC: what the parameters leave open")
  text(left, 48, "start", 13, members " members, one year; line: median, dark: 25 to 75 %, light: 5 to 95 %")
  top = 64; panel(number["lai"], "leaf area, m² m⁻²")
  top = 284; panel(number["gpp"], "GPP, gC m⁻² d⁻¹")
  top = 504; panel(number["nee"], "NEE, gC m⁻² d⁻¹")
  for (i = first > 1 ? first : 0; i <= last; i += last - first > 100 ? 30 : 5) {
    if (i < first) continue
    printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#444\"/>\n", x_of(i), x_of(i), top + height, top + height + 5
    text(x_of(i), top + height + 20, "middle", 12, i)
  }
  text(left + width / 2, top + height + 42, "middle", 13, "day of year")
  text(left + width, top + height + 62, "end", 11, "NEE above 0: the atmosphere gains carbon")
  print "</svg>"
}
