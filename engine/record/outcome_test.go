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
