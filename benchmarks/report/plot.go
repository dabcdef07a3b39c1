package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strconv"
)

// point is a place on a plot.
type point struct{ x, y float64 }

// curve is points with a name.
type curve struct {
	name   string
	points []point
}

// plot is a picture of curves; logarithmic axes go by powers of ten, others from 0.
type plot struct {
	title, x, y string
	logX, logY  bool
	curves      []curve
}

// The size of a picture, and of the frame of its curves.
const (
	width, height            = 640, 400
	left, right, top, bottom = 70, 20, 40, 55
	fontSize                 = 12
)

// colours can be told apart by those who see no red or no green (Okabe and Ito 2008).
var colours = []string{"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"}

// axis maps values to places.
type axis struct {
	log      bool
	from, to float64 // values, or their logarithms to base 10
	a, b     float64 // places
}

func newAxis(log bool, values []float64, a, b float64) axis {
	x := axis{log: log, a: a, b: b}
	if log {
		x.from, x.to = math.Inf(1), math.Inf(-1)
		for _, v := range values {
			x.from, x.to = min(x.from, math.Floor(math.Log10(v)+1e-9)), max(x.to, math.Ceil(math.Log10(v)-1e-9))
		}
		if x.from == x.to {
			x.to++
		}
		return x
	}
	for _, v := range values {
		x.to = max(x.to, v)
	}
	step := x.step()
	x.to = math.Ceil(x.to/step) * step
	return x
}

// step is a round number that parts the axis in four to ten.
func (x *axis) step() float64 {
	if x.to <= 0 {
		return 1
	}
	base := math.Pow(10, math.Floor(math.Log10(x.to/4)))
	for _, f := range []float64{1, 2, 5} {
		if x.to/(base*f) <= 10 {
			return base * f
		}
	}
	return base * 10
}

func (x *axis) at(v float64) float64 {
	if x.log {
		v = math.Log10(v)
	}
	return x.a + (v-x.from)/(x.to-x.from)*(x.b-x.a)
}

// ticks are the values that are written along the axis.
func (x *axis) ticks() []float64 {
	var out []float64
	if x.log {
		for e := x.from; e <= x.to; e++ {
			out = append(out, math.Pow(10, e))
		}
		return out
	}
	for i := 0.0; i*x.step() <= x.to*(1+1e-9); i++ {
		out = append(out, i*x.step())
	}
	return out
}

// short writes 2000000 as 2M.
func short(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= u.size {
			return strconv.FormatFloat(v/u.size, 'g', 4, 64) + u.name
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// svg draws the plot. Its ground is white, so that it is read on a dark page, too.
func (p *plot) svg() []byte {
	var xs, ys []float64
	for _, c := range p.curves {
		for _, q := range c.points {
			xs, ys = append(xs, q.x), append(ys, q.y)
		}
	}
	x, y := newAxis(p.logX, xs, left, width-right), newAxis(p.logY, ys, height-bottom, top)
	var b bytes.Buffer
	text := func(x, y float64, anchor, more, s string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>`+"\n", x, y, anchor, more, html.EscapeString(s))
	}
	line := func(x1, y1, x2, y2 float64, colour string) {
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, colour)
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="%d" role="img" aria-label="%s">`+"\n", width, height, fontSize, html.EscapeString(p.title))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	text(width/2, 20, "middle", ` font-weight="bold"`, p.title)
	for _, v := range x.ticks() {
		line(x.at(v), top, x.at(v), height-bottom, "#ddd")
		text(x.at(v), height-bottom+fontSize+4, "middle", "", short(v))
	}
	for _, v := range y.ticks() {
		line(left, y.at(v), width-right, y.at(v), "#ddd")
		text(left-6, y.at(v)+4, "end", "", short(v))
	}
	text((left+width-right)/2, height-bottom+36, "middle", "", p.x)
	fmt.Fprintf(&b, `<text transform="translate(16 %d) rotate(-90)" text-anchor="middle">%s</text>`+"\n", (top+height-bottom)/2, html.EscapeString(p.y))
	for i, c := range p.curves {
		colour := colours[i%len(colours)]
		b.WriteString(`<polyline fill="none" stroke-width="2" stroke="` + colour + `" points="`)
		for _, q := range c.points {
			fmt.Fprintf(&b, "%.1f,%.1f ", x.at(q.x), y.at(q.y))
		}
		b.WriteString("\"/>\n")
		if len(c.points) <= 20 {
			for _, q := range c.points {
				fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x.at(q.x), y.at(q.y), colour)
			}
		}
		text(left+10, float64(top+16+i*16), "start", ` fill="`+colour+`"`, c.name)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// points are two fields of each object in a list.
func points(list any, x, y string) []point {
	all, _ := list.([]any)
	var out []point
	for _, one := range all {
		o, _ := one.(object)
		out = append(out, point{number(o[x]), number(o[y])})
	}
	return out
}

// plots are all pictures there are figures for.
func plots(found map[string]map[string]result) map[string][]byte {
	out := make(map[string][]byte)
	draw := func(name string, p plot) { out["plots/"+name+".svg"] = p.svg() }
	if r, ok := found["growth"]["generated"]; ok {
		fits := points(r.Report["fits"], "interactions", "iteration")
		for i, one := range r.Report["fits"].([]any) {
			fits[i].y = number(one.(object)["iteration"].(object)["cpu_seconds"])
		}
		draw("growth-fit", plot{
			title: fmt.Sprintf("An iteration of the factors' fit, slope %.2f", number(r.Report["fit_slope"])),
			x:     "interactions", y: "CPU seconds", logX: true, logY: true, curves: []curve{{"iALS", fits}},
		})
		draw("growth-answer", plot{
			title: fmt.Sprintf("An answer by the size of the catalogue, slope %.2f", number(r.Report["answer_slope"])),
			x:     "items", y: "CPU µs", logX: true, logY: true, curves: []curve{
				{"answer", points(r.Report["answers"], "items", "answer_us")},
				{"search of all vectors, the kernel alone", points(r.Report["answers"], "items", "scan_us")},
			},
		})
	}
	if r, ok := found["filter"]["generated"]; ok {
		draw("filter", plot{
			title: "An answer by how many of " + whole(r.Report["items"]) + " items are eligible",
			x:     "share of items", y: "CPU µs", logX: true, logY: true, curves: []curve{
				{"answer", points(r.Report["at"], "share", "answer_us")},
				{"kernel: search under a mask", points(r.Report["at"], "share", "scan_us")},
				{"kernel: search of a list", points(r.Report["at"], "share", "list_us")},
			},
		})
	}
	for set, r := range found["memory"] {
		var samples []point
		for i, v := range r.Report["samples_bytes"].([]any) {
			samples = append(samples, point{float64(i), number(v) / (1 << 20)})
		}
		draw("memory-"+set, plot{title: set + ": memory of the server, serving and then training, too", x: "seconds", y: "MiB of its own", curves: []curve{{set, samples}}})
	}
	return out
}
