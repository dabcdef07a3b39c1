package vector

// panel is how many rows of a matrix stand beside one another when it is packed for
// products: element r of column k lies at k*panel+r, so that a step of a product reads
// along memory on both sides. 48 is three registers of AVX-512, and six rows divide it.
const panel = 48

// depth is how many columns are multiplied before sums go back to memory: 48 KiB a panel,
// two of which a second-level cache holds. It is part of the order of summation.
const depth = 256

// square is a product of two panels.
type square = [panel * panel]float32

// addPanels adds f * a * transpose(b) to c, for panels of k columns. nextA and nextB are
// what will be multiplied after them, nil where nobody knows: the cache is asked for it,
// as it is for the next columns of a and b.
func addPanels(c *square, a, b []float32, k int, f float32, nextA, nextB []float32) {
	for from := 0; from < k; from += depth {
		count := min(depth, k-from)
		a, b := a[from*panel:k*panel], b[from*panel:k*panel]
		thenA, thenB := a, b
		switch {
		case from+depth < k:
			thenA, thenB = a[depth*panel:], b[depth*panel:]
		case len(nextA) > 0 && len(nextB) > 0:
			thenA, thenB = nextA, nextB
		}
		addSquare(c, a, b, count, f, &thenA[0], &thenB[0])
	}
}

// group is how many panels an inversion multiplies with as many others: what comes from memory is
// read for three products, and depth columns of six panels, with the next ones, stay in a
// second-level cache of a megabyte.
const group = 3

// run is some panels that follow one another, at most group.
type run struct{ from, to int }

// products are those of some panels with others.
type products struct {
	a, b [group][]float32
	c    [group][group]*square // to c[x][y] goes a[x] * transpose(b[y]); nil for none
}

// add adds f times the products of k columns, some columns of all panels after the others; the cache
// is asked for the next ones meanwhile.
func (p *products) add(k int, f float32) {
	for from := 0; from < k; from += depth {
		count := min(depth, k-from)
		ahead := min(from+count, k-1) * panel
		for y, b := range p.b {
			for x, a := range p.a {
				if c := p.c[x][y]; c != nil {
					nextA, nextB := &a[from*panel], &b[from*panel]
					if x == y {
						nextA, nextB = &a[ahead], &b[ahead]
					}
					addSquare(c, a[from*panel:], b[from*panel:], count, f, nextA, nextB)
				}
			}
		}
	}
}

// pack packs the rows of a row-major matrix with k columns, rows ld apart, filling the
// last panel with zeros.
func pack(rows []float32, n, k, ld, workers int) []float32 {
	panels := (n + panel - 1) / panel
	out := make([]float32, panels*panel*k)
	Fork(workers, panels, func(_, p int) {
		packPanel(out[p*panel*k:][:panel*k], rows[p*panel*ld:], min(panel, n-p*panel), k, ld)
	})
	return out
}

// packPanel packs n rows, at most panel, a few columns at a time, so that what is written
// stays in a first-level cache until all rows have been there.
func packPanel(to, rows []float32, n, k, ld int) {
	const columns = 64
	for from := 0; from < k; from += columns {
		for r := range n {
			at := from*panel + r
			for _, v := range rows[r*ld+from:][:min(columns, k-from)] {
				to[at] = v
				at += panel
			}
		}
	}
}

// MulNT sets c to a * transpose(b), where a is m x k, b is n x k and c is m x n, all
// row-major, with up to workers goroutines. It takes half the time of DotMany where k is
// some hundred or m and n are large, and 4 k (m+n) bytes; sums run in another order, with
// the fused multiplication of the processor, and are the same for any number of workers.
func MulNT(c, a, b []float32, m, n, k, workers int) {
	c, a, b = c[:m*n], a[:m*k], b[:n*k]
	packedA, packedB := pack(a, m, k, k, workers), pack(b, n, k, k, workers)
	down, across := (m+panel-1)/panel, (n+panel-1)/panel
	Fork(workers, down*across, func(_, t int) {
		i, j := t%down, t/down
		var out square
		addPanels(&out, packedA[i*panel*k:], packedB[j*panel*k:], k, 1, nil, nil)
		for r := range min(panel, m-i*panel) {
			copy(c[(i*panel+r)*n+j*panel:][:min(panel, n-j*panel)], out[r*panel:])
		}
	})
}

// gramParts is how many parts the rows of a Gram matrix are summed in. It is fixed, so that
// the order of summation is the same for any number of workers.
const gramParts = 32

// Gram returns the sum of h * transpose(h) over the rows h of d floats, with up to workers
// goroutines: a symmetric rank-k update. Some hundred products are summed in float32, and
// those sums in float64. The result does not depend on the number of workers.
func Gram(rows []float32, d, workers int) *Sym {
	n := rowsIn(rows, d)
	parts := make([]*Sym, gramParts)
	size := (n + gramParts - 1) / gramParts
	Fork(workers, gramParts, func(_, p int) {
		from := min(p*size, n)
		parts[p] = gramPart(rows[from*d:min((p+1)*size, n)*d], d)
	})
	for _, p := range parts[1:] {
		parts[0].Add(p)
	}
	return parts[0]
}

// gramStep divides the sizes that tile takes.
const gramStep = 16

func gramPart(rows []float32, d int) *Sym {
	s := NewSym(d)
	wide := (d + gramStep - 1) / gramStep * gramStep
	sums, padded := make([]float32, wide*wide), []float32(nil)
	if wide != d {
		padded = make([]float32, depth*wide)
	}
	for len(rows) > 0 {
		count := min(depth, len(rows)/d)
		h := rows
		if wide != d {
			for i := range count {
				copy(padded[i*wide:], rows[i*d:][:d])
			}
			h = padded
		}
		clear(sums)
		for i := 0; i < wide; i += gramStep { // what touches the upper triangle
			tile(sums[i*wide+i:], wide, h[i:], wide, h[i:], wide, gramStep, wide-i, count, 1, nil)
		}
		for i := range d {
			AddTo(s.upper(i), sums[i*wide+i:][:d-i])
		}
		rows = rows[count*d:]
	}
	return s
}
