package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// TestAnswersInRoomsOfOthers has many customers ask at once, well, badly and for long lists, since answers
// are made in room that was another's: nobody is told of what somebody else did, or gets what
// only somebody else asked for, and each answer is replayed as it was given.
func TestAnswersInRoomsOfOthers(t *testing.T) {
	const customers, each = 6, 8
	h := newHouse(t)
	var items, events []string
	for i := range customers * each * 2 {
		items = append(items, fmt.Sprintf(`{"item_id":"i%d","title":"T%d","categories":["c%d"],"attributes":{"brand":"b"}}`, i, i, i%7))
	}
	for i := range customers * each { // what a customer bought nobody else did
		events = append(events, fmt.Sprintf(`{"event_id":"e%d","type":"purchase","customer_id":"c%d","item_id":"i%d"}`, i, i/each, i))
	}
	h.call("POST", "/v1/items", "["+strings.Join(items, ",")+"]").want(200)
	h.call("POST", "/v1/events", "["+strings.Join(events, ",")+"]").want(200)
	own := func(c int, item engine.ItemID) bool {
		var n int
		_, err := fmt.Sscanf(string(item), "i%d", &n)
		return err == nil && n/each == c
	}
	check := func(c, n int) {
		list := fmt.Sprintf("/v1/customers/c%d/recommendations", c)
		var a got
		properties := false
		switch n % 5 {
		case 0:
			a = h.call("GET", list+"?count=5&explain=full")
		case 1:
			a = h.call("GET", list+"?count=80&explain=sources")
		case 2:
			a, properties = h.call("POST", "/v1/recommendations", fmt.Sprintf(`{"customer_id":"c%d","count":7,"explain":"full","return_properties":["brand"]}`, c)), true
		case 3:
			h.call("GET", list+"?filter="+fmt.Sprint(c)+"<").want(422)
			return
		case 4:
			h.call("POST", "/v1/recommendations", fmt.Sprintf(`{"customer_id":"c%d","validate_only":true}`, c)).want(200)
			return
		}
		var answer engine.Answer
		var kept engine.Impression
		if err := json.Unmarshal(a.want(200).body, &answer); err != nil || len(answer.Items) == 0 {
			t.Errorf("customer %d: %v in %s", c, err, a.body)
			return
		}
		if err := json.Unmarshal(h.call("GET", "/v1/recommendations/"+answer.RecommendationID).want(200).body, &kept); err != nil {
			t.Error(err)
			return
		}
		if kept.Request.Customer != engine.CustomerID(fmt.Sprint("c", c)) {
			t.Errorf("what customer %d was answered is kept as %+v", c, kept.Request)
		}
		same := func(a, b engine.Recommended) bool { return a.Item == b.Item && reflect.DeepEqual(a.Reasons, b.Reasons) }
		if !slices.EqualFunc(answer.Items, kept.Answer.Items, same) {
			t.Errorf("customer %d was given %+v, of which %+v is kept", c, answer.Items, kept.Answer.Items)
		}
		for _, it := range answer.Items {
			if own(c, it.Item) || (it.Properties != nil) != properties {
				t.Errorf("customer %d is shown %+v", c, it)
			}
			for _, why := range it.Reasons {
				if why.Item != "" && !own(c, why.Item) {
					t.Errorf("customer %d is told of what another bought: %+v", c, why)
				}
			}
		}
	}
	var asking sync.WaitGroup
	for c := range customers {
		asking.Go(func() {
			for n := range 40 {
				check(c, n+c)
			}
		})
	}
	asking.Wait()
}
