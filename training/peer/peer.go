// Package peer puts the two models of Gorse v0.4.15 that learn from behaviour, BPR and
// ALS, behind the contract of our own sources, so that an evaluation asks them through
// the same code, filters and cases. It is the only importer of Gorse.
//
// It serves nobody: a fitted peer answers for the customers it was fitted on and is
// never saved. What is done with Gorse's library, and why:
//
//   - It keeps the epoch that does best on a validation set, and with an empty one the
//     untrained weights. Here the set is the training set and is looked at after the
//     last epoch only, so the epochs asked for are the epochs done.
//   - Its threads race in BPR. Here it has one, and figures repeat for a seed.
//   - Its dot product is wrong on AVX-512 for what is left over beyond multiples of 16.
//     Other dimensions are refused.
//   - BPR looks for an item a customer does not want until it finds one. Customers who
//     want every item are left out.
//   - Its assembly is handed lengths as pointers, which a program built with -race ends
//     over. There Fit is refused, unless it is built with -tags noasm, too.
//   - Its start-up touches the user's home: see package tame.
package peer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	gorse "github.com/zhenghaoz/gorse/model"
	"github.com/zhenghaoz/gorse/model/ranking"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/training/peer/tame"
)

// The names of the sources.
const (
	BPR = "gorse-bpr" // Rendle et al. 2009
	ALS = "gorse-als" // Gorse's CCD: He et al. 2016, element-wise ALS
)

// Names are the peers there are.
func Names() []string { return []string{BPR, ALS} }

// Params are the settings of a fit. The zero value of a setting stands for Gorse's own
// default; all that Rapport tries are set.
type Params struct {
	Dims   int     `json:"dims"`   // a multiple of 16
	Epochs int     `json:"epochs"` // at least 1
	Reg    float64 `json:"reg"`
	Lr     float64 `json:"lr,omitempty"`    // of BPR: learning rate
	Alpha  float64 `json:"alpha,omitempty"` // of ALS: weight of what was not acted on
	Seed   uint64  `json:"seed"`
}

func init() { tame.Undo(gorse.GorseDir) }

// lanes is what dimensions must be a multiple of.
const lanes = 16

// Fit fits one of Names on who wanted what; weights and dislikes are not Gorse's
// business. An error is *engine.Invalid where the settings are at fault. When ctx ends
// Fit returns at once, but Gorse cannot be stopped: its thread works on to its end.
func Fit(ctx context.Context, name string, data *model.Data, p Params) (*Source, error) {
	if !slices.Contains(Names(), name) {
		return nil, engine.Invalidf(engine.CodeInvalidField, "peer", "there is no peer %q; there are %v", name, Names())
	}
	if p.Dims < lanes || p.Dims%lanes != 0 {
		return nil, engine.Invalidf(engine.CodeInvalidField, "dims", "a multiple of %d, not %d", lanes, p.Dims)
	}
	if p.Epochs < 1 {
		return nil, engine.Invalidf(engine.CodeInvalidField, "epochs", "at least 1, not %d", p.Epochs)
	}
	if checked {
		return nil, ErrChecked
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	type fitted struct {
		source *Source
		err    error
	}
	done := make(chan fitted, 1)
	go func() {
		s, err := fit(name, data, p)
		done <- fitted{s, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case f := <-done:
		return f.source, f.err
	}
}

func fit(name string, data *model.Data, p Params) (*Source, error) {
	s := &Source{name: name, rows: data.Rows, dims: p.Dims, customer: make(map[string]int)}
	set := s.dataSet(data)
	if set.Count() == 0 {
		return s, nil
	}
	m, untrained := build(name, p), build(name, p)
	m.Fit(set, set, ranking.NewFitConfig().SetVerbose(p.Epochs)) // nil allocator: one job
	untrained.Init(set)
	same := true
	take := func(all []float32, trained, before []float32) []float32 {
		same = same && slices.Equal(trained, before)
		return append(all, trained...)
	}
	for u := range int32(set.UserCount()) {
		s.customers = take(s.customers, m.GetUserFactor(u), untrained.GetUserFactor(u))
	}
	for i := range int32(set.ItemCount()) {
		s.items = take(s.items, m.GetItemFactor(i), untrained.GetItemFactor(i))
	}
	if same {
		return nil, fmt.Errorf("fit %s: %w", name, errUntrained)
	}
	for _, v := range slices.Concat(s.customers, s.items) {
		if v64 := float64(v); math.IsNaN(v64) || math.IsInf(v64, 0) {
			return nil, fmt.Errorf("fit %s: %w", name, errDiverged)
		}
	}
	return s, nil
}

// ErrChecked is what Fit says in a program that would not survive it.
var ErrChecked = errors.New("gorse's assembly cannot run in a program built with -race, -msan or -asan: add -tags noasm")

var (
	errUntrained = errors.New("gorse gave back the weights it began with: its own measure on the training set is no better after the fit")
	errDiverged  = errors.New("gorse's weights are no numbers any more: a lower learning rate or more regularisation is needed")
)

// trainable is what both of Gorse's models are.
type trainable interface {
	ranking.Model
	Init(*ranking.DataSet)
}

// build returns a model that was not fitted.
func build(name string, p Params) trainable {
	params := gorse.Params{gorse.NFactors: p.Dims, gorse.NEpochs: p.Epochs, gorse.Reg: p.Reg, gorse.RandomState: int64(p.Seed)}
	if name == BPR {
		params[gorse.Lr] = p.Lr
		return ranking.NewBPR(params)
	}
	params[gorse.Alpha] = p.Alpha
	return ranking.NewCCD(params)
}

// dataSet gives Gorse the wanted items of each customer, and remembers which of its
// customers has which history.
func (s *Source) dataSet(data *model.Data) *ranking.DataSet {
	set := ranking.NewMapIndexDataset()
	for row := range data.Rows.Len() {
		set.AddItem(strconv.Itoa(row))
	}
	var wanted []uint32
	for _, cells := range data.Customers {
		wanted = wanted[:0]
		for _, c := range cells {
			if c.Weight > 0 {
				wanted = append(wanted, c.Row)
			}
		}
		if len(wanted) == 0 || len(wanted) == data.Rows.Len() {
			continue
		}
		u := set.UserCount()
		who := strconv.Itoa(u)
		set.AddUser(who)
		for _, row := range wanted {
			set.AddFeedback(who, strconv.Itoa(int(row)), false)
		}
		if key := keyOf(wanted); s.at(key) < 0 {
			s.customer[key] = u
		}
	}
	return set
}
