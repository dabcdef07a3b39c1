package engine

import "slices"

// Tries returns what was tried on the ticket, with what came of each as far as the ticket
// tells: the one reading of it that training, health, gaps and suggestions share.
//
//   - Of a ticket that is over, where no fix is said to have ended it and exactly one has no
//     outcome, that one did: desks note what they sent, seldom what it came to.
//   - On a ticket that was opened again, a fix that is said to have ended it did not do so
//     for good.
//
// The slice is the caller's.
func (t *Ticket) Tries() []Tried {
	tries := slices.Clone(t.Solutions)
	open, ended := -1, false
	for i := range tries {
		switch tries[i].Outcome {
		case string(Solved):
			if ended = true; t.State == string(Reopened) {
				tries[i].Outcome = string(Reopened)
			}
		case "":
			if open >= 0 {
				ended = true // of two nobody knows which
			}
			open = i
		}
	}
	if open >= 0 && !ended && !t.IsOpen() {
		tries[open].Outcome = string(Solved)
	}
	return tries
}

// Failed returns the fixes that did not end the ticket, or not for good.
func (t *Ticket) Failed() (out []ItemID) {
	for _, tried := range t.Tries() {
		if tried.Outcome == string(NotSolved) || tried.Outcome == string(Reopened) {
			out = append(out, tried.Item)
		}
	}
	return out
}

// JoinTries returns tries, and behind them what others tell of other fixes. Where both tell of
// one, meet makes mine what shall stand. It changes neither list.
func JoinTries(tries, others []Tried, meet func(mine *Tried, other Tried) error) ([]Tried, error) {
	tries = slices.Clone(tries)
	for _, other := range others {
		i := slices.IndexFunc(tries, func(t Tried) bool { return t.Item == other.Item })
		if i < 0 {
			tries = append(tries, other)
			continue
		}
		if err := meet(&tries[i], other); err != nil {
			return nil, err
		}
	}
	return tries, nil
}
