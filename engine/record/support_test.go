package record

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// TestSupport: what is put stands alone, what is changed is laid over what was, and null is the
// default in both.
func TestSupport(t *testing.T) {
	standard := engine.DefaultSupport()
	were := engine.Support{AnswerFrom: 0.9, EscalateBelow: 0.2, EscalateAfter: 3, MoodBelow: -0.5, Sensitive: map[string][]string{"en": {"recall"}}}
	for _, c := range []struct {
		in   string
		want func(*engine.Support)
	}{
		{`{}`, func(*engine.Support) {}},
		{`{"answer_from":null,"escalate_below":null,"escalate_after":null,"mood_below":null,"sensitive_topics":null}`, func(s *engine.Support) { *s = standard }},
		{`{"answer_from":null}`, func(s *engine.Support) { s.AnswerFrom = standard.AnswerFrom }},
		{`{"answer_from":0.2}`, func(s *engine.Support) { s.AnswerFrom = 0.2 }},
		{`{"answer_from":0,"escalate_below":0,"escalate_after":0,"mood_below":-1,"sensitive_topics":{}}`, func(s *engine.Support) {
			*s = engine.Support{MoodBelow: -1, Sensitive: map[string][]string{"en": {"recall"}}}
		}},
		{`{"sensitive_topics":{"de":["  Anwalt "],"en":[],"*":["X-1"]}}`, func(s *engine.Support) {
			s.Sensitive = map[string][]string{"de": {"Anwalt"}, "en": {}, "*": {"X-1"}}
		}},
		{`{"sensitive_topics":{"de":["Anwalt"]}}`, func(s *engine.Support) {
			s.Sensitive = map[string][]string{"de": {"Anwalt"}, "en": {"recall"}}
		}},
		{`{"sensitive_topics":{"en":null}}`, func(s *engine.Support) { s.Sensitive = map[string][]string{"en": standard.Sensitive["en"]} }},
		{`{"sensitive_topics":{"en":[]}}`, func(s *engine.Support) { s.Sensitive = map[string][]string{"en": {}} }},
	} {
		want := were
		c.want(&want)
		if got, err := SupportPatch(strings.NewReader(c.in), were); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("SupportPatch(%s) = %+v, %v; want %+v", c.in, got, err, want)
		}
	}
	for in, sensitive := range map[string]map[string][]string{
		`{"mood_below":null}`:                                  standard.Sensitive,
		`{"sensitive_topics":null}`:                            standard.Sensitive,
		`{"sensitive_topics":{}}`:                              {},
		`{"sensitive_topics":{"de":["Anwalt"],"fr":null}}`:     {"de": {"Anwalt"}, "fr": standard.Sensitive["fr"]},
		`{"sensitive_topics":{"de":["Anwalt"],"en":["sued"]}}`: {"de": {"Anwalt"}, "en": {"sued"}},
	} {
		want := standard
		want.Sensitive = sensitive
		if got, err := Support(strings.NewReader(in)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Support(%s) = %+v, %v; want %+v", in, got, err, want)
		}
	}
	many := func(n int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(`"word%d"`, i))
		}
		return strings.Join(out, ",")
	}
	for _, c := range []struct{ in, field, code, want string }{
		{`{"answer":0.5}`, "answer", engine.CodeUnknownField, "answer_from"},
		{`{"answer_from":1.2}`, "answer_from", engine.CodeInvalidField, "0 to 1"},
		{`{"answer_from":"0.5"}`, "answer_from", engine.CodeInvalidField, "a number"},
		{`{"answer_from":0.1}`, "escalate_below", engine.CodeInvalidField, "at most answer_from, 0.1"},
		{`{"escalate_below":-0.1}`, "escalate_below", engine.CodeInvalidField, "0 to 1"},
		{`{"escalate_after":-1}`, "escalate_after", engine.CodeInvalidField, "0 to 256"},
		{`{"escalate_after":1.5}`, "escalate_after", engine.CodeInvalidField, "whole"},
		{`{"mood_below":-2}`, "mood_below", engine.CodeInvalidField, "-1 to 0"},
		{`{"mood_below":0.1}`, "mood_below", engine.CodeInvalidField, "-1 to 0"},
		{`{"sensitive_topics":{"qq":["word"]}}`, "sensitive_topics.qq", engine.CodeInvalidField, "language part"},
		{`{"sensitive_topics":{"de":[` + many(engine.MaxTopics) + `]}}`, "sensitive_topics", engine.CodeLimitExceeded, "1000"},
		{`{"sensitive_topics":["a"]}`, "sensitive_topics", engine.CodeInvalidField, "an object"},
		{`{"sensitive_topics":{"en":"lawyer"}}`, "sensitive_topics.en", engine.CodeInvalidField, "a list"},
		{`{"sensitive_topics":{"de-AT":["Anwalt"]}}`, "sensitive_topics.de-AT", engine.CodeInvalidField, "language part"},
		{`{"sensitive_topics":{"EN":["lawyer"]}}`, "sensitive_topics.EN", engine.CodeInvalidField, "language part"},
		{`{"sensitive_topics":{"en":["lawyer","the"]}}`, "sensitive_topics.en[1]", engine.CodeInvalidField, "every text"},
		{`{"sensitive_topics":{"en":[" "]}}`, "sensitive_topics.en[0]", engine.CodeInvalidField, "a word"},
		{`{"sensitive_topics":{"en":["` + strings.Repeat("x", engine.MaxTopicBytes+1) + `"]}}`, "sensitive_topics.en[0]", engine.CodeLimitExceeded, ""},
		{`{"sensitive_topics":{"en":[` + many(engine.MaxTopics+1) + `]}}`, "sensitive_topics.en", engine.CodeLimitExceeded, ""},
		{`{"sensitive_topics":{"en":[` + many(engine.MaxTopics) + `],"de":["Anwalt"]}}`, "sensitive_topics.de", engine.CodeLimitExceeded, "1000"},
		{`{"sensitive_topics":{"en":["a1"],"en":["a2"]}}`, "sensitive_topics.en", engine.CodeInvalidField, "twice"},
	} {
		var invalid *engine.Invalid
		_, err := SupportPatch(strings.NewReader(c.in), were)
		if !errors.As(err, &invalid) || invalid.Field != c.field || invalid.Code != c.code || !strings.Contains(invalid.Want, c.want) {
			t.Errorf("Support(%.80s) gave %v, want %s %s ...%s...", c.in, err, c.field, c.code, c.want)
		}
	}
	if !reflect.DeepEqual(were.Sensitive, map[string][]string{"en": {"recall"}}) {
		t.Errorf("what was before is now %v", were.Sensitive)
	}
}
