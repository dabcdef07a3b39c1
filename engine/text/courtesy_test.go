package text

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestGist(t *testing.T) {
	for _, c := range []struct{ language, in, want string }{
		{"", "cancel my order", "cancel my order"},
		{"", "Hello, could you please help me, I would like to cancel my order, thank you very much", "to cancel my order,"},
		{"", "Dear Sir or Madam,\nI hope you are well. Could you please cancel my order?\nMany thanks in advance for your help, I look forward to hearing from you.\nKind regards\nAnn Miller", "cancel my order?"},
		{"", "Can you tell me where my order is? Thanks a lot for your help!", "me where my order is?"},
		{"en", "The lid is missing please, thanks", "The lid is missing"},
		{"en", "The lamp came. I do not want it any more, please take it back.", "The lamp came. I do not want it any more, take it back."},
		{"en", "please do not cancel my order", "do not cancel my order"},
		{"en", "Hello Lamp Shop,\nthe bulb is dark", "the bulb is dark"},
		{"en", "Hello bulb dark", "bulb dark"},
		{"de", "Sehr geehrte Damen und Herren,\nkönnten Sie mir bitte helfen? Ich möchte meine Bestellung stornieren.\nVielen Dank im Voraus\nMit freundlichen Grüßen\nAnna Schmidt", "meine Bestellung stornieren."},
		{"fr", "Bonjour Madame, je voudrais annuler ma commande. Merci beaucoup. Cordialement, Anne", "annuler ma commande."},
		{"es", "Hola, ¿podrían ayudarme? Quisiera cancelar mi pedido. Muchas gracias", "cancelar mi pedido."},
		{"it", "Buongiorno, vorrei annullare il mio ordine, grazie mille", "annullare il mio ordine,"},
		{"nl", "Hallo, ik wil graag mijn bestelling annuleren. Bedankt", "mijn bestelling annuleren."},
		{"pl", "Dzień dobry, proszę anulować zamówienie", "Dzień dobry, proszę anulować zamówienie"},
		// A name stands on a line of its own, or behind a comma, and once.
		{"", "The printer fails since the update. Thank you! Error E07", "The printer fails since the update. Error E07"},
		{"", "Hi, my lamp flickers. THANKS. WIFI NOT WORKING", "my lamp flickers. WIFI NOT WORKING"},
		{"en", "HELLO, I NEED HELP, THANKS. MY PRINTER IS BROKEN. IT WILL NOT START AFTER UPDATE", "MY PRINTER IS BROKEN. IT WILL NOT START AFTER UPDATE"},
		{"de", "Drucker ist defekt, bitte helfen. Danke. Fehler E07 Papierstau", "Drucker ist defekt, Fehler E07 Papierstau"},
		{"en", "my lamp flickers\nThanks, Ann Miller\nBulb Broken", "my lamp flickers Bulb Broken"},
		{"", "I want to forward my mail", "to forward my mail"},
		// What is nothing but courtesy stays.
		{"", "Hello, please help me, thanks!", "Hello, please help me, thanks!"},
		{"", "", ""},
	} {
		if got := strings.Join(strings.Fields(Gist(c.in, c.language)), " "); got != strings.Join(strings.Fields(c.want), " ") {
			t.Errorf("%q in %q becomes %q, want %q", c.in, c.language, got, c.want)
		}
	}
}

// TestGistKeepsContent holds that every word that says something stays, and that something does.
func TestGistKeepsContent(t *testing.T) {
	parts := []string{"hello", "Hello", "please", "thanks", "help me", "I would like to", "kind regards", "Ann", "\n", ", ", ". ", "? ", "dark7lamp", "broken8lid", "not", "where is", " "}
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOf(rapid.SampledFrom(parts)).Draw(t, "parts"), " ")
		got := Gist(s, "en")
		for _, word := range []string{"dark7lamp", "broken8lid"} {
			if strings.Count(got, word) != strings.Count(s, word) {
				t.Fatalf("%q becomes %q", s, got)
			}
		}
		if strings.TrimSpace(s) != "" && strings.TrimSpace(got) == "" {
			t.Fatalf("nothing is left of %q", s)
		}
		_ = Gist(rapid.String().Draw(t, "anything"), "")
	})
}

func TestDenies(t *testing.T) {
	for _, c := range []struct {
		language, in string
		want         bool
	}{
		{"en", "the lamp does not light", true},
		{"", "the lamp doesn’t light", true},
		{"en", "NO LIGHT", true},
		{"en", "a knot in the cable", false},
		{"de", "die Lampe leuchtet nicht", true},
		{"de", "die Lampe flackert", false},
		{"fr", "la lampe ne marche pas", true},
		{"ja", "not", false},
		{"", "", false},
	} {
		if got := Denies(c.in, c.language); got != c.want {
			t.Errorf("%q in %q: %v", c.in, c.language, got)
		}
	}
}
