package bridge

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// ProfileName is the name of the source that goes by what customers said of themselves.
const ProfileName = "profile"

// ProfileParams are the settings of a fit. Without attributes, which is the default, the
// source says nothing.
type ProfileParams struct {
	// Attributes are the names of the customers' attributes to go by, as in "age+country"
	// or "age,country". No other is looked at.
	Attributes string `json:"attributes"`
	// Lambda is the strength of the regression, in customers; 0 chooses it by
	// cross-validation over customers.
	Lambda float64 `json:"lambda"`
}

// names are the attributes, sorted, each once.
func (p ProfileParams) names() []string {
	var out []string
	for name := range strings.FieldsFuncSeq(p.Attributes, func(r rune) bool { return r == ',' || r == '+' }) {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Check says what of the settings cannot be fitted.
func (p ProfileParams) Check() error { return p.check() }

func (p ProfileParams) check() error {
	if !(p.Lambda >= 0) || math.IsInf(p.Lambda, 1) {
		return engine.Invalidf(engine.CodeInvalidField, "lambda", "a number from 0, not %v", p.Lambda)
	}
	return nil
}

// What a profile looks at: values that at least valueLeast customers have, at most
// maxValues of them; numbers by which of numberParts equally filled parts they lie in.
const (
	valueLeast  = 5
	maxValues   = 1000
	numberParts = 8
)

// maxInputs bounds the inputs a fit holds, of all people together (128 MB): of more people,
// evenly picked ones are learned from.
const maxInputs = 32 << 20

// Declared is a customer who said something of themselves.
type Declared struct {
	Customer *engine.Customer
	// History returns what they want. It is made when it is asked for: those of all
	// customers are a large part of a log.
	History func() []engine.Interest
}

// Profile is the source "profile": whom nothing is known of by behaviour gets a vector by
// the attributes they declared, from a ridge regression of the vectors of factor, folded
// in from the history of those who declared them too. It is by how much they differ from the
// mean of those, so that an item scores above 0 only where the attributes speak for it. It
// speaks only where there is neither a history nor an item the list is about.
type Profile struct {
	params  ProfileParams
	dims    int
	edges   map[string][]float64 // of the parts of a number, by its attribute
	values  []string             // "name=value", ascending; the first input stands for everybody
	weights []float32            // (1 + values) x dims, the first less the mean of all people
	base    *factor.Model
}

// FitProfile learns from people's attributes and histories.
func FitProfile(ctx context.Context, base *factor.Model, people []Declared, p ProfileParams) (*Profile, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	m := &Profile{params: p, dims: base.Dims(), edges: make(map[string][]float64), base: base}
	if len(p.names()) == 0 {
		m.weights = make([]float32, m.dims)
		return m, nil
	}
	m.learnValues(people)
	var x, y [][]float32
	for _, d := range pick(people, maxInputs/(1+len(m.values))) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("fold people in: %w", err)
		}
		if person := base.Person(&model.Query{History: d.History()}).Vector(); person != nil && len(m.inputs(d.Customer)) > 1 {
			x, y = append(x, m.dense(d.Customer)), append(y, person)
		}
	}
	weights, lambda, err := Ridge(ctx, x, y, 1+len(m.values), m.dims, p.Lambda)
	if err != nil {
		return nil, fmt.Errorf("fit the way from attributes to factors: %w", err)
	}
	m.weights, m.params.Lambda = weights, lambda
	m.centre(x)
	return m, nil
}

// centre moves the first weights so that the people learned from have the mean 0: what they
// all like is popularity's to say, and is no answer to what somebody said of themselves.
func (m *Profile) centre(x [][]float32) {
	mean := make([]float32, m.dims)
	for _, said := range x {
		vector.Axpy(1/float32(len(x)), times(said, m.weights, m.dims), mean)
	}
	vector.Axpy(-1, mean, m.weights[:m.dims])
}

// pick returns at most some of the people, evenly picked.
func pick(people []Declared, most int) []Declared {
	if len(people) <= most {
		return people
	}
	out := make([]Declared, most)
	for i := range out {
		out[i] = people[i*len(people)/most]
	}
	return out
}

// learnValues finds which values there are enough of, and the parts of numbers.
func (m *Profile) learnValues(people []Declared) {
	numbers := make(map[string][]float64)
	for _, d := range people {
		for _, name := range m.params.names() {
			if x, ok := d.Customer.Attributes[name].(float64); ok {
				numbers[name] = append(numbers[name], x)
			}
		}
	}
	for name, all := range numbers {
		slices.Sort(all)
		for k := 1; k < numberParts; k++ {
			m.edges[name] = append(m.edges[name], all[k*len(all)/numberParts])
		}
		m.edges[name] = slices.Compact(m.edges[name])
	}
	count := make(map[string]int)
	for _, d := range people {
		for _, value := range m.said(d.Customer) {
			count[value]++
		}
	}
	for value, n := range count {
		if n >= valueLeast {
			m.values = append(m.values, value)
		}
	}
	slices.SortFunc(m.values, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	m.values = slices.Clip(m.values[:min(len(m.values), maxValues)])
	slices.Sort(m.values)
}

// said returns what a customer says of themselves, of the attributes looked at.
func (m *Profile) said(c *engine.Customer) []string {
	if c == nil {
		return nil
	}
	var out []string
	for _, name := range m.params.names() {
		switch value := c.Attributes[name].(type) {
		case string:
			out = append(out, name+"="+strings.ToLower(value))
		case bool:
			out = append(out, fmt.Sprint(name, "=", value))
		case float64:
			part, _ := slices.BinarySearch(m.edges[name], math.Nextafter(value, math.Inf(1)))
			out = append(out, fmt.Sprint(name, "=part ", part))
		case []string:
			for _, v := range value {
				out = append(out, name+"="+strings.ToLower(v))
			}
		}
	}
	return out
}

// inputs are the places of what a customer says, after 0, which stands for everybody.
func (m *Profile) inputs(c *engine.Customer) []int {
	out := []int{0}
	for _, value := range m.said(c) {
		if i, known := slices.BinarySearch(m.values, value); known && !slices.Contains(out, 1+i) {
			out = append(out, 1+i)
		}
	}
	return out
}

func (m *Profile) dense(c *engine.Customer) []float32 {
	x := make([]float32, 1+len(m.values))
	for _, i := range m.inputs(c) {
		x[i] = 1
	}
	return x
}

// Name implements model.Source.
func (*Profile) Name() string { return ProfileName }

// Params returns the settings the model was fitted with, lambda as it was chosen.
func (m *Profile) Params() ProfileParams { return m.params }

// Rows returns the items it scores.
func (m *Profile) Rows() *model.Rows {
	if m.base == nil {
		return &model.Rows{}
	}
	return m.base.Rows()
}

// Join returns the source over the factor of its set, itself if it has that already.
func (m *Profile) Join(set []model.Saver) model.Source {
	for _, s := range set {
		if base, ok := s.(*factor.Model); ok && base != m.base && base.Dims() == m.dims {
			joined := *m
			joined.base = base
			return &joined
		}
	}
	return m
}

// Open looks at the customer's attributes where the query tells nothing else.
func (m *Profile) Open(q *model.Query) model.Scorer {
	s := &declared{rows: m.Rows()}
	if m.base == nil || len(q.Anchors) > 0 || len(q.Text) > 0 {
		return s
	}
	if slices.ContainsFunc(q.Interests(), func(in engine.Interest) bool { return in.Weight > 0 }) {
		return s
	}
	inputs := m.inputs(q.Customer)
	if len(inputs) < 2 {
		return s // what everybody likes is popularity's to know
	}
	s.m, s.person = m, make([]float32, m.dims)
	for _, i := range inputs {
		vector.Axpy(1, m.weights[i*m.dims:][:m.dims], s.person)
	}
	return s
}

// declared is one query; person is nil where nothing was declared.
type declared struct {
	m      *Profile
	rows   *model.Rows
	person []float32
}

var _ model.Steady = (*declared)(nil)

// Again implements model.Lasting: it is what the customer said.
func (s *declared) Again(*model.Query) model.Scorer { return s }

// Steady implements model.Steady.
func (s *declared) Steady() {}

// Bytes implements model.Lasting.
func (s *declared) Bytes() int { return 64 + 4*len(s.person) }

// Empty implements model.Scorer.
func (s *declared) Empty() bool { return s.person == nil }

// Propose implements model.Scorer.
func (s *declared) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	if s.Empty() {
		return out
	}
	return s.m.base.Best(eligible, s.person, n, out)
}

// Score implements model.Scorer.
func (s *declared) Score(items []engine.ItemNum, out []float32) {
	if out = out[:len(items)]; s.Empty() {
		clear(out)
		return
	}
	_, _, vectors := s.m.base.Vectors()
	s.rows.Dots(out, items, vectors, s.person)
}

var _ model.Rough = (*declared)(nil)

// AddRough implements model.Rough.
func (s *declared) AddRough(room *model.RoughRoom, sums []float32, items []engine.ItemNum, gain float64) (off, most float64, ok bool) {
	if s.Empty() {
		return 0, 0, true
	}
	return s.m.base.AddRough(room, sums, items, s.person, gain)
}

// Explain gives all to the source as a whole: the attributes are no items.
func (s *declared) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	var out [1]float32
	s.Score([]engine.ItemNum{item}, out[:])
	return float64(out[0]), parts
}

// profileHead is the first section of a saved profile.
type profileHead struct {
	Params ProfileParams        `json:"params"`
	Dims   int                  `json:"dims"`
	Edges  map[string][]float64 `json:"edges"`
}

// Save implements model.Saver. What it builds on is saved by itself.
func (m *Profile) Save(w io.Writer) error {
	f := model.NewWriter(w, ProfileName, version)
	f.JSON(profileHead{m.params, m.dims, m.edges})
	f.Texts(m.values)
	f.Float32s(m.weights)
	return f.Close()
}

// LoadProfile is the model.Loader of the source; Join makes it whole.
func LoadProfile(r io.Reader, _ *catalogue.IDs) (model.Source, error) {
	f, err := model.NewReader(r, ProfileName, version)
	if err != nil {
		return nil, err
	}
	var h profileHead
	f.JSON(&h)
	m := &Profile{params: h.Params, dims: h.Dims, edges: h.Edges, values: f.Texts()}
	sorted := slices.IsSorted(m.values)
	for _, edges := range h.Edges {
		sorted = sorted && slices.IsSorted(edges)
	}
	if f.Err() == nil && (h.Dims < 1 || h.Dims > maxDims || len(m.values) > maxValues || !sorted || h.Params.check() != nil) {
		f.Refuse("its settings cannot be")
	}
	if f.Err() == nil {
		m.weights = f.Float32s((1 + len(m.values)) * h.Dims)
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return m, nil
}
