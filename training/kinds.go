package training

import (
	"context"

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
)

// kinds are the sources that can be fitted, in the order in which they stand in models
// and tables.
func kinds() []Kind {
	return []Kind{Factor(), EASE(), Ridge(), ItemKNN(), Embed(), Own(), Session(), Markov(), Rules(), BuyAgain(), Basket(), Mapped(), Profile()}
}

// DefaultSearch is what a shop's own training tries: enough to find the right order of
// magnitude, few enough for a minute of two cores on some thousand items. Starting
// values lie between those of Rendle et al. 2021 for MovieLens 20M (lambda 0.003, alpha0
// 0.1) and 1M (0.007, 0.3), and below those of Steck 2019 for larger data.
func DefaultSearch() Search {
	return Search{
		Factor(
			factor.Params{Lambda: 0.005, Alpha0: 0.1, Epochs: 10}.WithDefaults(),
			factor.Params{Lambda: 0.02, Alpha0: 0.1, Epochs: 10}.WithDefaults(),
		),
		EASE(
			neighbour.Params{Lambda: 200}.WithDefaults(),
			neighbour.Params{Lambda: 50}.WithDefaults(),
			neighbour.Params{Lambda: 800}.WithDefaults(),
			neighbour.Params{Lambda: 200, Recent: 0.8}.WithDefaults(),
		),
		Ridge(
			neighbour.RidgeParams{}.WithDefaults(),
			neighbour.RidgeParams{Lambda: 200}.WithDefaults(),
			neighbour.RidgeParams{Recent: 0.7}.WithDefaults(),
		),
		ItemKNN(neighbour.ItemParams{}.WithDefaults(), neighbour.ItemParams{Recent: 0.7}.WithDefaults()),
		Embed(embed.Params{}.WithDefaults()),
		Own(own.Params{}.WithDefaults(), own.Params{Causes: 50, Decay: 1}.WithDefaults()),
		Session(
			session.Params{}.WithDefaults(),
			session.Params{L: 10, Click: 1.4, Match: 2, Near: 0.4}.WithDefaults(),
			session.Params{M: 2000, K: 125, L: 3, Plain: 1, Click: 1, Match: -1, Near: 2, Gap: session.Ever}.WithDefaults(),
		),
		Markov(follow.Params{}.Markov()),
		Rules(follow.Params{}.WithDefaults()),
		BuyAgain(repeat.Params{}.WithDefaults()),
		Basket(
			basket.Params{}.WithDefaults(),
			basket.Params{Within: 0.9, Groups: 7}.WithDefaults(),
		),
		Mapped(bridge.Params{}.WithDefaults(), bridge.Params{Near: bridge.Regression}),
		Profile(),
	}
}

// askedOf is Kind.asked of a source that knows itself which settings need no fit.
func askedOf[S any, P any](asked func(*S, P) *S) func(model.Source, any) model.Source {
	return func(fitted model.Source, params any) model.Source {
		of, ok := fitted.(any).(*S)
		if !ok {
			return nil
		}
		if again := asked(of, params.(P)); again != nil {
			return any(again).(model.Source)
		}
		return nil
	}
}

// Factor is iALS.
func Factor(tries ...factor.Params) Kind {
	return NewKind(factor.Name, tries, func(ctx context.Context, f *Fitter, m *Material, p factor.Params) (model.Source, error) {
		p.Workers, p.Seed = f.Workers, f.Seed
		if f.warm != nil && continues(f.warm, p) {
			f.warmed = true
			return f.warm.Refit(ctx, m.Data(), max(1, p.WithDefaults().Epochs/warmShare), f.Workers)
		}
		return factor.Fit(ctx, m.Data(), p, nil)
	})
}

// manyItems is up to how many wanted items EASE serves, and beyond which item-kNN
// does.
var manyItems = neighbour.Params{}.WithDefaults().MaxItems

// sketchItems is on how many of the most wanted items EASE's tries are compared: what a try
// costs grows with their cube, and how strong a regularisation a shop's events ask for shows
// on these.
const sketchItems = 1000

// EASE is item-to-item weights in closed form.
func EASE(tries ...neighbour.Params) Kind {
	k := NewKind(neighbour.Name, tries, func(ctx context.Context, f *Fitter, m *Material, p neighbour.Params) (model.Source, error) {
		p.Workers = f.Workers
		return neighbour.Fit(ctx, m.Data(), p)
	})
	k.Serves = func(items int) bool { return items <= manyItems }
	k.asked = askedOf((*neighbour.EASE).Asked)
	k.sketched = func(params any) any {
		p := params.(neighbour.Params)
		p.MaxItems = min(p.WithDefaults().MaxItems, sketchItems)
		return p
	}
	return k
}

// Ridge is EASE on each item's most similar items alone: beyond manyItems in its place,
// up to there beside it, where leaving the far items out keeps their noise out.
func Ridge(tries ...neighbour.RidgeParams) Kind {
	k := NewKind(neighbour.RidgeName, tries, func(ctx context.Context, f *Fitter, m *Material, p neighbour.RidgeParams) (model.Source, error) {
		p.Workers = f.Workers
		return neighbour.FitRidge(ctx, m.Data(), p)
	})
	k.asked = askedOf((*neighbour.Ridge).Asked)
	return k
}

// ItemKNN is cosines between items, for catalogues that are too large for EASE.
func ItemKNN(tries ...neighbour.ItemParams) Kind {
	k := NewKind(neighbour.ItemName, tries, func(ctx context.Context, f *Fitter, m *Material, p neighbour.ItemParams) (model.Source, error) {
		p.Workers = f.Workers
		return neighbour.FitItems(ctx, m.Data(), p)
	})
	k.Serves = func(items int) bool { return items > manyItems }
	k.asked = askedOf((*neighbour.Items).Asked)
	return k
}

// Embed is vectors of what was done one after another.
func Embed(tries ...embed.Params) Kind {
	return NewKind(embed.Name, tries, func(ctx context.Context, f *Fitter, m *Material, p embed.Params) (model.Source, error) {
		p.Workers, p.Seed = f.Workers, f.Seed
		return embed.Fit(ctx, m.Sequences(), p)
	})
}

// Own is the vectors that the shop brings with its items.
func Own(tries ...own.Params) Kind {
	k := NewKind(own.Name, tries, func(ctx context.Context, _ *Fitter, m *Material, p own.Params) (model.Source, error) {
		return own.Fit(ctx, m.snap.Items.Items(), m.snap.IDs, p)
	})
	k.Has = own.Given
	return k
}

// Session compares the visit that is under way with those before.
func Session(tries ...session.Params) Kind {
	return NewKind(session.Name, tries, func(ctx context.Context, _ *Fitter, m *Material, p session.Params) (model.Source, error) {
		return session.Fit(ctx, m.Sequences(), p)
	})
}

// Markov is what was done right after the last thing done.
func Markov(tries ...follow.Params) Kind {
	if len(tries) == 0 {
		tries = []follow.Params{follow.Params{}.Markov()}
	}
	k := NewKind(follow.MarkovName, tries, func(ctx context.Context, f *Fitter, m *Material, p follow.Params) (model.Source, error) {
		p.Workers = f.Workers
		return follow.FitMarkov(ctx, m.Sequences(), p)
	})
	k.check = func(params any) error { return params.(follow.Params).CheckMarkov() }
	return k
}

// Rules are what was done within some steps after the last things done.
func Rules(tries ...follow.Params) Kind {
	return NewKind(follow.RulesName, tries, func(ctx context.Context, f *Fitter, m *Material, p follow.Params) (model.Source, error) {
		p.Workers = f.Workers
		return follow.Fit(ctx, m.Sequences(), p)
	})
}

// BuyAgain is what was bought, by how likely it is bought again now.
func BuyAgain(tries ...repeat.Params) Kind {
	return NewKind(repeat.Name, tries, func(ctx context.Context, _ *Fitter, m *Material, p repeat.Params) (model.Source, error) {
		return repeat.Fit(ctx, m.Sequences(), p)
	})
}

// Basket is what a customer's next basket holds, from theirs and those of who buys alike.
func Basket(tries ...basket.Params) Kind {
	return NewKind(basket.Name, tries, func(ctx context.Context, _ *Fitter, m *Material, p basket.Params) (model.Source, error) {
		return basket.Fit(ctx, m.Sequences(), p)
	})
}

// base is the factor of the material, for the kinds that build on it: that which was fitted
// before them or, where they are looked at by themselves, one with usual settings.
func (f *Fitter) base(ctx context.Context, m *Material) (*factor.Model, error) {
	if fitted, ok := m.Fitted(factor.Name).(*factor.Model); ok {
		return fitted, nil
	}
	return factor.Fit(ctx, m.Data(), factor.Params{Workers: f.Workers, Seed: f.Seed}, nil)
}

// Mapped ranks new items by vectors that their content gives them, in place of those of
// factor, on which it builds.
func Mapped(tries ...bridge.Params) Kind {
	if len(tries) == 0 {
		tries = []bridge.Params{bridge.Params{}.WithDefaults()}
	}
	k := NewKind(bridge.Name, tries, func(ctx context.Context, f *Fitter, m *Material, p bridge.Params) (model.Source, error) {
		base, err := f.base(ctx, m)
		if err != nil {
			return nil, err
		}
		return bridge.Fit(ctx, base, m.Content(f), p)
	})
	k.Over = factor.Name
	return k
}

// Profile ranks for customers of whom nothing is known but what they said of themselves,
// where the settings name the attributes to go by. It builds on factor.
func Profile() Kind {
	k := NewKind(bridge.ProfileName, nil, func(ctx context.Context, f *Fitter, m *Material, p bridge.ProfileParams) (model.Source, error) {
		base, err := f.base(ctx, m)
		if err != nil {
			return nil, err
		}
		return bridge.FitProfile(ctx, base, m.declared(), p)
	})
	k.On = func(params any) bool { return params.(bridge.ProfileParams).Attributes != "" }
	k.Over = factor.Name
	return k
}
