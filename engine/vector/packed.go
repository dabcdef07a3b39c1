package vector

// tileRows divides the rows that tile takes.
const tileRows = 8

// Packed is the right side of products, packed once for many. It is immutable and safe
// for concurrent use.
type Packed struct {
	n, k   int
	panels []float32
}

// Pack packs b, n x k and row-major, in 4 n k bytes, with n rounded up to whole panels of 48.
func Pack(b []float32, n, k int) *Packed {
	return &Packed{n: n, k: k, panels: pack(b[:n*k], n, k, k, 1)}
}

// Space returns how many floats Times needs for m rows.
func (p *Packed) Space(m int) int { return roundUp(m, tileRows) * (p.k + panel) }

// Times sets c to a * transpose(b), where a is m x k and c is m x n, both row-major, with
// space for at least Space(m) floats, which nobody else uses meanwhile. The result is that
// of MulNT, bit for bit, so a row of c depends on its row of a alone. Where m is small it
// takes a fraction of MulNT's time: b is not packed anew, and rows are filled up to eights.
func (p *Packed) Times(c, a []float32, m int, space []float32) {
	p.times(c, a, m, space, func(to, sums []float32, _ int) { copy(to, sums) })
}

// TimesPlus is Times with a bias of n numbers added to each row, after which what is below least
// becomes least.
func (p *Packed) TimesPlus(c, a []float32, m int, space, bias []float32, least float32) {
	p.times(c, a, m, space, func(to, sums []float32, at int) { AddAbove(least, sums, bias[at:], to) })
}

// times is Times, of which put is told what to make of the sums of some columns, from one on, of a
// row.
func (p *Packed) times(c, a []float32, m int, space []float32, put func(to, sums []float32, at int)) {
	wide := roundUp(m, tileRows)
	c, a = c[:m*p.n], a[:m*p.k]
	across, out := space[:wide*p.k], space[wide*p.k:][:wide*panel]
	turn(across, a, m, p.k, wide)
	for j := 0; j < p.n; j += panel {
		columns := min(panel, p.n-j)
		b := p.panels[j*p.k:][:panel*p.k]
		clear(out)
		for from := 0; from < p.k; from += depth {
			count := min(depth, p.k-from)
			tile(out, panel, across[from*wide:], wide, b[from*panel:], panel,
				wide, roundUp(columns, gramStep), count, 1, p.after(j*p.k+(from+count)*panel))
		}
		for r := range m {
			put(c[r*p.n+j:][:columns], out[r*panel:][:columns], j)
		}
	}
}

// after returns what is multiplied at once when the panels before a place are done.
func (p *Packed) after(place int) []float32 {
	return p.panels[min(place, len(p.panels)):min(place+depth*panel, len(p.panels))]
}

// turn writes the transpose of the m x k matrix rows, with wide columns, the last of which
// are zero.
func turn(to, rows []float32, m, k, wide int) {
	if m < wide {
		for c := range k {
			clear(to[c*wide+m:][:wide-m])
		}
	}
	from := 0
	for ; from+tileRows <= m; from += tileRows {
		turnEight(to[from:], rows[from*k:][:tileRows*k], k, wide)
	}
	for r := from; r < m; r++ {
		at := r
		for _, v := range rows[r*k:][:k] {
			to[at] = v
			at += wide
		}
	}
}

// turnEight is turn of eight rows, column by column.
func turnEight(to, rows []float32, k, wide int) {
	r0, r1, r2, r3 := rows[:k], rows[k:][:k], rows[2*k:][:k], rows[3*k:][:k]
	r4, r5, r6, r7 := rows[4*k:][:k], rows[5*k:][:k], rows[6*k:][:k], rows[7*k:][:k]
	for c := range k {
		at := (*[tileRows]float32)(to[c*wide:])
		at[0], at[1], at[2], at[3] = r0[c], r1[c], r2[c], r3[c]
		at[4], at[5], at[6], at[7] = r4[c], r5[c], r6[c], r7[c]
	}
}

func roundUp(n, step int) int { return (n + step - 1) / step * step }
