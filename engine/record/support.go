package record

import (
	"io"
	"strings"

	"github.com/rapportengine/rapport/engine"
	terms "github.com/rapportengine/rapport/engine/text"
)

// Support decodes limits of stepping back from a ticket, as Request does, into were: what is
// not given, or null, stays as it is there, and sensitive_topics are replaced whole.
func Support(r io.Reader, were engine.Support) (engine.Support, error) {
	given, err := object1(r, supportSchema)
	if err != nil {
		return were, err
	}
	for _, one := range []struct {
		given *float64
		into  *float64
	}{{given.answer, &were.AnswerFrom}, {given.escalate, &were.EscalateBelow}, {given.mood, &were.MoodBelow}} {
		if one.given != nil {
			*one.into = *one.given
		}
	}
	if given.after != nil {
		were.EscalateAfter = *given.after
	}
	if given.sensitive != nil {
		were.Sensitive = given.sensitive
	}
	if were.EscalateBelow > were.AnswerFrom {
		return were, at("escalate_below", refuse("a chance of at most answer_from, %g, is wanted, got %g: what is good enough to be sent is not taken from the machine", were.AnswerFrom, were.EscalateBelow))
	}
	return were, nil
}

// support is limits as they are written: any may be missing.
type support struct {
	answer, escalate, mood *float64
	after                  *int
	sensitive              map[string][]string
}

var supportSchema = &schema[support]{
	what: "limit of support",
	own:  true,
	fields: []field[support]{
		rangeField("answer_from", 0, 1, func(s *support) **float64 { return &s.answer }),
		rangeField("escalate_below", 0, 1, func(s *support) **float64 { return &s.escalate }),
		{name: "escalate_after", set: func(s *support, v value) problem {
			n, p := v.integer(0, engine.MaxListValues)
			return optional(v, &s.after, int(n), p)
		}},
		rangeField("mood_below", -1, 1, func(s *support) **float64 { return &s.mood }),
		{name: "sensitive_topics", nested: true, set: setTopics},
	},
}

// rangeField is a number from low to high.
func rangeField[T any](name string, low, high float64, into func(*T) **float64) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		f, p := v.num()
		if p == nil && (f < low || f > high) {
			p = refuse("a number from %g to %g is wanted, got %g", low, high, f)
		}
		return optional(v, into(t), f, p)
	}}
}

func setTopics(s *support, v value) problem {
	if v.kind == null {
		return nil
	}
	all := 0
	s.sensitive = make(map[string][]string)
	return v.members(func(language string, v value) problem {
		if language != engine.AnyLanguage && !isPlainLanguage(language) {
			return refuse("words are listed by the language part of a BCP 47 tag, such as en or de, or by %q for all", engine.AnyLanguage)
		}
		list, p := strs[string](v, engine.MaxTopics, "a list of words and phrases", func(e value) (string, problem) { return e.topic(language) })
		if p != nil {
			return p
		}
		if v.kind == null {
			return v.wrong("a list of words and phrases, or [] for none,")
		}
		if all += len(list); all > engine.MaxTopics {
			return tooMuch("at most %d words and phrases of all languages together are looked for", engine.MaxTopics)
		}
		if list == nil {
			list = []string{}
		}
		s.sensitive[language] = list
		return nil
	})
}

// topic decodes a word or phrase that can be found in texts of a language.
func (v value) topic(language string) (string, problem) {
	s, p := v.str(engine.MaxTopicBytes)
	if p != nil {
		return "", p
	}
	if s = strings.TrimSpace(s); len(terms.Tokens(s, language)) == 0 {
		return "", refuse("a word is wanted that is looked for in texts; %q has none but such as stand in every text", s)
	}
	return s, nil
}

// isPlainLanguage reports whether s is the language part of a tag, in lower case.
func isPlainLanguage(s string) bool {
	return isLanguage(s) && !strings.Contains(s, "-") && strings.ToLower(s) == s
}
