package store

import "github.com/rapportengine/rapport/engine"

// words lets items that are read one after another share what they say alike: the names and
// values of their attributes, and their categories. A catalogue is mostly such words, and each
// of its own would be an object for every collection of garbage to follow.
type words struct {
	texts   map[string]any // as strings
	numbers map[float64]any
}

// Bounds of what is shared: what is longer, and what comes when there are so many, is seldom
// said again.
const (
	sharedBytes = 64
	sharedWords = 1 << 16
)

func newWords() *words {
	return &words{texts: make(map[string]any), numbers: make(map[float64]any)}
}

// share gives item the words of those before it in place of its own. They are equal.
func (w *words) share(item *engine.Item) {
	for _, s := range []*string{(*string)(&item.Kind), &item.TextFormat, &item.Currency, (*string)(&item.Visibility), &item.Language} {
		*s = w.text(*s)
	}
	w.all(item.Categories)
	for name, value := range item.Attributes {
		switch v := value.(type) {
		case string:
			value = w.boxed(v)
		case float64:
			value = w.number(v, value)
		case []string:
			w.all(v)
		}
		item.Attributes[w.text(name)] = value // an assignment replaces the key, too
	}
}

func (w *words) all(list []string) {
	for i, s := range list {
		list[i] = w.text(s)
	}
}

func (w *words) text(s string) string { return w.boxed(s).(string) }

func (w *words) boxed(s string) any {
	if known, is := w.texts[s]; is {
		return known
	}
	var box any = s
	if len(s) <= sharedBytes && len(w.texts) < sharedWords {
		w.texts[s] = box
	}
	return box
}

// number returns box, which holds x, or one before it. No number that is none is stored.
func (w *words) number(x float64, box any) any {
	if known, is := w.numbers[x]; is && (x != 0) {
		return known
	}
	if len(w.numbers) < sharedWords {
		w.numbers[x] = box
	}
	return box
}
