package serving

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/gap"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
)

// desk is the place whose fixes agents are shown.
const desk = "support-desk"

// Health returns how every fix does, those that need a look first, and the moment it is of:
// now, or where reading the whole log takes long, a little before.
func (r *Recommender) Health(ctx context.Context) ([]solution.Health, time.Time, error) {
	now := r.now()
	return r.health.get(ctx, r.Seq(), now, func() ([]solution.Health, error) { return r.readHealth(ctx, now) })
}

func (r *Recommender) readHealth(ctx context.Context, now time.Time) ([]solution.Health, error) {
	var c solution.Checkup
	_, err := r.log.ScanAt(ctx, func(_ engine.Subject, rows []engine.Row) error {
		for i := range rows {
			c.Row(&rows[i])
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	catalogue := r.World().Catalogue
	err = r.log.ScanTickets(ctx, func(t engine.Ticket) error {
		c.Ticket(&t, catalogue.IDs().Num)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	err = r.log.ScanAnswers(ctx, func(i engine.Impression) error {
		if i.Answer.Basis != engine.BasisTicket || now.Sub(i.At) > solution.RecentDays*24*time.Hour {
			return ctx.Err()
		}
		var fixes []engine.ItemNum
		for _, it := range i.Answer.Items {
			if n, known := catalogue.IDs().Num(it.Item); known {
				fixes = append(fixes, n)
			}
		}
		c.Answer(fixes)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	var fixes []engine.ItemNum
	for n, item := range catalogue.Items() {
		if c.Tried(n) || item.Kind == engine.Solution && !item.Hidden && item.Title+item.Text != "" { // drafts are no fixes yet
			fixes = append(fixes, n)
		}
	}
	return c.Report(fixes, catalogue.Item, now), nil
}

// Gaps are what the desk has no fix for.
type Gaps struct {
	List    []engine.KnowledgeGap // the largest first
	Tickets int                   // that were looked at: the newest
}

// patience is how long a ticket that is open waits for a fix before it counts as without one.
const patience = 14 * 24 * time.Hour

// Gaps returns the clusters of tickets that no fix ends, and the moment they are of, as
// Health does. Tickets of customers who refused training are not looked at.
func (r *Recommender) Gaps(ctx context.Context) (Gaps, time.Time, error) {
	now := r.now()
	return r.gaps.get(ctx, r.Seq(), now, func() (Gaps, error) { return r.readGaps(ctx, now) })
}

func (r *Recommender) readGaps(ctx context.Context, now time.Time) (Gaps, error) {
	tickets, err := r.gapTickets(ctx)
	if err != nil {
		return Gaps{}, err
	}
	asked := make([]gap.Ticket, len(tickets))
	for i := range tickets {
		t := &tickets[i]
		asked[i] = gap.Ticket{Text: solution.TicketText(t.Subject, t.Said(true, text.Letter)), Language: t.Language, At: t.Opened(), Fate: fate(t, now)}
	}
	clusters, err := gap.Find(ctx, asked, gap.Params{})
	if err != nil {
		return Gaps{}, err
	}
	clusters = clusters[:min(len(clusters), engine.MaxGaps)]
	out := Gaps{List: make([]engine.KnowledgeGap, 0, len(clusters)), Tickets: len(tickets)}
	for i := range clusters {
		if err := ctx.Err(); err != nil {
			return Gaps{}, err
		}
		g, err := r.describe(&clusters[i], tickets, asked, now)
		if err != nil {
			return Gaps{}, err
		}
		out.List = append(out.List, g)
	}
	return out, nil
}

// gapTickets returns the newest tickets that say something, of customers who do not refuse.
func (r *Recommender) gapTickets(ctx context.Context) ([]engine.Ticket, error) {
	var list []engine.Ticket
	newest := func() {
		slices.SortFunc(list, func(a, b engine.Ticket) int {
			return cmp.Or(b.Opened().Compare(a.Opened()), strings.Compare(a.ID, b.ID))
		})
		if len(list) > engine.MaxGapTickets {
			clear(list[engine.MaxGapTickets:])
			list = list[:engine.MaxGapTickets]
		}
	}
	allowed := make(map[engine.CustomerID]bool)
	err := r.log.ScanTickets(ctx, func(t engine.Ticket) error {
		if t.Customer != "" {
			may, known := allowed[t.Customer]
			if !known {
				c, err := r.log.Customer(ctx, t.Customer)
				if err != nil && !errors.Is(err, engine.ErrNotFound) {
					return err
				}
				may = err != nil || c.Allows(engine.Train)
				allowed[t.Customer] = may
			}
			if !may {
				return ctx.Err()
			}
		}
		if list = append(list, t); len(list) >= 2*engine.MaxGapTickets {
			newest()
		}
		return ctx.Err()
	})
	newest()
	return list, err
}

// fate says what became of a ticket by now.
func fate(t *engine.Ticket, now time.Time) gap.Fate {
	ended, failed := false, false
	for _, tried := range t.Tries() {
		switch tried.Outcome {
		case string(engine.Solved):
			ended = true
		case string(engine.NotSolved), string(engine.Reopened):
			failed = true
		}
	}
	switch {
	case t.State == string(engine.Reopened):
		return gap.Failed
	case ended:
		return gap.Ended
	case t.State == string(engine.Escalated):
		return gap.Escalated
	case t.IsOpen() && (t.Opened().IsZero() || now.Sub(t.Opened()) < patience):
		return gap.Waits
	case failed:
		return gap.Failed
	}
	return gap.Without
}

const (
	gapExamples, gapProducts = 3, 5
	// nearTickets are so many of the most typical tickets of a gap that fixes are sought for.
	nearTickets  = 5
	exampleBytes = 240
)

// describe says of a cluster what a person wants to know.
func (r *Recommender) describe(c *gap.Cluster, tickets []engine.Ticket, asked []gap.Ticket, now time.Time) (engine.KnowledgeGap, error) {
	g := engine.KnowledgeGap{Terms: c.Terms, Tickets: len(c.Tickets), Ended: c.Ended, Languages: make(map[string]int), Products: []engine.GapProduct{}, Examples: []engine.GapExample{}}
	products := make(map[engine.ItemID]int)
	recent := now.AddDate(0, 0, -solution.RecentDays)
	before := recent.AddDate(0, 0, -solution.RecentDays)
	shown := make(map[string]bool)
	for _, i := range c.Tickets {
		t, at := &tickets[i], asked[i].At
		switch asked[i].Fate {
		case gap.Escalated:
			g.Escalated++
		case gap.Failed:
			g.Failed++
		default:
			g.Without++
		}
		if !at.IsZero() {
			if g.First == nil || at.Before(*g.First) {
				g.First = &at
			}
			if g.Last == nil || at.After(*g.Last) {
				g.Last = &at
			}
		}
		switch {
		case !at.Before(recent):
			g.Recent++
		case !at.Before(before):
			g.Before++
		}
		if t.Language != "" {
			g.Languages[t.Language]++
		}
		if t.Product != "" {
			products[t.Product]++
		}
		if text := shortened(asked[i].Text); len(g.Examples) < gapExamples && !shown[text] {
			shown[text] = true
			g.Examples = append(g.Examples, engine.GapExample{Ticket: t.ID, Text: text})
		}
	}
	catalogue := r.World().Catalogue
	byCount := slices.SortedFunc(maps.Keys(products), func(a, b engine.ItemID) int {
		return cmp.Or(cmp.Compare(products[b], products[a]), cmp.Compare(a, b))
	})
	for _, id := range byCount[:min(len(byCount), gapProducts)] {
		p := engine.GapProduct{Item: id, Tickets: products[id]}
		if n, known := catalogue.IDs().Num(id); known && catalogue.Item(n) != nil {
			p.Title = catalogue.Item(n).Title
		}
		g.Products = append(g.Products, p)
	}
	var err error
	g.NearMiss, err = r.nearMiss(c.Tickets[:min(len(c.Tickets), nearTickets)], tickets, asked, now)
	return g, err
}

// nearMiss returns the fix that the desk would suggest for some tickets, as if they were new
// and nobody's; nil for none.
func (r *Recommender) nearMiss(of []int, tickets []engine.Ticket, asked []gap.Ticket, now time.Time) (*engine.NearMiss, error) {
	shop := r.shop.Load()
	place, err := shop.place(desk)
	if err != nil {
		return nil, err
	}
	type sum struct{ score, chance, first float64 }
	sums := make(map[engine.ItemNum]sum)
	for _, i := range of {
		answer, err := recommend.Suggest(&recommend.SuggestInput{
			World: shop.World, Place: place, Someone: &recommend.Someone{}, Now: now,
			Request: &engine.SuggestRequest{Text: asked[i].Text, Product: tickets[i].Product, Language: tickets[i].Language, Channel: tickets[i].Channel, Explain: engine.ExplainNone},
		})
		if _, refused := errors.AsType[*engine.Invalid](err); refused {
			return nil, nil // the shop's desk shows no fixes
		}
		if err != nil {
			return nil, err
		}
		for k := range answer.Items {
			s := sums[answer.Items[k].Num]
			s.score += answer.Items[k].Score
			if k == 0 && answer.Confidence != nil {
				s.chance, s.first = s.chance+*answer.Confidence, s.first+1
			}
			sums[answer.Items[k].Num] = s
		}
	}
	if len(sums) == 0 {
		return nil, nil
	}
	best := slices.MinFunc(slices.Collect(maps.Keys(sums)), func(a, b engine.ItemNum) int {
		return cmp.Or(cmp.Compare(sums[b].score, sums[a].score), cmp.Compare(a, b))
	})
	item := shop.Catalogue.Item(best)
	out := &engine.NearMiss{Item: item.ID, Title: item.Title, Score: sums[best].score / float64(len(of))}
	if s := sums[best]; s.first > 0 {
		out.Confidence = new(s.chance / s.first)
	}
	return out, nil
}

// shortened is a text in one line, cut between words.
func shortened(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= exampleBytes {
		return s
	}
	cut := strings.LastIndexByte(s[:exampleBytes], ' ')
	if cut <= 0 {
		cut = exampleBytes
	}
	return strings.ToValidUTF8(s[:cut], "") + " ..."
}
