package offline

import (
	"context"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/basket"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/embed"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/follow"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/own"
	"github.com/rapportengine/rapport/engine/repeat"
	"github.com/rapportengine/rapport/engine/session"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/peer"
)

// ours are our own kinds of sources, with what settings are chosen from where nothing is
// fixed: what a shop's own training begins with, and wider than that can afford.
func ours() training.Search {
	var factors []factor.Params
	for _, p := range [][2]float64{{0.1, 0.005}, {0.1, 0.003}, {0.1, 0.01}, {0.1, 0.03}, {0.3, 0.003}, {0.3, 0.01}, {0.3, 0.03}, {1, 0.003}, {1, 0.01}, {1, 0.03}} {
		factors = append(factors, factor.Params{Alpha0: p[0], Lambda: p[1]}.WithDefaults())
	}
	var eases []neighbour.Params
	for _, lambda := range []float64{200, 50, 100, 500, 1000} {
		eases = append(eases, neighbour.Params{Lambda: lambda}.WithDefaults())
	}
	for _, p := range []neighbour.Params{{Lambda: 200, Recent: 0.7}, {Lambda: 500, Recent: 0.8}, {Lambda: 200, Recent: 0.9}} {
		eases = append(eases, p.WithDefaults())
	}
	var visits []session.Params
	for _, p := range []session.Params{
		{},
		{L: 2},
		{L: 9}, // VMIS-kNN
		{L: 10, Click: 1.4, Match: 2, Near: 0.4},
		{M: 370, K: 55, L: 10, Match: 1.2, Near: 0.3},
		{M: 2000, K: 500, L: 10, Click: 2, Match: 2, Near: 2, Length: 0.5, Plain: 1},
		{M: 2000, K: 125, L: 3, Plain: 1, Click: 1, Match: -1, Near: 2, Gap: session.Ever},
		{M: 1000, K: 850, L: 7, Click: 1, Match: 2, Near: 4, Length: 0.5, Gap: session.Ever},
	} {
		visits = append(visits, p.WithDefaults())
	}
	var rules []follow.Params
	for _, p := range []follow.Params{
		{},
		{Back: 0.3},
		{Back: 1, Decay: 0.7},
		{Fall: follow.Log, Causes: 20, Decay: 0.7},
		{Steps: 8, Fall: follow.Quadratic, Causes: 20, Decay: 0.7},
		{Causes: 1, Back: -1, Steps: 10, From: 1}, // as they were published
	} {
		rules = append(rules, p.WithDefaults())
	}
	var ridges []neighbour.RidgeParams
	for _, p := range []neighbour.RidgeParams{{}, {Lambda: 20}, {Lambda: 200}, {K: 50}, {K: 200, Lambda: 100}, {Recent: 0.7}, {Lambda: 200, Recent: 0.8}} {
		ridges = append(ridges, p.WithDefaults())
	}
	var cosines []neighbour.ItemParams
	for _, p := range []neighbour.ItemParams{
		{},
		{Weighting: neighbour.TFIDF, K: 100, Shrink: 100},
		{Weighting: neighbour.TFIDF, K: 300, Shrink: 100},
		{Weighting: neighbour.BM25, K: 20},
		{Weighting: neighbour.BM25, K: 300},
		{Recent: 0.7},
		{Weighting: neighbour.BM25, K: 100, Recent: 0.8},
	} {
		cosines = append(cosines, p.WithDefaults())
	}
	var embeds []embed.Params
	for _, p := range []embed.Params{{}, {Window: 20}, {Window: 20, Causes: 100, Decay: 0.95}, {Dims: 128}} {
		embeds = append(embeds, p.WithDefaults())
	}
	var baskets []basket.Params
	for _, p := range []basket.Params{{}, {Within: 0.9, Groups: 7}, {K: 100, Alpha: 0.1}, {Within: 0.9, Groups: 3, K: 100, Alpha: 0.1}} {
		baskets = append(baskets, p.WithDefaults())
	}
	var owns []own.Params
	for _, p := range []own.Params{{}, {Causes: 50, Decay: 1}, {Causes: 5, Decay: 0.5}} {
		owns = append(owns, p.WithDefaults())
	}
	return training.Search{
		training.Factor(factors...), training.EASE(eases...), training.Ridge(ridges...), training.ItemKNN(cosines...),
		training.Embed(embeds...), training.Own(owns...), training.Session(visits...), training.Markov(), training.Rules(rules...), training.BuyAgain(repeat.Params{}.WithDefaults()),
		training.Basket(baskets...),
		training.Mapped(bridge.Params{}.WithDefaults(), bridge.Params{Near: 50}, bridge.Params{Near: bridge.Regression}),
		training.Profile(),
	}
}

// peers are the kinds that are never in the blend. The first settings of each are those
// that were best for it on MovieLens 100K.
func peers() training.Search {
	var bpr, als []peer.Params
	for _, p := range [][2]float64{{0.1, 0.01}, {0.05, 0.01}, {0.05, 0.03}, {0.1, 0.03}} {
		bpr = append(bpr, peer.Params{Dims: 64, Epochs: 100, Lr: p[0], Reg: p[1]})
	}
	for _, p := range [][2]float64{{0.2, 0.06}, {0.1, 0.06}, {0.4, 0.06}, {0.2, 0.02}, {0.2, 0.2}} {
		als = append(als, peer.Params{Dims: 64, Epochs: 40, Alpha: p[0], Reg: p[1]})
	}
	return training.Search{rival(peer.BPR, bpr), rival(peer.ALS, als)}
}

func rival(name string, tries []peer.Params) training.Kind {
	k := training.NewKind(name, tries, func(ctx context.Context, f *training.Fitter, m *training.Material, p peer.Params) (model.Source, error) {
		p.Seed = f.Seed
		return peer.Fit(ctx, name, m.Data(), p)
	})
	k.Space = rivalSpaces[name]
	return k
}

// search is what is fitted: all of ours for the best, and who is asked for by name.
func (o *Options) search() (training.Search, error) {
	all := slices.Concat(ours(), peers())
	for _, text := range o.Set {
		name, value, given := strings.Cut(text, "=")
		if !given {
			return nil, engine.Invalidf(engine.CodeInvalidField, "set", "a value is wanted after the name, as in ease.lambda=100, not %q", text)
		}
		source, _, _ := strings.Cut(name, ".")
		if len(all.Only([]string{source})) == 0 {
			var names []string
			for _, k := range all {
				names = append(names, k.Name)
			}
			return nil, engine.Invalidf(engine.CodeInvalidField, "set", "%q has no settings to fix (in %s); %s have", source, text, strings.Join(names, ", "))
		}
		if err := all.Fix(name, value); err != nil {
			return nil, err
		}
	}
	wanted := slices.Clone(o.Models)
	if slices.ContainsFunc(o.Models, isBest) {
		for _, k := range ours() {
			wanted = append(wanted, k.Name)
		}
	}
	return all.Only(wanted), nil
}

// warnOfSet warns of settings of models that are not fitted.
func (e *evaluation) warnOfSet(fitted training.Search) {
	for _, text := range e.Set {
		if source, _, _ := strings.Cut(text, "."); len(fitted.Only([]string{source})) == 0 {
			e.warn("%s changes nothing: %s is not among the models", text, source)
		}
	}
}
