package record

import (
	"io"
	"maps"
	"strings"

	"github.com/rapportengine/rapport/engine"
	terms "github.com/rapportengine/rapport/engine/text"
)

// Support decodes limits of stepping back from a ticket, as Request does: all of them, with
// the default where none is given, or null.
func Support(r io.Reader) (engine.Support, error) {
	given, err := object1(r, supportSchema)
	if err != nil {
		return engine.Support{}, err
	}
	return given.over(engine.DefaultSupport(), given.sensitive)
}

// SupportPatch decodes changes of limits, as Request does, and returns were with them: what is
// not given stays, null is the default again, of one language's words, too, and lists of words are
// replaced language by language.
func SupportPatch(r io.Reader, were engine.Support) (engine.Support, error) {
	given, err := object1(r, supportSchema)
	if err != nil {
		return were, err
	}
	merged := maps.Clone(were.Sensitive)
	if merged == nil {
		merged = make(map[string][]string)
	}
	maps.Copy(merged, given.sensitive)
	return given.over(were, merged)
}

// over lays limits that were given over others, with sensitive in place of their words,
// unless that is nil or the default is asked for.
func (given *support) over(were engine.Support, sensitive map[string][]string) (engine.Support, error) {
	standard := engine.DefaultSupport()
	given.answer.lay(&were.AnswerFrom, standard.AnswerFrom)
	given.escalate.lay(&were.EscalateBelow, standard.EscalateBelow)
	given.mood.lay(&were.MoodBelow, standard.MoodBelow)
	given.after.lay(&were.EscalateAfter, standard.EscalateAfter)
	switch {
	case given.cleared:
		were.Sensitive = standard.Sensitive
	case sensitive != nil:
		were.Sensitive = make(map[string][]string, len(sensitive))
		for language, list := range sensitive {
			if list == nil {
				list = standard.Sensitive[language] // what means "as it was" switches nothing off
			}
			if list != nil {
				were.Sensitive[language] = list
			}
		}
	}
	all := 0
	for _, list := range were.Sensitive {
		all += len(list)
	}
	if all > engine.MaxTopics {
		return were, at("sensitive_topics", tooManyTopics())
	}
	if were.EscalateBelow > were.AnswerFrom {
		return were, at("escalate_below", refuse("a chance of at most answer_from, %g, is wanted, got %g: what is good enough to be sent is not taken from the machine", were.AnswerFrom, were.EscalateBelow))
	}
	return were, nil
}

func tooManyTopics() problem {
	return tooMuch("at most %d words and phrases of all languages together are looked for", engine.MaxTopics)
}

// support is limits as they are written: any may be missing, or null.
type support struct {
	answer, escalate, mood limit[float64]
	after                  limit[int]
	sensitive              map[string][]string // nil where none are given; a nil list is a null
	cleared                bool                // null was given for all of them
}

// limit is one that may be given.
type limit[N any] struct {
	given bool
	value *N // nil for null
}

// lay puts a limit that was given in place of another: null for the standard one.
func (l limit[N]) lay(into *N, standard N) {
	switch {
	case l.value != nil:
		*into = *l.value
	case l.given:
		*into = standard
	}
}

var supportSchema = &schema[support]{
	what: "limit of support",
	own:  true,
	fields: []field[support]{
		rangeField("answer_from", 0, 1, func(s *support) *limit[float64] { return &s.answer }),
		rangeField("escalate_below", 0, 1, func(s *support) *limit[float64] { return &s.escalate }),
		{name: "escalate_after", set: func(s *support, v value) problem {
			n, p := v.integer(0, engine.MaxListValues)
			s.after.given = true
			return optional(v, &s.after.value, int(n), p)
		}},
		rangeField("mood_below", -1, 0, func(s *support) *limit[float64] { return &s.mood }),
		{name: "sensitive_topics", nested: true, set: setTopics},
	},
}

// rangeField is a number from low to high.
func rangeField[T any](name string, low, high float64, into func(*T) *limit[float64]) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		f, p := v.num()
		if p == nil && (f < low || f > high) {
			p = refuse("a number from %g to %g is wanted, got %g", low, high, f)
		}
		into(t).given = true
		return optional(v, &into(t).value, f, p)
	}}
}

func setTopics(s *support, v value) problem {
	if v.kind == null {
		s.cleared = true
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
		if all += len(list); all > engine.MaxTopics {
			return tooManyTopics()
		}
		if list == nil && v.kind != null {
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
