# How often is a request slower than x? One curve a run, both axes logarithmic.
#
# From the program: N runs, ccdf-1.tsv ... (latency in ms, share slower); P99[i] in ms (NaN = none);
# ROW[i] and HEAD, the lines of the table of curves, and its place TX, TY, TW, TH in pixels from the
# top left; FOOT, pixels below the plot; X0, X1, Y0; the ticks. A single run has MARK[1..4] (latency in
# ms), SHARE[1..4], MARKTEXT[1..4] and MARKLEFT[1..4] (1 = no room on the right) instead.

eval HEADING
set lmargin at screen 118.0/W; set rmargin at screen 1-30.0/W
set tmargin at screen TOP; set bmargin at screen FOOT/H
set logscale xy
set xrange [X0:X1]; set yrange [Y0:1.5]
set xlabel 'latency of the requests that ended ok' offset 0,-0.3
set ylabel 'share of requests slower than this' offset -0.5,0
set arrow 1 from X0,0.01 to X1,0.01 nohead lc rgb SOFT lw 1.2 dt (3,3) back

if (N > 1) {
    set object 1 rect from screen TX/W,1-(TY+TH)/H to screen (TX+TW)/W,1-TY/H \
        fc rgb PAPER fs solid noborder front
    set label 100 HEAD at screen (TX+48.0)/W,1-(TY+14.0)/H left font TABLE textcolor rgb SOFT front
    do for [i=1:N] {
        y = 1 - (TY + 20.0*i + 14.0)/H
        set arrow 100+i from screen TX/W,y to screen (TX+38.0)/W,y nohead ls i front
        set label 100+i ROW[i] noenhanced at screen (TX+48.0)/W,y left font TABLE \
            textcolor rgb INK front
        set label 200+i '' at screen (TX+19.0)/W,y point ls i front
    }
    plot for [i=1:N] sprintf('ccdf-%d.tsv', i) using 1:2 with lines ls i notitle, \
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
