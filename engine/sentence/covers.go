package sentence

import (
	"strings"

	"github.com/rapportengine/rapport/engine/text"
)

var _ text.Embedder = (*Encoder)(nil)

// Covers is the function of that name: for text.Covers.
func (e *Encoder) Covers(language, s string) bool { return Covers(language, s) }

// Covers reports whether the model was made for a text: whether its language, a BCP 47 tag,
// is English whatever its sender says (text.Tongue), or where nobody said it, whether the text
// seems to be (text.Guess). Others get vectors, too, but of words that the model does not know.
func Covers(language, s string) bool {
	if language = text.Tongue(s, language); language == "" {
		return text.Guess(s) == "en"
	}
	language, _, _ = strings.Cut(strings.ReplaceAll(language, "_", "-"), "-")
	return strings.EqualFold(language, "en")
}
