package serving

import (
	"context"
	"fmt"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
)

// Next goes on with an answer given before: the same request, for the person as they are
// now, without what it and the pages before it have shown. Count is how many are wanted,
// 0 for as many as before. The answer's Continues is id, and it has an id of its own.
// Asking twice for the page after the same answer gives it twice.
//
// Errors: engine.ErrNotFound with the reason where the answer was not recorded (an answer
// to record=false has no id), was dropped, erased or has expired; engine.ErrConflict for
// an answer to a ticket, whose words are not kept; *engine.Invalid at MaxPaged items.
func (r *Recommender) Next(ctx context.Context, id string, count int) (engine.Answer, error) {
	switch {
	case count < 0:
		return engine.Answer{}, engine.Invalidf(engine.CodeInvalidField, "count", "a number from 1 to %d is wanted, or none", engine.MaxCount)
	case count > engine.MaxCount:
		return engine.Answer{}, engine.Invalidf(engine.CodeLimitExceeded, "count", "a page has at most %d items", engine.MaxCount)
	}
	shown, err := r.Replay(ctx, id)
	if err != nil {
		return engine.Answer{}, err
	}
	if shown.Answer.Basis == engine.BasisTicket {
		return engine.Answer{}, fmt.Errorf("recommendation %s answers a ticket, whose words are not kept: ask again with a larger count: %w", id, engine.ErrConflict)
	}
	req := shown.Request
	req.After = slices.Clip(req.After)
	for i := range shown.Answer.Items {
		req.After = append(req.After, shown.Answer.Items[i].Item)
	}
	if len(req.After) > engine.MaxPaged {
		return engine.Answer{}, engine.Invalidf(engine.CodeLimitExceeded, "recommendation_id", "%d items were shown on the pages before; a list goes on up to %d", len(req.After), engine.MaxPaged)
	}
	if count > 0 {
		req.Count = count
	}
	if shown.Answer.LeftOut != nil { // it ordered the caller's list: what is left of that
		return r.rank(ctx, &req, waiting(shown.Answer.LeftOut), id)
	}
	return r.answer(ctx, &req, asking{place: placeName(&req), continues: id, answer: recommend.Recommend})
}

// waiting returns the items that were left out because the list was full.
func waiting(left []engine.LeftOut) []engine.ItemID {
	var out []engine.ItemID
	for _, l := range left {
		if l.Why == engine.LeftCount {
			out = append(out, l.Item)
		}
	}
	return out
}
