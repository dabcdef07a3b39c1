package vector

// Rough is a query in bytes: what it says of rows is near their dot products, and takes a
// quarter of their memory to find. The zero Rough is room for one; it belongs to one
// goroutine.
type Rough struct {
	bytes        []int8
	step         float64
	lost, length float64
	excess       int32
	zero         bool
}

// Ask makes r the query q, of tables whose rows have len(q) numbers. It is false where bytes
// do not speak for q: where a number of it is too large, too small or none at all.
func (r *Rough) Ask(q []float32) bool {
	most := largest(q)
	r.zero = most == 0
	if r.zero {
		return true
	}
	if !(most >= leastQuery && most <= mostQuery) || len(q) > mostDims {
		return false
	}
	if wide := paddedBytes(len(q)); cap(r.bytes) < wide {
		r.bytes = make([]int8, wide)
	} else {
		r.bytes = r.bytes[:wide]
		clear(r.bytes[len(q):])
	}
	r.step, r.length = float64(float32(most/steps)), norm(q)*above
	r.lost, _ = inSteps(q, r.step, r.bytes)
	r.excess = 0
	for _, v := range r.bytes {
		r.excess += zeroByte * int32(v)
	}
	return true
}

// Gain is what to multiply with what Rows and Picked say.
func (r *Rough) Gain() float64 {
	if r.zero {
		return 0
	}
	return r.step
}

// Bounds returns how far what r says, times its Gain, is from the Dot of any row of t at the
// most, and how large either can be; false where bytes do not speak for every row.
func (r *Rough) Bounds(t *Table) (off, most float64, ok bool) {
	return r.bounds(t.mostOff, t.mostNorm, t.mute)
}

func (r *Rough) bounds(mostOff, mostNorm float64, mute bool) (off, most float64, ok bool) {
	if mute {
		return 0, 0, false
	}
	if r.zero {
		return 0, 0, true
	}
	off = r.lost*mostNorm + r.length*mostOff
	most = r.length*(mostNorm+mostOff) + off
	return off*above + most*4*ulp, most * above, true
}

// Rows says of len(out) rows of t from a row on about what Dot does, divided by Gain.
func (r *Rough) Rows(out []float32, t *Table, from int) {
	if r.zero {
		clear(out)
		return
	}
	bytesRows(out, t.bytes[from*t.wide:][:len(out)*t.wide], t.steps[from:], r.bytes, r.excess)
}

// Picked is Rows of the rows in picks. It panics where there is no such row.
func (r *Rough) Picked(out []float32, t *Table, picks []uint32) {
	if r.zero {
		clear(out[:len(picks)])
		return
	}
	if done := bytesPicked(out[:len(picks)], t.bytes, t.steps, r.bytes, picks, r.excess); done < len(picks) {
		noRow(picks[done:], t.Len())
	}
}
