package desk

import (
	"context"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/solution"
)

// What a shop has no fix for it seldom keeps: its solved tickets are of what it has one for, and
// a confidence fitted on them alone says of anything how often fixes are right for those. So it
// is shown two kinds more: its own tickets, asked where their fixes are hidden (blind), and texts
// that are strange to any desk.
const (
	// unknownTickets is how many tickets these stand for at least, and unknownShare which share
	// of all tickets nothing fits at least, those that the shop knows itself among them: a desk
	// of which hardly any ticket ends without a fix does not note them.
	unknownTickets, unknownShare = 10, 0.03
	// unknownFitted is for how many, of the tickets that a fix ended, they stand where weights are
	// fitted: what tells them apart is learnt from many, how common they are is put right after.
	unknownFitted = 0.8
)

// share is how common it is that nothing fits, in tickets.
type share struct {
	nothing float64 // of which the shop says so
	missing float64 // that stand for those of which it does not
	fitted  float64 // for which they stand where weights are fitted
}

func unknownOf(tickets []Ticket) share {
	var s share
	ended := 0.0
	for i := range tickets {
		switch t := &tickets[i]; {
		case len(t.Right) > 0:
			ended++
		case len(t.Solved.Trials) == 0:
			s.nothing++
		}
	}
	s.missing = max(unknownTickets, unknownShare*float64(len(tickets))-s.nothing)
	s.fitted = max(s.missing, unknownFitted*ended)
	return s
}

// shift is what a constant of the score of nothing must change by, where it was fitted with more
// tickets of that kind than there are: the prior correction of samples drawn by their outcome
// (King and Zeng 2001).
func (s share) shift() float64 { return math.Log((s.nothing + s.missing) / (s.nothing + s.fitted)) }

// unknown joins what was asked blind and what is strange, each half of one ticket. What nothing is
// said to teaches nothing, and takes no part of that.
func unknown(kinds ...[]solution.Choice) []solution.Choice {
	var out []solution.Choice
	asked := 0.0
	for i, k := range kinds {
		if kinds[i] = slices.DeleteFunc(k, func(c solution.Choice) bool { return len(c.Fixes) == 0 }); len(kinds[i]) > 0 {
			asked++
		}
	}
	for _, k := range kinds {
		for _, c := range k {
			c.Weight = 1 / (asked * float64(len(k)))
			out = append(out, c)
		}
	}
	return out
}

// strange asks texts that no fix ends.
func (s *Shop) strange(ctx context.Context, l *Learnt) ([]solution.Choice, error) {
	questions := make([]record.Question, len(strangers))
	for i, t := range strangers {
		questions[i] = record.Question{Text: t, Language: "en"}
	}
	tickets, err := s.Tickets(ctx, questions)
	if err != nil {
		return nil, err
	}
	out := make([]solution.Choice, len(tickets))
	for i := range tickets {
		in := tickets[i].Input
		in.Lexicon, in.Knowledge = l.Lexicon, l.Knowledge
		out[i] = solution.ChoiceOf(&in, nil)
	}
	return out, ctx.Err()
}

// strangers are texts that reach every desk and that hardly any has a fix for: what people say in
// passing, questions for somebody else, and what is no text at all. They are in English; to a
// shop of another language they are as strange as any.
var strangers = []string{
	"hello", "hi there, how are you", "thanks a lot", "ok", "good morning", "test", "???", "yes please", "call me", "see you later",
	"0", "12345", "9876543210", "8 4 15 16 23", "asdfgh", "qwertz uiop", "blah blah blah", "abc xyz",
	"what time is it", "tell me a joke", "who are you", "are you a robot", "what is the meaning of life", "sing me a song",
	"will it rain at the weekend", "how warm is it in Madrid", "what was the score of the game last night", "who is the president",
	"how tall is Mount Everest", "translate good night into Italian", "what is twelve times seventeen", "how many people live in Japan",
	"what should I cook for dinner", "where can I eat sushi around here", "how do I lose weight", "my neighbour's dog barks all day",
	"I am looking for a flat to rent", "do you hire students for the summer", "we offer cheap search engine optimisation for your website",
	"would you like to invest in our company", "please forward this to your boss", "I left my jacket on the train", "which film won the award this year",
	"my tooth hurts since Monday", "how do I renew my passport", "when does the library open", "is there a bus to the airport", "help me with my homework",
}
