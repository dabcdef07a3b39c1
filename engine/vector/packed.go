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
	wide := roundUp(m, tileRows)
	c, a = c[:m*p.n], a[:m*p.k]
	across, out := space[:wide*p.k], space[wide*p.k:][:wide*panel]
	turn(across, a, m, p.k, wide)
	for j := 0; j < p.n; j += panel {
		columns := min(panel, p.n-j)
		b := p.panels[j*p.k:][:panel*p.k]
		clear(out)
		for from := 0; from < p.k; from += depth {
			tile(out, panel, across[from*wide:], wide, b[from*panel:], panel,
				wide, roundUp(columns, gramStep), min(depth, p.k-from), 1)
		}
		for r := range m {
			copy(c[r*p.n+j:][:columns], out[r*panel:])
		}
	}
}

// turn writes the transpose of the m x k matrix rows, with wide columns, the last of which
// are zero. It goes by eights of rows, so that what is written stays in the cache.
func turn(to, rows []float32, m, k, wide int) {
	if m < wide {
		for c := range k {
			clear(to[c*wide+m:][:wide-m])
		}
	}
	for from := 0; from < m; from += tileRows {
		for r := from; r < min(from+tileRows, m); r++ {
			at := r
			for _, v := range rows[r*k:][:k] {
				to[at] = v
				at += wide
			}
		}
	}
}

func roundUp(n, step int) int { return (n + step - 1) / step * step }
