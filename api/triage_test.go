package api

import "testing"

// Without a model a triage says what words say anywhere, by what, and nothing else.
func TestTriageByWords(t *testing.T) {
	h := stocked(t)
	value := func(answer fields, of string) any {
		if answer[of] == nil {
			return nil
		}
		return answer[of].(fields)["value"]
	}
	upset := h.call("POST", "/v1/triage", fields{"subject": "again", "text": "This is UNACCEPTABLE, you are liars!! My lawyer will call, I want my money immediately.", "product_id": "lamp-9"}).want(200).object()
	if value(upset, "language") != "en" || value(upset, "sentiment") != "very_negative" || value(upset, "priority") != "high" || upset["sensitive_topic"] != "lawyer" {
		t.Errorf("a furious letter: %v", upset)
	}
	if because := upset["priority"].(fields)["because"].([]any); len(because) != 3 {
		t.Errorf("it is urgent because %v; want the lawyer, the hurry and the mood", because)
	}
	if p := upset["priority"].(fields); p["basis"] != "words" || p["chance"] != nil || p["calibrated"] != false {
		t.Errorf("an urgency by words claims %v", p)
	}
	if d := upset["degraded"]; !equalJSON(t, d, []string{"unknown_item"}) {
		t.Errorf("of a product nobody knows: degraded %v", d)
	}
	if upset["topic"] != nil || upset["queue"] != nil || upset["time"] != nil || upset["agent"] != nil || upset["model"] != 0.0 {
		t.Errorf("without a model: %v", upset)
	}
	calm := h.call("POST", "/v1/triage", fields{"text": "Wann kommt die Lampe, die ich bei Ihnen bestellt habe?"}).want(200).object()
	if value(calm, "language") != "de" || calm["sentiment"] != nil || calm["mood"] != nil || value(calm, "priority") != "normal" {
		t.Errorf("a German question: %v", calm)
	}
	h.call("PUT", "/v1/settings/support", fields{"sensitive_topics": fields{"de": []string{"Lampe"}}}).want(200)
	if got := h.call("POST", "/v1/triage", fields{"text": "Wann kommt die Lampe, die ich bei Ihnen bestellt habe?"}).want(200).object(); got["sensitive_topic"] != "Lampe" || value(got, "priority") != "high" {
		t.Errorf("the shop's topics: %v", got)
	}
	h.call("PUT", "/v1/tickets/t1", fields{"subject": "my lamp", "language": "en-GB", "messages": []fields{
		{"from": "customer", "text": "It is great, thank you!"}, {"from": "agent", "text": "Terrible, awful, horrible!!"},
	}}).want(200)
	stored := h.call("POST", "/v1/tickets/t1/triage").want(200).object()
	if value(stored, "sentiment") != "positive" || stored["ticket_id"] != "t1" || stored["language"].(fields)["basis"] != "sender" {
		t.Errorf("a ticket as it came: %v", stored)
	}
	h.call("PUT", "/v1/tickets/t1", fields{"subject": "my lamp", "language": "en-GB", "messages": []fields{
		{"from": "customer", "text": "It is great, thank you!"}, {"from": "agent", "text": "You are welcome."}, {"from": "customer", "text": "Now it burns. Terrible, awful, horrible!!"},
	}}).want(200)
	if got := h.call("POST", "/v1/tickets/t1/triage").want(200).object(); value(got, "sentiment") != "very_negative" || value(got, "priority") != "high" {
		t.Errorf("after its customer wrote again: %v", got)
	}
	if got := h.call("POST", "/v1/tickets/t1/triage", fields{"text": "horrible, I hate it"}).want(200).object(); value(got, "sentiment") != "very_negative" {
		t.Errorf("another text in its place: %v", got)
	}
}
