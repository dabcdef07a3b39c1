package record

import (
	"io"
	"iter"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// Question is a ticket's text and what ends it: what eval-solutions measures by, and what
// it learns from.
type Question struct {
	Text     string
	Language string // BCP 47, empty is English
	Relevant []engine.ItemID
	Customer engine.CustomerID
	Product  engine.ItemID
	Order    string // whose products it is about, too
	Channel  string
	At       time.Time      // zero where it is not known
	Tried    []engine.Tried // what was tried on it, and what came of that
}

// questionLine is a question as it stands in a file.
type questionLine struct {
	Question
	answered bool // relevant was given, though it be empty
	subject  string
}

// Questions reads questions: text (and subject), relevant (ids of what ends it; an empty
// list says that nothing does), and, where they are known, language, customer_id,
// product_id, order_id, channel, at and solutions, as a ticket has them: [{item_id, outcome}]. A
// question without relevant is answered by the solutions whose outcome is solved. Other
// fields are passed over.
func Questions(r io.Reader, o Options) iter.Seq2[Entry[Question], error] {
	return read(r, o, questionSchema, func(q *questionLine, _ *reading) (Question, problem) {
		if q.subject != "" {
			q.Text = q.subject + "\n" + q.Text
		}
		if q.Text == "" {
			return q.Question, missing("text", "what was asked is needed")
		}
		if !q.answered {
			if len(q.Tried) == 0 {
				return q.Question, missing("relevant", "the ids of what ends it are needed; an empty list where nothing does")
			}
			for _, t := range q.Tried {
				if t.Outcome == string(engine.Solved) {
					q.Relevant = append(q.Relevant, t.Item)
				}
			}
		}
		return q.Question, nil
	})
}

var questionSchema = &schema[questionLine]{
	what: "field of a question",
	own:  true,
	fields: []field[questionLine]{
		{name: "text", set: func(q *questionLine, v value) (p problem) {
			q.Text, p = v.private(engine.MaxTextBytes)
			return p
		}},
		{name: "subject", set: func(q *questionLine, v value) (p problem) {
			q.subject, p = v.private(engine.MaxTitleBytes)
			return p
		}},
		{name: "relevant", set: func(q *questionLine, v value) problem {
			q.answered = v.kind != null
			return relevantField.set(q, v)
		}},
		idField("customer_id", func(q *questionLine) *engine.CustomerID { return &q.Customer }),
		idField("product_id", func(q *questionLine) *engine.ItemID { return &q.Product }),
		idField("order_id", func(q *questionLine) *string { return &q.Order }),
		languageField(func(q *questionLine) *string { return &q.Language }),
		enumField("channel", func(q *questionLine) *string { return &q.Channel }, channels...),
		{name: "at", set: func(q *questionLine, v value) (p problem) {
			q.At, p = v.time()
			return p
		}},
		{name: "solutions", nested: true, set: func(q *questionLine, v value) (p problem) {
			q.Tried, p = tries(v)
			return p
		}},
	},
	rest: func(*questionLine, string, value) problem { return nil },
}

var relevantField = idsField("relevant", engine.MaxListValues, func(q *questionLine) *[]engine.ItemID { return &q.Relevant })
