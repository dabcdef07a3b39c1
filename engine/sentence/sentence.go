// Package sentence turns English sentences into vectors: texts that mean the same point
// the same way, even where they share no word. The model is the Universal Sentence Encoder
// in its light form (Cer and others 2018, "Universal Sentence Encoder"; two transformer
// layers over 8,000 pieces of words), which is part of the program, so it works without a
// network. model/README.md says where the weights come from.
//
// It never ranks, stores or compares anything.
package sentence

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/rapportengine/rapport/engine/vector"
)

const (
	// Name is the model's, with what was done to its weights.
	Name = "use-lite-int8"
	// Dims is the length of a vector.
	Dims = 512
	// MaxTokens is how many pieces of a text are read; the model never saw longer ones.
	MaxTokens = 128
	// maxBytes is how much of a text is looked at. Pieces have up to 16 characters, so
	// only the tokens of a text of thousands of characters that the model does not know
	// could differ by what stands behind.
	maxBytes = 32 << 10
	// together is how many tokens are computed at once where there are more than one text,
	// so that weights are read once for all of them.
	together = MaxTokens
)

//go:embed model/use-lite.bin
var file string

// shared is the model of every encoder, read at first use in some 20 MiB.
var shared = sync.OnceValues(func() (*model, error) { return read(file) })

// Encoder is a text.Embedder. It is immutable and safe for concurrent use.
type Encoder struct {
	workers int
	model   func() (*model, error)
}

// New returns an encoder that uses up to workers goroutines for one call, at least one.
// The model is read when the first text is embedded, once for all encoders.
func New(workers int) *Encoder { return &Encoder{workers: max(workers, 1), model: shared} }

// Name returns the constant of that name.
func (e *Encoder) Name() string { return Name }

// Dims returns the constant of that name.
func (e *Encoder) Dims() int { return Dims }

// Embed returns the vectors of texts, of unit length, and nil for a text of nothing but
// white space, which counts as one space wherever it stands. What lies behind MaxTokens
// pieces is not read. A vector depends on its text alone, bit for bit: neither on the
// other texts nor on the number of workers. The only errors are those of ctx.
func (e *Encoder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	m, err := e.model()
	if err != nil {
		return nil, fmt.Errorf("read the sentence encoder: %w", err)
	}
	out := make([][]float32, len(texts))
	ids := make([][]int32, len(texts))
	vector.Fork(e.workers, len(texts), func(_, i int) {
		if ctx.Err() == nil {
			ids[i] = m.pieces.ids(tidy(texts[i]), MaxTokens)
		}
	})
	groups := group(ids, e.workers)
	vector.Fork(e.workers, len(groups), func(_, g int) {
		if from, to := groups[g].from, groups[g].to; ctx.Err() == nil {
			m.encode(out[from:to], ids[from:to])
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// Tokens returns how many pieces of a text are read.
func (e *Encoder) Tokens(s string) (int, error) {
	m, err := e.model()
	if err != nil {
		return 0, fmt.Errorf("read the sentence encoder: %w", err)
	}
	return len(m.pieces.ids(tidy(s), MaxTokens)), nil
}

// tidy makes one space of all white space between words, as the model's own tokeniser did
// when it was trained; the one we follow takes line breaks for unknown characters.
func tidy(s string) string {
	end := min(len(s), maxBytes)
	for end < len(s) && end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.Join(strings.Fields(s[:end]), " ")
}

// span is texts that are computed together.
type span struct{ from, to int }

// group cuts texts into spans of up to together tokens.
func group(ids [][]int32, workers int) []span {
	var out []span
	most := 0
	for _, t := range ids {
		most += len(t)
	}
	most = min(together, most/workers) // a few texts still keep all workers busy
	tokens := 0
	for i, t := range ids {
		if len(out) == 0 || tokens+len(t) > most {
			out, tokens = append(out, span{i, i}), 0
		}
		tokens += len(t)
		out[len(out)-1].to = i + 1
	}
	return out
}
