package training

import (
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// A ticket whose opening is guessed by its end teaches no time: it would teach that such tickets
// take none.
func TestGuessedOpeningsTeachNoTime(t *testing.T) {
	c := catalogue.New(catalogue.NewIDs())
	at := func(hour int) *time.Time { at := time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC); return &at }
	for _, one := range []struct {
		ticket engine.Ticket
		want   time.Duration
	}{
		{engine.Ticket{State: "closed", OpenedAt: at(9), ClosedAt: at(11)}, 2 * time.Hour},
		{engine.Ticket{State: "closed", OpenedAt: at(11), ClosedAt: at(11)}, -1},
		{engine.Ticket{State: "closed", ClosedAt: at(11), UpdatedAt: at(12)}, -1},
		{engine.Ticket{State: "closed", ClosedAt: at(11), Messages: []engine.Message{{From: "customer", Text: "it hums", At: *at(10)}}}, time.Hour},
		{engine.Ticket{State: "open", OpenedAt: at(9)}, 3 * time.Hour},
	} {
		if got := closedOf(&one.ticket, c, *at(12)).Took.Time; got != one.want {
			t.Errorf("%+v took %s, want %s", one.ticket, got, one.want)
		}
	}
}
