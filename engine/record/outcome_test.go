package record

import (
	"fmt"
	"strings"
	"testing"
)

// A slip in an outcome is refused and named; its opposite and other words are types of one's own.
func TestSlipsInOutcomesAreRefused(t *testing.T) {
	for word, near := range map[string]string{
		"solvd": "solved", "slved": "solved", "notsolved": "not_solved", "not_solvd": "not_solved",
		"reopend": "reopened", "escalated_": "escalated", "esclted": "escalated", "soluton_showm": "solution_shown",
		"escalate": "escalated", "reopen": "reopened", "ticket_opend": "ticket_opened", "ticketopened": "ticket_opened", "tickt_opened": "ticket_opened",
		"ticket_owned": "", "ticket_closed": "", "ticket_moved": "", "our_escalate": "", "our_reopen": "", "our_solvd": "",
		"unsolved": "", "resolved": "", "opened": "", "absolved": "", "salver": "", "delved": "", "assigned": "", "solved": "", "not_solved": "",
	} {
		in := fmt.Sprintf(`{"event_id":"e","type":%q,"customer_id":"ann","item_id":"fix","ticket_id":"t","at":"2026-01-01T00:00:00Z"}`, word)
		_, err := One(Events(strings.NewReader(in), Options{}))
		switch {
		case near == "" && err != nil:
			t.Errorf("%s: %v, want it taken", word, err)
		case near != "" && (err == nil || !strings.Contains(err.Error(), fmt.Sprintf("did you mean %q?", near))):
			t.Errorf("%s: %v, want it refused for %s", word, err, near)
		}
	}
}

// An event of a type of one's own may name its ticket instead of an item; what is done with an
// item needs one all the same.
func TestEventsOfTickets(t *testing.T) {
	for word, want := range map[string]string{
		"ticket_owned": "", "assigned": "", "escalated": "", "ticket_opened": "",
		"escalate": `such as "our_escalate"`, "solvd": `did you mean "solved"?`,
		"view": "needs an item", "not_solved": "needs an item", "solution_used": "needs an item", "solution_shown": "needs an item", "purchase": "needs an item",
	} {
		in := fmt.Sprintf(`{"type":%q,"customer_id":"ann","ticket_id":"t","at":"2026-01-01T00:00:00Z"}`, word)
		_, err := One(Events(strings.NewReader(in), Options{}))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s without an item: %v, want %q", word, err, want)
		}
	}
	if _, err := One(Events(strings.NewReader(`{"type":"assigned","customer_id":"ann","at":"2026-01-01T00:00:00Z"}`), Options{})); err == nil {
		t.Error("an event of neither an item nor a ticket is taken")
	}
}
