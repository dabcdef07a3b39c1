package policy

import (
	"cmp"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// What is held in memory: the reward model is fitted on all rounds several times over, and
// answers are resampled whole, so that no estimate can do with one pass over the file.
const (
	// MaxRounds is how many rounds a log may have; so many take about 1.5 GB.
	MaxRounds = 5_000_000
	// MaxProbabilities is how many rows a policy's file may have.
	MaxProbabilities = 5_000_000
)

// Log gathers the rounds of a log as they are read. The zero Log is empty.
type Log struct {
	Max    int // of the rounds, 0 for MaxRounds
	rounds []record.Round
	texts  map[string]string // each name once, however many rows have it
}

// Add adds a round. The error is an *engine.Invalid that names the limit.
func (l *Log) Add(r record.Round) error {
	if most := cmp.Or(l.Max, MaxRounds); len(l.rounds) >= most {
		return engine.Invalidf(engine.CodeLimitExceeded, "impressions", "more than %d rounds are too many to hold in memory: take a part of them, whole answers (round_id) drawn at random or those of fewer days; intervals hardly grow", most)
	}
	if l.texts == nil {
		l.texts = make(map[string]string)
	}
	for _, text := range []*string{&r.Action, &r.Context, &r.ID} {
		known, again := l.texts[*text]
		if !again {
			l.texts[*text], known = *text, *text
		}
		*text = known
	}
	l.rounds = append(l.rounds, r)
	return nil
}

// Rounds returns the rounds, in their order.
func (l *Log) Rounds() []record.Round { return l.rounds }

// Rows gathers the rows of a policy's file, for Table. The zero Rows is empty.
type Rows struct {
	Max  int // 0 for MaxProbabilities
	rows []record.Probability
}

// Add adds a row. The error is an *engine.Invalid that names the limit.
func (p *Rows) Add(r record.Probability) error {
	if most := cmp.Or(p.Max, MaxProbabilities); len(p.rows) >= most {
		return engine.Invalidf(engine.CodeLimitExceeded, "policy", "more than %d rows are too many to hold in memory: write the probabilities by position and context in place of by round", most)
	}
	p.rows = append(p.rows, r)
	return nil
}

// All returns the rows, in their order.
func (p *Rows) All() []record.Probability { return p.rows }
