package evaluate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Plots are made of shapes whose places along the width are shares of it in percent, and
// those along the height pixels: a plot takes any width, and its letters keep their size.
// Colours are the page's. (gonum/plot draws for one width, with colours of its own: what
// it draws is unreadable on a phone and glaring in the dark.)

// axis is a range of values with marks at round ones.
type axis struct {
	low, high float64
	log       bool
	Marks     []mark
}

// mark is a round value of an axis.
type mark struct {
	At    float64 // percent from the low end
	Label string
}

// newAxis spans the values, from 0 where that costs less than a third of the width.
func newAxis(values []float64, marks int) axis {
	low, high := slices.Min(values), slices.Max(values)
	if low > 0 && low < high*0.5 {
		low = 0
	}
	if high == low {
		low, high = low-math.Abs(low)/10-1e-4, high+math.Abs(high)/10+1e-4
	}
	room := (high - low) * 0.04
	a := axis{low: low, high: high + room}
	if low != 0 {
		a.low -= room
	}
	step := roundStep((a.high - a.low) / float64(marks))
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	first := math.Ceil(a.low/step - 1e-9)
	for i := range 2 * marks {
		if v := (first + float64(i)) * step; v <= a.high {
			a.Marks = append(a.Marks, mark{a.at(v), strconv.FormatFloat(v, 'f', decimals, 64)})
		}
	}
	return a
}

// newLogAxis spans values above 0, with marks at powers of ten and, where these are few,
// at two and five times them.
func newLogAxis(values []float64) axis {
	a := axis{low: slices.Min(values) / 1.5, high: slices.Max(values) * 1.5, log: true}
	leads := []float64{1}
	if a.high/a.low < 50 {
		leads = []float64{1, 2, 5}
	}
	for power := math.Pow(10, math.Floor(math.Log10(a.low))); power <= a.high; power *= 10 {
		for _, lead := range leads {
			if v := lead * power; v >= a.low && v <= a.high {
				a.Marks = append(a.Marks, mark{a.at(v), microseconds(v)})
			}
		}
	}
	return a
}

// at is the place of a value in percent.
func (a *axis) at(v float64) float64 {
	if a.log {
		return 100 * math.Log(v/a.low) / math.Log(a.high/a.low)
	}
	return 100 * (v - a.low) / (a.high - a.low)
}

// roundStep is 1, 2 or 5 times a power of ten, not below the step.
func roundStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, lead := range []float64{1, 2, 5} {
		if lead*power >= step*(1-1e-9) {
			return lead * power
		}
	}
	return 10 * power
}

func microseconds(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%g s", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%g ms", v/1e3)
	}
	return fmt.Sprintf("%g µs", v)
}

// rows is a plot with a row a value: a dot, and its interval where it has one.
type rows struct {
	Title string
	About string // what is plotted, in words, for who does not see it
	Marks []mark
	Zero  *float64 // where 0 is, in plots of differences
	Rows  []row
}

// row is a line of rows.
type row struct {
	Label, Value string
	Range        string // the interval in words, "" for none
	Dot          float64
	Low, High    float64
	Interval     bool
	Tone         string // class of the colours: lead, good, bad, none for the plain one
}

// newRows lays rows along a common axis; values of rows are taken from of.
func newRows(title, about string, labels []string, of []Value, signed bool) rows {
	p := rows{Title: title, About: about}
	var reach []float64
	for _, v := range of {
		reach = append(reach, v.Value)
		if v.Interval != nil {
			reach = append(reach, v.Low, v.High)
		}
	}
	if signed {
		reach = append(reach, 0)
	}
	a := newAxis(reach, 5)
	p.Marks = a.Marks
	if signed {
		zero := a.at(0)
		p.Zero = &zero
	}
	format := "%.4f"
	if signed {
		format = "%+.4f"
	}
	for i, v := range of {
		r := row{Label: labels[i], Value: fmt.Sprintf(format, v.Value), Dot: a.at(v.Value)}
		if v.Interval != nil {
			r.Interval, r.Low, r.High = true, a.at(v.Low), a.at(v.High)
			r.Range = fmt.Sprintf(format+" to "+format, v.Low, v.High)
		}
		p.Rows = append(p.Rows, r)
	}
	return p
}

// scatter is a plot of numbered points, in percent of the width and pixels of the height.
// Their names stand below: on a phone there is no room for them between the points.
type scatter struct {
	X, Y   []mark // of Y: At is pixels from above
	Points []point
}

// point is a point of a scatter.
type point struct {
	X, Y      float64
	Low, High float64 // of its interval, in pixels
	To        float64 // of a line to the right of it, in percent
	Number    int
	Name      string
	Value     string // on the axis of quality
	Time      string // on that of time
	Tone      string
	About     string
}

// scatterHeight is that of the plots with two axes, in pixels.
const scatterHeight = 300

// line is a line of a plot with its band, as SVG paths in a square of 100 by 100.
type line struct {
	Name, Path, Band string
	Dots             []point
	Style            int // of the colours and dashes, from 1
	LabelY           float64
}

// path is an SVG path through points of 100 by 100.
func path(xs, ys []float64) string {
	out := make([]byte, 0, 16*len(xs))
	for i := range xs {
		lead := byte('L')
		if i == 0 {
			lead = 'M'
		}
		out = fmt.Appendf(out, "%c%.2f %.2f", lead, xs[i], ys[i])
	}
	return string(out)
}
