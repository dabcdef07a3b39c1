package text_test

import (
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/text"
)

// BenchmarkFind looks for what a shop begins with in a text of 40 words in which nothing is, as
// every request of a desk does.
func BenchmarkFind(b *testing.B) {
	p := text.NewPhrases(engine.DefaultSupport().Sensitive)
	for name, s := range map[string]string{
		"words=40": "Hello, I ordered the lamp two weeks ago and it arrived yesterday, but the lid of the box was open and one of the screws is missing, so I cannot put it together. Could you send me another one, please?",
		"words=4":  "card reader shows E12",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Find(s, "")
			}
		})
	}
}
