package recommend_test

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
)

// The story of a request is held against the plain way: look at every item, score it
// alone, sort, place. The same lists, the same scores to the bit.
func TestRecommendIsFilterThenRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawShop(t, 40)
		for range 3 {
			a := drawAsked(t, s)
			answer, err := recommend.Recommend(a.in)
			if err != nil {
				t.Fatalf("Recommend(%+v): %v", a.in.Request, err)
			}
			want, eligible := a.list()
			checkList(t, a, answer, want)
			if answer.Eligible != eligible || !answer.Exact {
				t.Fatalf("%d eligible, exact %v: want %d, true", answer.Eligible, answer.Exact, eligible)
			}
			full := min(a.in.Request.Count, eligible)
			if c := a.in.Request.Collapse; c != nil && !*c && a.in.Request.MinRelevance == nil && len(answer.Items) != full {
				t.Fatalf("%d items, want %d of %d eligible", len(answer.Items), full, eligible)
			}
			if (answer.EmptyReason != "") != (len(answer.Items) == 0) {
				t.Fatalf("%d items, empty reason %q", len(answer.Items), answer.EmptyReason)
			}
			checkReasons(t, a, answer)
		}
	})
}

func checkList(t *rapid.T, a *asked, answer engine.Answer, want []rank.Scored) {
	t.Helper()
	got := make([]rank.Scored, len(answer.Items))
	for i, item := range answer.Items {
		got[i] = rank.Scored{Item: item.Num, Score: item.Score}
		if item.Rank != i+1 || item.Item != a.shop.items[item.Num].ID {
			t.Fatalf("place %d holds %s at rank %d, number %d", i+1, item.Item, item.Rank, item.Num)
		}
	}
	same := len(got) == len(want)
	for i := range got {
		same = same && got[i].Item == want[i].Item && math.Float64bits(got[i].Score) == math.Float64bits(want[i].Score)
	}
	if !same {
		t.Fatalf("filter %q %q, got %v\nwant %v", a.in.Place.Scenario.Filter, a.in.Request.Filter, got, want)
	}
}

// checkReasons holds reasons against scores: they sum up, every named cause is really
// one, and nothing is named that is not to be.
func checkReasons(t *rapid.T, a *asked, answer engine.Answer) {
	t.Helper()
	q := a.query()
	causes := map[engine.ItemID]bool{}
	for _, c := range q.Causes() {
		causes[theID(int(c.Item))] = true
	}
	var told []engine.Reason // by number
	for _, item := range answer.Items {
		sum, size := 0.0, 0.0
		for _, r := range item.Reasons {
			if n := int(r.Cause); n == len(told)+1 {
				told = append(told, r)
			} else if n > len(told) {
				t.Fatalf("reason %+v: the first number after %d is wanted", r, len(told))
			} else if n > 0 {
				like := told[n-1]
				if like.Source, like.Contribution = r.Source, r.Contribution; !reflect.DeepEqual(like, r) {
					t.Fatalf("reason %+v has the number of %+v", r, told[n-1])
				}
			}
			sum += r.Contribution
			size += math.Abs(r.Contribution)
			checkReason(t, a, r, causes)
			if r.Item != "" && a.in.Request.Explain != engine.ExplainFull {
				checkStrongest(t, a, q, item.Num, r)
			}
		}
		if a.in.Request.Explain == engine.ExplainNone {
			if len(item.Reasons) > 0 {
				t.Fatalf("reasons %+v, want none", item.Reasons)
			}
			continue
		}
		if math.Abs(sum-item.Score) > 1e-5*size {
			t.Fatalf("explain %q: %s scores %v, its reasons sum to %v: %+v", a.in.Request.Explain, item.Item, item.Score, sum, item.Reasons)
		}
	}
}

// checkStrongest: where one item stands for a source, it is the one that weighed most
// for the answer, and it weighed for it.
func checkStrongest(t *rapid.T, a *asked, q *model.Query, n engine.ItemNum, r engine.Reason) {
	t.Helper()
	for _, source := range a.in.World.Models.Sources() {
		if source.Name() != r.Source {
			continue
		}
		_, parts := source.Open(q).Explain(n, nil)
		most := 0.0
		for _, p := range parts {
			most = max(most, p.Contribution)
		}
		for _, p := range parts {
			if theID(int(p.Item)) == r.Item && (p.Contribution <= 0 || p.Contribution < most) {
				t.Fatalf("reason %+v stands for parts %v", r, parts)
			}
		}
	}
}

// checkTicketReason: it names an open ticket of theirs and, at most, what that is about,
// adds nothing, and tells of nothing sensitive.
func checkTicketReason(t *rapid.T, a *asked, r engine.Reason) {
	t.Helper()
	at := slices.IndexFunc(a.in.Someone.Tickets, func(o recommend.OpenTicket) bool {
		return strings.HasPrefix(r.Text, "Helps with your open ticket "+o.ID)
	})
	if at < 0 || r.Contribution != 0 || r.Text == "" || a.refuses() || a.in.Offline {
		t.Fatalf("reason %+v, open are %+v", r, a.in.Someone.Tickets)
	}
	for n, it := range a.shop.items {
		if it == nil {
			continue
		}
		if named := r.Item == it.ID || strings.Contains(r.Text, it.Title); named && (it.Sensitive || !a.concerned(&a.in.Someone.Tickets[at])[theID(n)]) {
			t.Fatalf("reason %+v names %+v", r, it)
		}
	}
}

func checkReason(t *rapid.T, a *asked, r engine.Reason, causes map[engine.ItemID]bool) {
	t.Helper()
	if r.Type == engine.ReasonOpenTicket {
		checkTicketReason(t, a, r)
		return
	}
	if r.Item != "" && !causes[r.Item] {
		t.Fatalf("reason %+v names what is no cause; causes are %v", r, causes)
	}
	if r.Type == engine.ReasonHistory && (len(a.query().Anchors) > 0 || a.refuses()) {
		t.Fatalf("reason %+v is of a history that was not to be looked at", r)
	}
	if r.At != nil {
		found := false
		for _, row := range a.in.Someone.Rows {
			found = found || row.Item == r.Item && row.Type == r.Interaction && row.At.Equal(*r.At)
		}
		if !found {
			t.Fatalf("reason %+v tells of what did not happen: %+v", r, a.in.Someone.Rows)
		}
	}
	for n, it := range a.shop.items {
		secret := it == nil || it.Sensitive || it.Published != nil && a.in.Now.Before(*it.Published) ||
			(it.Hidden || it.Visibility == engine.AgentOnly) && a.in.Place.Scenario.Audience != engine.AgentOnly ||
			a.in.Someone.Customer != nil && isMuted(&a.in.Someone.Customer.Preferences, it)
		if secret && (r.Item == theID(n) || strings.Contains(r.Text, string(theID(n))) || it != nil && strings.Contains(r.Text, it.Title)) {
			t.Fatalf("reason %+v names %s", r, theID(n))
		}
	}
}
