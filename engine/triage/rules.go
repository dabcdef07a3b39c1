package triage

import (
	"strings"

	"github.com/rapportengine/rapport/engine/text"
)

// hurry are words of tickets that cannot wait, in any inflection: our own list, of what
// people write to a service desk.
var hurry = text.NewPhrases(map[string][]string{
	"en": {
		"urgent", "urgently", "asap", "as soon as possible", "immediately", "emergency", "right now", "right away", "straight away", "today",
		"deadline", "smoke", "sparks", "leak", "flooded", "gas smell", "locked out", "stranded", "double charged", "charged twice",
	},
	"de": {"dringend", "eilt", "sofort", "umgehend", "schnellstmöglich", "Notfall", "heute noch", "Frist", "Rauch", "Funken", "undicht", "ausgesperrt", "doppelt abgebucht"},
	"fr": {"urgent", "immédiatement", "au plus vite", "dès que possible", "urgence", "aujourd'hui", "fumée", "étincelles", "fuite", "débité deux fois"},
	"es": {"urgente", "inmediatamente", "cuanto antes", "lo antes posible", "emergencia", "hoy mismo", "humo", "chispas", "fuga", "cobrado dos veces"},
})

// Hurry returns a word or phrase of a text that says it cannot wait, "" for none; language is
// the one its sender names. It knows English, German, French and Spanish.
func Hurry(s, language string) string { return hurry.Find(s, language) }

// Urgent reports whether a priority is one of those that go before the others, by the names that
// service desks give them; other names are not.
func Urgent(priority string) bool {
	switch strings.ToLower(priority) {
	case "high", "higher", "highest", "urgent", "critical", "major", "immediate", "emergency", "blocker", "p0", "p1", "p2":
		return true
	}
	return false
}
