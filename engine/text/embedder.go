package text

import (
	"context"
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
	// It fails as a whole.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
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
