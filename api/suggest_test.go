package api

import "testing"

// What a ticket was answered is replayed as it was answered, while it waits for the disk and
// from there.
func TestReplayOfAFix(t *testing.T) {
	h := stocked(t)
	h.call("PUT", "/v1/tickets/t1", fields{"subject": "my lamp flickers", "customer_id": "ann", "solutions": []fields{{"item_id": "fix-2", "outcome": "not_solved"}}}).want(200)
	for name, body := range map[string]fields{
		"a ticket": {"ticket_id": "t1"}, "a question": {"text": "the sole of my shoe", "explain": "none"}, "nothing fits": {"text": "qwertz", "filter": "price < 0"},
	} {
		answer := h.call("POST", "/v1/solutions/suggest", body).want(200).object()
		if answer["action"] == nil || answer["because"] == nil || answer["ticket_id"] != body["ticket_id"] {
			t.Errorf("%s: %v", name, answer)
		}
		id := answer["recommendation_id"].(string)
		path := "/v1/recommendations/" + id
		if got := h.call("GET", path).want(200).object()["answer"]; !equalJSON(t, got, answer) {
			t.Errorf("%s: replayed is\n%v, want\n%v", name, got, answer)
		}
		h.written(id)
		if got := h.call("GET", path).want(200).object()["answer"]; !equalJSON(t, got, answer) {
			t.Errorf("%s: from the disk replayed is\n%v, want\n%v", name, got, answer)
		}
	}
	list := h.call("GET", "/v1/customers/ann/recommendations").want(200).object()
	if got := h.call("GET", "/v1/recommendations/"+list["recommendation_id"].(string)).want(200).object()["answer"].(fields); got["action"] != nil || got["because"] != nil {
		t.Errorf("a list is replayed as the answer to a ticket: %v", got)
	}
}

// A ticket is answered with fixes: a place of products is refused, one of several kinds gives
// those that are fixes.
func TestPlacesOfFixes(t *testing.T) {
	h := stocked(t)
	lamp := fields{"text": "brass desk lamp flickers"}
	suggest := func(scenario string) got {
		lamp["scenario"] = scenario
		return h.call("POST", "/v1/solutions/suggest", lamp)
	}
	if p := suggest("home").refused(422, "invalid_field"); p.Field != "scenario" {
		t.Errorf("a place of products: field %q, %s", p.Field, p.Detail)
	}
	h.call("PUT", "/v1/scenarios/mixed", fields{"kinds": []string{"product", "solution"}}).want(200)
	h.call("PUT", "/v1/scenarios/guides", fields{"kinds": []string{"product", "content"}}).want(200)
	for scenario, want := range map[string]string{"rank": "solution", "mixed": "solution", "guides": "content"} {
		items := suggest(scenario).want(200).answer().Items
		if len(items) == 0 {
			t.Errorf("%s: no fix", scenario)
		}
		for _, it := range items {
			if string(it.Kind) != want {
				t.Errorf("%s: %s is a %s, want %s", scenario, it.Item, it.Kind, want)
			}
		}
	}
}
