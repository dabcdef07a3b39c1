package triage

import (
	"regexp"
	"strings"

	"github.com/rapportengine/rapport/engine/text"
)

// haste are words that ask for it outright, and dangers what cannot wait whether its sender says
// so or not, in any inflection; a day may be a date as well. Our own lists, of what people write
// to a service desk.
var (
	haste = text.NewPhrases(map[string][]string{
		"en": {"urgent", "urgently", "asap", "as soon as possible", "immediately", "emergency", "right now", "right away", "straight away", "without delay", "at once", "cannot wait"},
		"de": {"dringend", "eilt", "sofort", "umgehend", "unverzüglich", "schnellstmöglich", "so schnell wie möglich", "Notfall"},
		"fr": {"urgent", "immédiatement", "au plus vite", "le plus vite possible", "dès que possible", "urgence", "sans délai"},
		"es": {"urgente", "urgentemente", "inmediatamente", "cuanto antes", "lo antes posible", "emergencia", "de inmediato"},
		"it": {"urgente", "urgentemente", "immediatamente", "subito", "il prima possibile", "al più presto", "emergenza"},
		"nl": {"dringend", "spoed", "onmiddellijk", "meteen", "zo snel mogelijk", "noodgeval", "direct nodig"},
	})
	dangers = text.NewPhrases(map[string][]string{
		"en": {"today", "deadline", "smoke", "sparks", "leak", "flooded", "gas smell", "locked out", "stranded", "double charged", "charged twice"},
		"de": {"heute noch", "Frist", "Rauch", "Funken", "undicht", "ausgesperrt", "doppelt abgebucht"},
		"fr": {"aujourd'hui", "fumée", "étincelles", "fuite", "débité deux fois"},
		"es": {"hoy mismo", "humo", "chispas", "fuga", "cobrado dos veces"},
		"it": {"oggi stesso", "fumo", "scintille", "perdita", "addebitato due volte"},
		"nl": {"vandaag nog", "rook", "vonken", "lekt", "buitengesloten", "dubbel afgeschreven"},
	})
)

// calm is haste that somebody says there is none of.
var calm = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:not?|isn['’]?t|nicht|keine?n?|pas|non|niet|geen)\s+(?:(?:es|è|so|too|very|that|really|sehr|très|muy)\s+)?(?:urgent\p{L}*|emergency|dringend|Notfall|urgence|emergencia|emergenza|spoed|noodgeval)`)

// Hurry returns a word or phrase of a text that says it cannot wait, "" for none, and whether that
// asks for haste outright; language is the one its sender names. It knows English, German,
// French, Spanish, Italian and Dutch.
func Hurry(s, language string) (phrase string, outright bool) {
	s = calm.ReplaceAllString(s, " ")
	if phrase = haste.Find(s, language).Phrase; phrase != "" {
		return phrase, true
	}
	return dangers.Find(s, language).Phrase, false
}

// Urgent reports whether a priority is one of those that go before the others, by the names that
// service desks give them; other names are not.
func Urgent(priority string) bool {
	switch strings.ToLower(priority) {
	case "high", "higher", "highest", "urgent", "critical", "major", "immediate", "emergency", "blocker", "p0", "p1", "p2":
		return true
	}
	return false
}
