package solution

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/text"
)

// TestTopicIsMeant: phrases are found as phrases, and what is said of it is true.
func TestTopicIsMeant(t *testing.T) {
	l := NewLimits(engine.DefaultSupport())
	for _, s := range []string{
		"the app kills my battery", "the update killed my printer", "I killed my subscription by mistake", "there was a fire drill", "my Fire tablet is slow",
		"the fire extinguisher arrived late", "we met in the food court", "I bought it in the newspaper shop", "deliver it to the funeral home", "the shop is next to the police station",
		"the light is burning all night", "the bulb burned out", "the chocolate melted", "the hot water bottle is too small", "my tennis court shoes do not fit",
		"the battery is not leaking", "the plug has not melted", "end of life of my printer", "me llamo Juan", "die Lampe defekt geliefert", "in the shop, on. Fire tablet wanted",
		"Lamp arrived in brand new box, bulb broken", "The AVG antivirus licence does not work", "die Lampe brennt nicht mehr", "die Schokolade ist geschmolzen", "le chocolat a fondu",
	} {
		if got := l.Topic(s, ""); got != (Topic{}) {
			t.Errorf("%q: %s", s, got.Because())
		}
	}
	for s, want := range map[string]string{
		"My brother killed himself last week":               `"killed himself" (as "kill myself" on the list of sensitive topics)`,
		"I want to kill\nmyself":                            `"kill myself" is on the list of sensitive topics`,
		"he will end his life over it":                      `"end his life" (as "end my life" on the list of sensitive topics)`,
		"the lamp is on fire":                               `"on fire" is on the list of sensitive topics`,
		"the charger started a fire":                        `"a fire" is on the list of sensitive topics`,
		"there was a small fire in my kitchen":              `"small fire" is on the list of sensitive topics`,
		"see you in court":                                  `"court" is on the list of sensitive topics`,
		"I will take you to court over this":                `"court" is on the list of sensitive topics`,
		"we ate in the food court, and now see us in court": `"court" is on the list of sensitive topics`,
		"it is burning":                                     `"burning" (as "burned" on the list of sensitive topics)`,
		"it smells of burning":                              `"burning" (as "burned" on the list of sensitive topics)`,
		"The lawyers will call":                             `"lawyers" (as "lawyer" on the list of sensitive topics)`,
		"the plug has been melted":                          `"plug has been melted" (as "plug melted" on the list of sensitive topics)`,
		"I can smell the gas":                               `"smell the gas" (as "smell gas" on the list of sensitive topics)`,
	} {
		if got := l.Topic(s, ""); got == (Topic{}) || got.Because() != want {
			t.Errorf("%q: %+v, want %s", s, got, want)
		}
	}
	own := NewLimits(engine.Support{Sensitive: map[string][]string{"en": {"no heat", "food court"}}})
	for s, want := range map[string]string{
		"the heat is fine": "", "no, the heat is fine": "", "There is no heat in it": "no heat", "a stain of the food court": "food court",
	} {
		if got := own.Topic(s, "en").Phrase; got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// TestTopicOfShortTexts: of few words none are surely of one language, whatever the desk says.
func TestTopicOfShortTexts(t *testing.T) {
	l := NewLimits(engine.DefaultSupport())
	for _, s := range []string{
		"Der Akku brennt, E12 im Display", "E12 Rauch", "card reader E12 rook", "rook uit printer", "Mein Akku brennt", "de lezer staat in brand", "Anwalt", "E12 fumée", "E12 humo", "fumo!",
		"battery is swollen", "the back is bulging", "battery leaking acid", "the reader melted", "the charger overheats", "it is too hot to touch",
		"Der Akku ist aufgebläht", "Batterie läuft aus", "der Kartenleser ist geschmolzen", "zu heiß zum Anfassen", "das Gerät überhitzt",
		"la batterie est gonflée", "la batterie fuit", "le lecteur a fondu", "il surchauffe", "trop chaud pour le toucher",
		"la batería está hinchada", "la batería pierde líquido", "el lector se derritió", "se sobrecalienta",
		"la batteria è gonfia", "la batteria perde acido", "il lettore si è fuso", "si surriscalda",
		"de accu is opgezwollen", "de batterij lekt", "de lezer is gesmolten", "hij raakt oververhit", "te heet om aan te raken",
	} {
		for _, named := range []string{"", "en", "de"} {
			if l.Topic(s, named) == (Topic{}) {
				t.Errorf("%q, named %q: nothing is found", s, named)
			}
		}
	}
}

// TestListedIsFound: what a list says is found in a short text, alone and among other words,
// whoever names a language or none, and what is quoted is of the text.
func TestListedIsFound(t *testing.T) {
	lists := engine.DefaultSupport().Sensitive
	p := text.NewPhrases(lists)
	around := map[string][2]string{
		"en": {"the reader", "since today"}, "de": {"das ist", "seit heute"}, "fr": {"le lecteur", "depuis hier"},
		"es": {"el lector", "desde ayer"}, "it": {"il lettore", "da ieri"}, "nl": {"de lezer", "sinds gisteren"},
	}
	for language, list := range lists {
		for _, phrase := range list {
			for _, s := range []string{phrase, strings.ToUpper(phrase), "E12 " + phrase, around[language][0] + ": " + phrase + ", " + around[language][1]} {
				hit := p.Find(s, "")
				if hit == (text.Hit{}) || !strings.Contains(s, hit.Said) {
					t.Errorf("%s: of %q in %q: %+v", language, phrase, s, hit)
				}
			}
		}
	}
}

// TestAnyListedIsFound: so is any phrase, whatever its language does to words.
func TestAnyListedIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"no", "heat", "the", "on", "my", "fire", "wi-fi", "E-404", "l'eau", "don't", "a", "I", "is", "3,5", "x", "café", "Straße", "and,", "ok."}), 1, 5)
		language := rapid.SampledFrom([]string{"en", "de", "fr", "es", "it", "nl", "pl", "*"}).Draw(t, "language")
		listed := strings.Join(words.Draw(t, "phrase"), " ")
		if len(text.Tokens(listed, language)) == 0 {
			return // a list has none such
		}
		p := text.NewPhrases(map[string][]string{language: {listed}})
		before, after := words.Draw(t, "before"), words.Draw(t, "after")
		for _, s := range []string{listed, strings.Join(before, " ") + "; " + listed + "; " + strings.Join(after, " ")} {
			if p.Find(s, language).Phrase != strings.TrimSpace(listed) {
				t.Fatalf("%s: %q is not found in %q", language, listed, s)
			}
		}
	})
}
