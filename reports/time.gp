# Latency over time, and below it how many requests ended, ok or not: one cell a run, same axes.
#
# From the program: N cells and their edges in screen coordinates: CL CR (left, right), LT LB
# (latency: top, bottom), RT RB (rate: top, bottom); FIRST[k], BOTTOM[k]: the leftmost of its row,
# the lowest of its column; T1, Y0, Y1, R1: ends of the axes; XTICS and XBARE, YTICS and YBARE,
# RTICS and RBARE: commands, with and without words; time-1.tsv: the middle in s, p50, p90, p99,
# p99.9 in ms, ok and failed per second; cell-1.gp: its name, what happened, and p50 ... beside the
# curves; rate-1.gp: words beside the rates.

set multiplot
set xrange [0:T1]
do for [k=1:N] {
    set lmargin at screen CL[k]; set rmargin at screen CR[k]
    unset label; unset object; unset arrow
    if (k == 1) { eval HEADING }
    load sprintf('cell-%d.gp', k)
    f = sprintf('time-%d.tsv', k)

    set tmargin at screen LT[k]; set bmargin at screen LB[k]
    set logscale y; set yrange [Y0:Y1]; set border 2 lc rgb SOFT
    eval XBARE; set xtics scale 0
    if (FIRST[k]) { eval YTICS; set ytics scale 0.5 } else { eval YBARE; set ytics scale 0 }
    plot f using 1:4:5 with filledcurves fc rgb BLUE fs transparent solid SHADE notitle, \
         f using 1:3:4 with filledcurves fc rgb BLUE fs transparent solid 1.9*SHADE notitle, \
         f using 1:2:3 with filledcurves fc rgb BLUE fs transparent solid 3*SHADE notitle, \
         f using 1:4 with lines lc rgb BLUE lw 2.4 notitle, \
         f using 1:2 with lines lc rgb INK lw 1.6 notitle

    unset label; unset object; unset arrow
    load sprintf('rate-%d.gp', k)
    set tmargin at screen RT[k]; set bmargin at screen RB[k]
    unset logscale y; set yrange [0:R1]; set border 3 lc rgb SOFT
    if (BOTTOM[k]) { eval XTICS; set xtics scale 0.5 }
    if (FIRST[k]) { eval RTICS; set ytics scale 0.5 } else { eval RBARE; set ytics scale 0 }
    plot f using 1:7:($6+$7) with filledcurves fc rgb SOFT fs transparent solid 0.30 notitle, \
         f using 1:7 with filledcurves y1=0 fc rgb ALARM fs solid 0.9 notitle
}
unset multiplot
