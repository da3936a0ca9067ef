# How often is a request slower than x? One curve a run, both axes logarithmic.
#
# From the program: N runs, ccdf-1.tsv ... (latency in ms, share slower); P99[i] in ms (NaN = none);
# ROW[i] and HEAD, the lines of the table of curves, and its corner KX, KY, BELOW (1 = left bottom,
# 0 = right top); X0, X1, Y0; the ticks. A single run has MARK[1..4] (latency in ms), SHARE[1..4] and
# MARKTEXT[1..4] instead,
# MARKLEFT[1..4]: 1 = no room on the right.

eval HEADING
set lmargin at screen 118.0/W; set rmargin at screen 1-30.0/W
set tmargin at screen TOP; set bmargin at screen 62.0/H
set logscale xy
set xrange [X0:X1]; set yrange [Y0:1.5]
set xlabel 'latency of the requests that ended ok' offset 0,-0.3
set ylabel 'share of requests slower than this' offset -0.5,0
set arrow 1 from X0,0.01 to X1,0.01 nohead lc rgb SOFT lw 1.2 dt (3,3) back

if (N > 1) {
    if (BELOW) { set key at graph KX,KY left bottom } else { set key at graph KX,KY right top }
    set key maxcols 1 Left reverse samplen 3 spacing 1.25 font TABLE textcolor rgb INK noenhanced
    set key title HEAD left font TABLE noenhanced textcolor rgb SOFT
    plot for [i=1:N] sprintf('ccdf-%d.tsv', i) using 1:2 with lines ls i title ROW[i], \
         for [i=1:N] '+' using (P99[i]):(0.01) every ::0::0 with points ls i dt solid notitle
} else {
    do for [i=1:4] {
        if (MARK[i] > 0) {
            set label 10+i MARKTEXT[i] at MARK[i],SHARE[i] left offset 1,0.6 \
                point pt 7 ps 0.9 lc rgb BLUE textcolor rgb INK font NORMAL front
            if (MARKLEFT[i]) { set label 10+i right offset -1,-0.6 }
        }
    }
    plot 'ccdf-1.tsv' using 1:2 with lines ls 1 notitle
}
