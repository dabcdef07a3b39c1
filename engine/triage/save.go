package triage

import (
	"io"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine/model"
)

// Name is that of the saved form.
const Name = "triage"

// version is of the saved form of a Model: a JSON section, and then of each part that it has
//
//	signals: the halves of their hashes, in the order of their numbers | weights
//
// Words stand in it as hashes, and only those of two tickets or more; nothing names a ticket
// or a customer. What names an agent is the class of those tickets they ended.
const version = 2

// told is the JSON section.
type told struct {
	Tickets int                  `json:"tickets"`
	Classes map[string]toldClass `json:"classes"`
	Times   *toldTimes           `json:"times,omitempty"`
}

type toldTimes struct {
	Moved [2]float64 `json:"moved"`
	Held  HeldTimes  `json:"held"`
}

type toldClass struct {
	Names  []string `json:"names"`
	Warmth float64  `json:"warmth"`
	Held   Held     `json:"held"`
}

// part is a part of a model that tells classes.
type part struct {
	name    string
	classes **Classes
}

func (m *Model) parts() []part {
	return []part{{"topic", &m.Topic}, {"queue", &m.Queue}, {"priority", &m.Priority}, {"agent", &m.Agent}}
}

// Save writes the model in the form Load reads. The same model gives the same bytes.
func (m *Model) Save(w io.Writer) error {
	f := model.NewWriter(w, Name, version)
	t := told{Tickets: m.Tickets, Classes: make(map[string]toldClass)}
	for _, p := range m.parts() {
		if c := *p.classes; c != nil {
			t.Classes[p.name] = toldClass{c.Names, c.warmth, c.Held}
		}
	}
	if m.Times != nil {
		t.Times = &toldTimes{m.Times.moved, m.Times.Held}
	}
	f.JSON(t)
	for _, p := range m.parts() {
		if c := *p.classes; c != nil {
			c.table.save(f)
			f.Float32s(c.weights)
		}
	}
	if m.Times != nil {
		m.Times.table.save(f)
		f.Float32s(m.Times.weights)
	}
	return f.Close()
}

// Load reads what Save wrote: the same answers, bit by bit. It refuses what is truncated,
// corrupt or of another version, with an error.
func Load(r io.Reader) (*Model, error) {
	f, err := model.NewReader(r, Name, version)
	if err != nil {
		return nil, err
	}
	var t told
	f.JSON(&t)
	m := &Model{Tickets: t.Tickets}
	for _, p := range m.parts() {
		c, there := t.Classes[p.name]
		if !there || f.Err() != nil {
			continue
		}
		if k := len(c.Names); k < 2 || k > maxClasses || !slices.IsSorted(c.Names) || !(c.Warmth > 0) || math.IsInf(c.Warmth, 0) {
			f.Refuse("classes that none are fitted to")
			continue
		}
		table := loadTable(f)
		weights := f.Float32s((len(table) + 1) * len(c.Names))
		*p.classes = &Classes{Names: c.Names, table: table, weights: weights, warmth: c.Warmth, Held: c.Held}
	}
	if t.Times != nil {
		table := loadTable(f)
		m.Times = &Times{table: table, weights: f.Float32s((len(table) + 1) * len(quantiles)), moved: t.Times.Moved, Held: t.Times.Held}
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return m, nil
}

// save writes the hashes of signals as their halves.
func (s signalTable) save(f *model.Writer) {
	halves := make([]uint32, 2*len(s))
	for h, at := range s {
		halves[2*(at-1)], halves[2*at-1] = uint32(h), uint32(h>>32)
	}
	f.Uint32s(halves)
}

func loadTable(f *model.Reader) signalTable {
	halves := f.Uint32s(-1)
	if len(halves)%2 != 0 || len(halves) > 2*maxWeights {
		f.Refuse("signals that end in the middle")
		return nil
	}
	s := make(signalTable, len(halves)/2)
	for i := 0; i < len(halves); i += 2 {
		s[uint64(halves[i])|uint64(halves[i+1])<<32] = int32(i/2 + 1)
	}
	if len(s) != len(halves)/2 {
		f.Refuse("a signal that stands twice")
		return nil
	}
	return s
}
