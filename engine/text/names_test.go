package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestNamesAreNoThreats(t *testing.T) {
	p := NewPhrases(map[string][]string{"en": {"sue", "lawyer", "court"}})
	for _, threat := range []string{
		"I will sue you", "we'll sue", "or I sue", "Sue you, that is what I will do", "I am going to Sue", "I WILL SUE YOU", "see you in court, I'm suing",
		"my Lawyer will call", "I am Sue Miller and my Lawyer will call", "you leave me no choice but to sue", "Sue them all", "I Will Sue You", "I am Sue and I will sue you", "then sue me",
	} {
		if p.Find(threat, "en") == (Hit{}) {
			t.Errorf("%q has no threat in it", threat)
		}
	}
	for _, name := range []string{
		"I am Sue Miller and my lamp arrived broken", "my name is Sue", "My name is sue and it is dark", "this is Sue", "Best regards, Sue", "Thanks\nSue", "the lamp is dark.\nSue",
		"Hi Sue, the lamp is dark", "Sue's lamp is dark", "it was ordered by Sue", "I spoke to Sue yesterday", "Sue is waiting for it", "Sue Miller ordered it", "i am sue", "I'm Sue", "regards sue",
	} {
		if got := p.Find(name, "en").Phrase; got != "" {
			t.Errorf("in %q %q is a threat", name, got)
		}
	}
	other := NewPhrases(map[string][]string{"en": {"Grant Thornton"}})
	if other.Find("a letter of Grant Thornton came", "en") == (Hit{}) {
		t.Error("a name that the shop lists is not found")
	}
}

// TestWithoutNames holds that nothing but names goes, whatever the text.
func TestWithoutNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		if rapid.Bool().Draw(t, "words") {
			s = strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"Sue", "sue", "SUE", "you", "I", "am", ". ", "Regards,", "\n", "ß", "İ", "’s"})).Draw(t, "words"), rapid.SampledFrom([]string{"", " "}).Draw(t, "by"))
		}
		got := withoutNames(s, map[string]bool{"sue": true})
		if utf8.ValidString(s) && !utf8.ValidString(got) || len(got) > len(s) {
			t.Fatalf("%q becomes %q", s, got)
		}
		if kept := withoutNames(s, nil); kept != s {
			t.Fatalf("%q becomes %q where nothing is a name", s, kept)
		}
	})
}
