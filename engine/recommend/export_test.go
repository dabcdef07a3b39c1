package recommend

import (
	"math/bits"
	"slices"

	"github.com/rapportengine/rapport/engine/rank"
)

// Stock returns what the place shows to anybody, which is one value until the catalogue changes.
func (in *Input) Stock() (any, error) {
	in = in.within()
	defer in.room.release()
	orders, err := in.Place.join(in.Request, in.World.Catalogue, &in.room.orders)
	if err != nil {
		return nil, err
	}
	return in.stock(orders)
}

// Together returns how many sources say together what they do of all items.
func (b *Begun) Together() int { return bits.OnesCount64(b.in.room.together.voices) }

// LimitExact sets the number of eligible items up to which all are scored.
func (in *Input) LimitExact(n int) { in.exactLimit = n }

// RoughFrom sets the number of eligible items from which on it is told roughly which of them
// are worth scoring; below 0 none are.
func (in *Input) RoughFrom(n int) { in.roughFrom = n }

// Gist returns of how many items the newest gist was to be that is kept of who asks, and whether
// it was short of some.
func (in *Input) Gist() (size int, short bool) {
	g := in.made().gists[0]
	return g.size, g.short.Load()
}

// NewestGist returns the gist that was made last of who asks; nil for none.
func (in *Input) NewestGist() any {
	if m := in.made(); m != nil && len(m.gists) > 0 {
		return m.gists[0]
	}
	return nil
}

// GistItems sets how many items a gist is of, in catalogues of any size; below 0 there is none.
func (in *Input) GistItems(n int) { in.gistItems = n }

// Gists returns how many gists are kept of the person.
func (in *Input) Gists() int {
	if m := in.made(); m != nil {
		return len(m.gists)
	}
	return 0
}

// TellRoughly returns what is told to be worth scoring of all eligible items, with their
// scores, for a list that looks at n of them. It is false where that cannot be told.
func (in *Input) TellRoughly(n int) (told, all []rank.Scored, unseen float64, ok bool, err error) {
	in = in.within()
	defer in.room.release()
	orders, err := in.Place.join(in.Request, in.World.Catalogue, &in.room.orders)
	if err != nil {
		return nil, nil, 0, false, err
	}
	eligible, err := in.eligible(orders)
	if err != nil || eligible.count == 0 {
		return nil, nil, 0, false, err
	}
	query, _ := in.query()
	v := in.open(query, orders)
	lifts, err := in.lifts(orders.boosts)
	if err != nil {
		return nil, nil, 0, false, err
	}
	score := func(c *choice, room *scratch) []rank.Scored {
		scored := v.score(c, room)
		lifts.add(scored)
		return slices.Clone(scored)
	}
	whole := *eligible
	all = score(&whole, new(scratch))
	room := new(scratch)
	found, unseen, ok := v.best(eligible, in.gistOf(v, eligible.count, room), lifts, n, in.arrangement(orders, new(rank.Rules)).Pins, room)
	if ok {
		told = score(found, room)
	}
	return told, all, unseen, ok, nil
}

// ManyAfter returns a Many that joins links after so many answers.
func ManyAfter(n int) *Many { return &Many{after: n} }

// Most makes the Many join so many links at most.
func (m *Many) Most(n int) *Many {
	m.most = n
	return m
}

// Joined returns how many sources of links are joined for each way of weighing them.
func (m *Many) Joined() (of []int) {
	for _, l := range m.links {
		if l.made.Load() != nil {
			of = append(of, len(l.voices))
		}
	}
	return of
}
