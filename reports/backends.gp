# Requests on each backend over time: a row a backend, a cell a run, one colour scale.
#
# From the program: N cells and their edges CL CR CT CB in screen coordinates; ROWS[k] rows;
# BOTTOM[k]: has the words of the time axis; T1; DX, half a
# sample; C1, the end of the colour scale, CTICS; XTICS and
# XBARE; backends-1.tsv: time in s, row, requests; rows-1.gp: names, what happened to whom.

# Cividis (Nunez, Anderton and Renslow, 2018), sampled: the same to most colour-blind eyes.
set palette defined (0 '#00224e', 1 '#1a386f', 2 '#434e6c', 3 '#61646f', 4 '#7d7c78', \
                     5 '#9b9476', 6 '#bcae6c', 7 '#dfcb57', 8 '#fee838')
set cbrange [0:C1]
unset grid
set border 0
set multiplot
set xrange [0:T1]
do for [k=1:N] {
    set lmargin at screen CL[k]; set rmargin at screen CR[k]
    set tmargin at screen CT[k]; set bmargin at screen CB[k]
    unset label; unset object; unset arrow; unset ytics
    if (k == 1) { eval HEADING; eval CTICS } else { unset colorbox }
    load sprintf('rows-%d.gp', k)
    set yrange [ROWS[k]+0.5:0.5]
    if (BOTTOM[k]) { eval XTICS; set xtics scale 0.5 } else { eval XBARE; set xtics scale 0 }
    plot sprintf('backends-%d.tsv', k) using 1:2:($1-DX):($1+DX):($2-0.47):($2+0.47):3 \
        with boxxyerror lc palette fs solid noborder notitle
}
unset multiplot
