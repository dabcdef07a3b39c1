package head

import (
	"cmp"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// weights are what every question says of every label. A row of them, one number for each
// question, is kept in bytes but for the few numbers that stand far out of it: those of the
// questions that the label solved, and of others that say nearly the same. So an answer reads
// a quarter of what it would in floats.
//
// A byte is off by half a step at most, which is a fortieth of what is usual in its row. That
// the sum of thousands of them does not drift is since likenesses are held against their mean,
// which counts with the sum of the row as it was. Among 4,000 tickets, scores are within 0.003
// of those in floats.
type weights struct {
	questions int
	rows      *vector.Bytes // a row for each label
	sums      []float64     // of what became the bytes of each row
	ends      []uint32      // of the cells of each row
	cells     []apart       // by label, then by question
}

// apart is a weight that is no byte.
type apart struct {
	question uint32
	weight   float32
}

const (
	// farOut is how many times the root mean square of a row a number is at least that stands
	// apart. A row is looked at until there is none left.
	farOut = 6
	// mostApart is how many numbers of a row may stand apart in any case, and under how many
	// all do; of longer rows a 16th may.
	mostApart = 64
	// strip is how many rows stay in the cache while their bytes are read twice.
	strip = 4
)

func newWeights(questions, labels int) *weights {
	return &weights{questions: questions, rows: vector.NewBytes(questions, labels)}
}

// add appends the row of the next label, which it changes.
func (w *weights) add(row []float32) {
	from, most := len(w.cells), max(mostApart, len(row)/16)
	for more := true; more; {
		more = false
		limit := farOut * vector.Length(row) / math.Sqrt(float64(len(row)))
		if len(row) <= mostApart {
			limit = 0
		}
		for i, x := range row {
			if math.Abs(float64(x)) > limit && len(w.cells)-from < most {
				w.cells = append(w.cells, apart{uint32(i), x})
				row[i], more = 0, true
			}
		}
	}
	slices.SortFunc(w.cells[from:], func(a, b apart) int { return cmp.Compare(a.question, b.question) })
	sum := 0.0
	for _, x := range row {
		sum += float64(x)
	}
	w.rows.Append(row)
	w.sums, w.ends = append(w.sums, sum), append(w.ends, uint32(len(w.cells)))
}

// scores sets out to the sums, over questions, of likeness times weight, by label.
func (w *weights) scores(out, likeness []float32) {
	mean := 0.0
	for _, k := range likeness {
		mean += float64(k) / float64(len(likeness))
	}
	// The likenesses in two bytes each: what the first leaves out is the second.
	kept := scratch.Get().(*[]float32)
	defer scratch.Put(kept)
	*kept = slices.Grow((*kept)[:0], 2*len(likeness))
	left, said := (*kept)[:len(likeness)], (*kept)[len(likeness):2*len(likeness)]
	for i, k := range likeness {
		left[i] = float32(float64(k) - mean)
	}
	var high, low vector.Rough
	asked := high.Ask(left) // if not, all are as good as the mean
	if asked {
		high.Row(said)
		vector.Axpy(-1, said, left)
		if !low.Ask(left) {
			clear(left)
			low.Ask(left)
		}
	}
	var highs, lows [strip]float32
	cells := w.cells
	for first := 0; first < len(out); first += strip {
		count := min(strip, len(out)-first)
		if asked {
			high.Bytes(highs[:count], w.rows, first)
			w.rows.Fetch(first+count, min(first+2*count, len(out))) // while these are read again
			low.Bytes(lows[:count], w.rows, first)
		}
		for i := range count {
			sum := float64(mean * w.sums[first+i])
			sum += float64(high.Gain() * float64(highs[i]))
			sum += float64(low.Gain() * float64(lows[i]))
			end := int(w.ends[first+i]) - (len(w.cells) - len(cells))
			for _, c := range cells[:end] {
				sum += float64(float64(c.weight) * float64(likeness[c.question]))
			}
			cells = cells[end:]
			out[first+i] = float32(sum)
		}
	}
}

// save writes the rows.
func (w *weights) save(f *model.Writer) {
	bytes, steps := w.rows.Raw()
	f.Bytes(bytes)
	f.Float32s(steps)
	f.Float64s(w.sums)
	f.Uint32s(w.ends)
	questions, values := make([]uint32, len(w.cells)), make([]float32, len(w.cells))
	for i, c := range w.cells {
		questions[i], values[i] = c.question, c.weight
	}
	f.Uint32s(questions)
	f.Float32s(values)
}

// loadWeights reads what save wrote, of so many questions and labels, and keeps the labels
// that label has a number for.
func loadWeights(f *model.Reader, questions, labels int, label func(int) int) *weights {
	bytes := f.Bytes()
	steps, sums, ends := f.Float32s(labels), f.Float64s(labels), f.Uint32s(labels)
	of := f.Uint32s(-1)
	values := f.Float32s(len(of))
	if f.Err() != nil {
		return nil
	}
	rows, ok := vector.BytesOf(questions, bytes, steps)
	if !ok {
		f.Refuse("weights of other questions")
		return nil
	}
	w, from := newWeights(questions, labels), uint32(0)
	for l, end := range ends {
		if end < from || int64(end) > int64(len(of)) {
			f.Refuse("weights that do not follow one another")
			return nil
		}
		here := label(l) >= 0
		for i := from; i < end; i++ {
			if int64(of[i]) >= int64(questions) || i > from && of[i] <= of[i-1] {
				f.Refuse("weights of questions that are not there")
				return nil
			}
			if here {
				w.cells = append(w.cells, apart{of[i], values[i]})
			}
		}
		if from = end; here {
			w.rows.AppendRow(rows, l)
			w.sums, w.ends = append(w.sums, sums[l]), append(w.ends, uint32(len(w.cells)))
		}
	}
	if int64(from) != int64(len(of)) {
		f.Refuse("weights of no label")
		return nil
	}
	return w
}
