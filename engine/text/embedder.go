package text

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Embedder turns texts into vectors that point the same way where texts mean the same.
// Vectors of different embedders must never be compared: Name and Dims are kept beside
// what is stored. It is safe for concurrent use.
type Embedder interface {
	// Name tells the model: equal names mean vectors that can be compared.
	Name() string
	// Dims is the length of every vector.
	Dims() int
	// Embed returns the vector of unit length of each text, in order, and nil for a text
	// that has none, such as an empty one. A text's vector does not depend on the others.
	// It fails as a whole, by ErrRefused where the texts are at fault; see EmbedTaken.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

// ErrRefused is wrapped by errors of an embedder that does not take one of the texts, as one
// that is too long for its model: others may have vectors.
var ErrRefused = errors.New("a text is refused")

// Refusal is a text that an embedder does not take.
type Refusal struct {
	Text int // its place among the texts
	Why  error
}

// PlainWord is what every embedder takes: one that refuses it refuses everything.
const PlainWord = "hello"

// EmbedTaken returns the vectors of texts as Embed does, nil for those that e refuses, and which
// these are, ascending: halves are asked by themselves until those alone are left. It fails as a
// whole where e fails otherwise, and where e refuses a plain word too, since then the texts are
// not at fault.
func EmbedTaken(ctx context.Context, e Embedder, texts []string) (vectors [][]float32, refused []Refusal, err error) {
	vectors = make([][]float32, len(texts))
	probed := false
	var ask func(from, to int) error
	ask = func(from, to int) error {
		got, err := e.Embed(ctx, texts[from:to])
		switch {
		case err == nil:
			copy(vectors[from:], got)
			return nil
		case !errors.Is(err, ErrRefused):
			return err
		case !probed:
			if _, err := e.Embed(ctx, []string{PlainWord}); err != nil {
				return fmt.Errorf("texts are refused, and so is a plain word: %w", err)
			}
			probed = true
		}
		if to-from == 1 {
			refused = append(refused, Refusal{from, err})
			return nil
		}
		half := (from + to) / 2
		if err := ask(from, half); err != nil {
			return err
		}
		return ask(half, to)
	}
	if err := ask(0, len(texts)); err != nil {
		return nil, nil, err
	}
	return vectors, refused, nil
}

// Covers reports whether an embedder was made for a text in a language, BCP 47 or empty where
// nobody said it: one that has no method Covers is for all.
func Covers(e Embedder, language, s string) bool {
	some, ok := e.(interface{ Covers(language, s string) bool })
	return !ok || some.Covers(language, s)
}

// Patience returns how long a request may wait for an embedder, 0 for as long as it takes: one
// that has no method Patience is near.
func Patience(e Embedder) time.Duration {
	if far, ok := e.(interface{ Patience() time.Duration }); ok {
		return far.Patience()
	}
	return 0
}
