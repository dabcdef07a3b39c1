package solution

import (
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/text"
)

// TestDefaultSensitive: what people write who need a person, in the languages that have a list to
// begin with, is found; plain trouble with a product is not.
func TestDefaultSensitive(t *testing.T) {
	p := text.NewPhrases(engine.DefaultSupport().Sensitive)
	for language, said := range map[string][]string{
		"en": {
			"The candle set my curtains alight", "the teapot lid slipped and now I have blisters on my hand", "My brakes failed and I fell, I have a broken arm",
			"I smell gas near the battery", "I want to kill myself", "Delete all my personal data according to GDPR", "I will tell the consumer protection agency",
		},
		"de": {
			"Der Akku brennt! Rauch kommt aus dem Rahmen", "Ich habe mich an der Lampe verletzt", "Mein Anwalt wird sich bei Ihnen melden",
			"Löschen Sie alles nach DSGVO", "Die Lampe hat Feuer gefangen", "ich bekam einen Stromschlag von der Lampe",
		},
		"fr": {"La lampe a pris feu hier soir", "mon fils est blessé à cause de la lampe", "je vais porter plainte contre vous"},
		"es": {"la lámpara prendió fuego anoche", "mi abogado les escribirá mañana", "sale humo de la batería"},
		"it": {"la lampada ha preso fuoco ieri sera", "esce fumo dalla batteria", "il mio avvocato vi scriverà"},
		"nl": {"de lamp staat in brand", "er komt rook uit de accu", "mijn advocaat neemt contact op"},
	} {
		for _, s := range said {
			if p.Find(s, language) == (text.Hit{}) {
				t.Errorf("%s: nothing is found in %q", language, s)
			}
		}
	}
	for language, said := range map[string][]string{
		"en": {"my lamp flickers", "the lid of the teapot is missing", "where is my order", "the clock is loud"},
		"de": {"Meine Lampe flackert", "Der Deckel der Teekanne fehlt", "wo ist meine Bestellung"},
		"fr": {"ma lampe clignote", "où est ma commande"},
	} {
		for _, s := range said {
			if found := p.Find(s, language).Phrase; found != "" {
				t.Errorf("%s: %q is found in %q", language, found, s)
			}
		}
	}
}
