package vector

// Bytes is a matrix that is kept in bytes alone: what a row holds is a whole number of steps
// in each place, which is what the number was but for half a step at the most. So a row takes
// d and 4 bytes, with d rounded up to a multiple of 16.
//
// It grows by Append and AppendRow, while nobody else uses it; then it is immutable.
type Bytes struct {
	d, wide int
	bytes   []uint8
	steps   []float32
	// The largest lengths of what a row's bytes leave out, and of a row; see Table.
	mostOff, mostNorm float64
	mute              bool // there is a row that bytes do not speak for
}

// NewBytes returns an empty matrix of rows of d numbers, with room for some.
func NewBytes(d, room int) *Bytes {
	return &Bytes{d: d, wide: paddedBytes(d), bytes: make([]uint8, 0, room*paddedBytes(d)), steps: make([]float32, 0, room)}
}

// Append adds a row, and returns the length of what its bytes leave out. A row with a number
// that is none, or too large, becomes one of zeros, of which it returns nothing of use.
func (b *Bytes) Append(row []float32) (lost float64) {
	from := len(b.bytes)
	for range b.wide {
		b.bytes = append(b.bytes, zeroByte)
	}
	most := largest(row[:b.d])
	if !(most >= leastRow && most <= mostRow) {
		b.steps, b.mute = append(b.steps, 0), b.mute || most != 0
		return norm(row[:b.d])
	}
	step := float32(most / steps)
	whole := make([]int8, b.d)
	lost, length := inSteps(row[:b.d], float64(step), whole)
	b.mostOff = max(b.mostOff, (lost+float64(b.d+8)*ulp*norm(row[:b.d]))*above)
	b.mostNorm = max(b.mostNorm, float64(step)*length*above)
	for i, w := range whole {
		b.bytes[from+i] = uint8(int(w) + zeroByte)
	}
	b.steps = append(b.steps, step)
	return lost
}

// AppendRow adds row i of another matrix of rows as long.
func (b *Bytes) AppendRow(of *Bytes, i int) {
	b.bytes = append(b.bytes, of.bytes[i*of.wide:][:of.wide]...)
	b.steps = append(b.steps, of.steps[i])
	b.mostOff, b.mostNorm, b.mute = max(b.mostOff, of.mostOff), max(b.mostNorm, of.mostNorm), b.mute || of.mute
}

// Raw returns the bytes and the steps of all rows, for BytesOf. They are not to be changed.
func (b *Bytes) Raw() (bytes []uint8, steps []float32) { return b.bytes, b.steps }

// BytesOf returns the matrix of rows of d numbers that Raw returned: they are taken over. It is
// not ok where there is not a row for each step. Of the floats that became it nothing is known:
// BytesBounds has none for it.
func BytesOf(d int, bytes []uint8, steps []float32) (b *Bytes, ok bool) {
	wide := paddedBytes(d)
	if len(bytes) != len(steps)*wide {
		return nil, false
	}
	return &Bytes{d: d, wide: wide, bytes: bytes, steps: steps, mute: len(steps) > 0}, true
}

// Len returns how many rows there are.
func (b *Bytes) Len() int { return len(b.steps) }

// Dims returns how many numbers a row has.
func (b *Bytes) Dims() int { return b.d }

// Fetch asks the processor to have the rows from one to before another, if any, at hand soon.
func (b *Bytes) Fetch(from, to int) { Prefetch(b.bytes[from*b.wide : to*b.wide]) }

// Row writes row i to out, as its bytes have it.
func (b *Bytes) Row(out []float32, i int) {
	for k, v := range b.bytes[i*b.wide:][:b.d] {
		out[k] = float32(int(v)-zeroByte) * b.steps[i]
	}
}

// Bytes sets out to the dot products, divided by Gain, of r and len(out) rows of b from a row
// on. They are those of whole numbers: the same on every processor.
func (r *Rough) Bytes(out []float32, b *Bytes, from int) {
	if r.zero {
		clear(out)
		return
	}
	bytesRows(out, b.bytes[from*b.wide:][:len(out)*b.wide], b.steps[from:], r.bytes, r.excess)
}

// BytesPicked is Bytes of the rows in picks. It panics where there is no such row.
func (r *Rough) BytesPicked(out []float32, b *Bytes, picks []uint32) {
	if r.zero {
		clear(out[:len(picks)])
		return
	}
	if done := bytesPicked(out[:len(picks)], b.bytes, b.steps, r.bytes, picks, r.excess); done < len(picks) {
		noRow(picks[done:], b.Len())
	}
}

// BytesBounds is Bounds for the rows in floats that became those of b.
func (r *Rough) BytesBounds(b *Bytes) (off, most float64, ok bool) {
	return r.bounds(b.mostOff, b.mostNorm, b.mute)
}

// BytesBounds is what BytesBounds takes of all rows of several matrices. The zero value is that of none.
type BytesBounds struct {
	mostOff, mostNorm float64
	mute              bool
}

// Add adds those of a matrix.
func (m *BytesBounds) Add(b *Bytes) {
	m.mostOff, m.mostNorm, m.mute = max(m.mostOff, b.mostOff), max(m.mostNorm, b.mostNorm), m.mute || b.mute
}

// BoundsOf is BytesBounds for the rows of all of them.
func (r *Rough) BoundsOf(m *BytesBounds) (off, most float64, ok bool) {
	return r.bounds(m.mostOff, m.mostNorm, m.mute)
}

// Row writes to out the query as its bytes have it.
func (r *Rough) Row(out []float32) {
	for i := range out {
		if out[i] = 0; !r.zero {
			out[i] = float32(float64(r.bytes[i]) * r.step)
		}
	}
}

// Lost returns the length of what the bytes leave out of the query.
func (r *Rough) Lost() float64 {
	if r.zero {
		return 0
	}
	return r.lost
}

// Length returns the Euclidean length of x.
func Length(x []float32) float64 { return norm(x) }
