# The look that all charts share. Before it is loaded: THEME ('light' or 'dark'), OUT (a file name
# that ends in .svg or .png), W and H (pixels).
#
# Lines differ in colour, dash and point, never in colour alone. The colours are those of Okabe and
# Ito (https://jfly.uni-koeln.de/color/), which people with any common colour vision tell apart;
# their black and yellow change with the background to keep contrast.

SVG = OUT[strlen(OUT)-3:] eq '.svg'
FONT = 'DejaVu Sans'
# Sizes are in pixels: gnuplot counts them so in SVG, but in points of 1/72 inch in PNG.
F(px) = sprintf('%s,%.4g', FONT, SVG ? px : 0.75*px)
MONO(px) = sprintf('DejaVu Sans Mono,%.4g', SVG ? px : 0.75*px)
# Some commands take a string variable, but no function.
SMALL = F(12.5); NORMAL = F(14); TABLE = MONO(13)

if (THEME eq 'dark') {
    PAPER = '#15181d'; INK = '#e8eaed'; SOFT = '#9aa4ae'; FAINT = '#2c323a'
    array LINE[7] = ['#56b4e9', '#e69f00', '#009e73', '#cc79a7', '#f0e442', '#d55e00', '#e8eaed']
    BLUE = '#56b4e9'; ALARM = '#ff8c3a'; SHADE = 0.20; ALARMSHADE = 0.16
} else {
    PAPER = '#ffffff'; INK = '#1b1e23'; SOFT = '#59636e'; FAINT = '#e4e7eb'
    array LINE[7] = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#1b1e23']
    BLUE = '#0072b2'; ALARM = '#c04f00'; SHADE = 0.16; ALARMSHADE = 0.10
}

if (SVG) {
    set terminal svg size W,H enhanced font F(14) background PAPER butt solid
} else {
    set terminal pngcairo size W,H enhanced font F(14) background rgb PAPER
}
set encoding utf8
set output OUT

set border 3 lc rgb SOFT lw 1
set tics nomirror out scale 0.6,0 textcolor rgb INK
set grid xtics ytics lt 1 lc rgb FAINT lw 1
set xlabel textcolor rgb SOFT
set ylabel textcolor rgb SOFT
set style fill solid noborder
set datafile separator tab
set datafile commentschars ''
unset key
unset title

# 35 styles before one repeats: 7 colours and 5 dashes go round at different speeds.
do for [i=1:24] {
    c = LINE[(i-1) % 7 + 1]; p = word('7 5 9 13 11 6 4 8 12', (i-1) % 9 + 1) + 0
    q = (i-1) % 5
    if (q == 0) { set style line i lc rgb c lw 2.6 dt solid pt p ps 1.0 }
    if (q == 1) { set style line i lc rgb c lw 2.6 dt (14,5) pt p ps 0.95 }
    if (q == 2) { set style line i lc rgb c lw 2.6 dt (4,4) pt p ps 1.15 }
    if (q == 3) { set style line i lc rgb c lw 2.6 dt (14,4,3,4) pt p ps 1.15 }
    if (q == 4) { set style line i lc rgb c lw 2.6 dt (8,3,2,3,2,3) pt p ps 1.05 }
}

# Title and the line below it, at the left edge; the second may hold names from a scenario.
TOP = 1 - 76.0/H
HEADING = "set label 1001 '{/:Bold*1.36 '.TITLE.'}' at screen 18.0/W, 1-26.0/H left textcolor rgb INK; "\
    ."set label 1002 SUBTITLE noenhanced at screen 18.0/W, 1-50.0/H left font F(13) textcolor rgb SOFT"
