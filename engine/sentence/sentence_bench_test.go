package sentence

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// passage is 128 pieces of a ticket, as BenchmarkEmbed says it is.
const passage = `My order from last Tuesday has still not arrived although the tracking page says that it was delivered to a
neighbour on Friday. I have asked everybody in the house and nobody has seen it. When I press the power button the screen
lights up for two seconds, shows the logo, and goes dark again; I have already tried another cable, another socket, and
holding the button for thirty seconds as the manual says on page 12. Can you send me a new one, or refund the 79.90 that I
paid by card? I also wrote to you last week about the missing invoice and have had no answer.`

// ofTokens returns the beginning of passage of that many pieces, or a few less.
func ofTokens(b *testing.B, n int) string {
	words := strings.Fields(passage)
	for len(words) > 1 && len(loaded(b).pieces.ids(strings.Join(words, " "), n+1)) > n {
		words = words[:len(words)-1]
	}
	return strings.Join(words, " ")
}

// BenchmarkEmbed is one text of some tokens on one core.
func BenchmarkEmbed(b *testing.B) {
	for _, n := range []int{8, 16, 64, 128} {
		text := []string{ofTokens(b, n)}
		b.Run(fmt.Sprintf("tokens=%d", len(loaded(b).pieces.ids(text[0], n))), func(b *testing.B) {
			e := New(1)
			for b.Loop() {
				if _, err := e.Embed(context.Background(), text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEmbedMany is 256 texts of up to 24 tokens in one call.
func BenchmarkEmbedMany(b *testing.B) {
	var texts []string
	for i := range 256 {
		texts = append(texts, ofTokens(b, 8+i%17))
	}
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			e := New(workers)
			for b.Loop() {
				if _, err := e.Embed(context.Background(), texts); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(texts)*b.N)/b.Elapsed().Seconds(), "texts/s")
		})
	}
}

func BenchmarkTokens(b *testing.B) {
	m, text := loaded(b), tidy(passage)
	for b.Loop() {
		m.pieces.ids(text, MaxTokens)
	}
}

// BenchmarkRead is the time to read the model, and the memory that stays.
func BenchmarkRead(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var m *model
	for b.Loop() {
		m, _ = read(file)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/(1<<20), "MiB-kept")
	runtime.KeepAlive(m)
}
