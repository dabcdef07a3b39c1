package training

import (
	"context"

	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/session"
)

// kinds are the sources that can be fitted, in the order in which they stand in models
// and tables.
func kinds() []Kind {
	return []Kind{Factor(), EASE(), Session()}
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
		),
		Session(session.Params{}.WithDefaults()),
	}
}

// Factor is iALS.
func Factor(tries ...factor.Params) Kind {
	return NewKind(factor.Name, tries, func(ctx context.Context, f *Fitter, m *Material, p factor.Params) (model.Source, error) {
		p.Workers, p.Seed = f.Workers, f.Seed
		return factor.Fit(ctx, m.Data(), p, nil)
	})
}

// EASE is item-to-item weights in closed form.
func EASE(tries ...neighbour.Params) Kind {
	return NewKind(neighbour.Name, tries, func(ctx context.Context, f *Fitter, m *Material, p neighbour.Params) (model.Source, error) {
		p.Workers = f.Workers
		return neighbour.Fit(ctx, m.Data(), p)
	})
}

// Session compares the visit that is under way with those before.
func Session(tries ...session.Params) Kind {
	return NewKind(session.Name, tries, func(ctx context.Context, _ *Fitter, m *Material, p session.Params) (model.Source, error) {
		return session.Fit(ctx, m.Sequences(), p)
	})
}
