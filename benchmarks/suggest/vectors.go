package main

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"strings"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/sentence"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/serving"
	"github.com/rapportengine/rapport/store"
)

const (
	other = 0.5 // how much of another topic's vector is in a made-up one
	noise = 0.3 // and of a random direction
)

// guessing is the sentence encoder for all but passages of the desk's fixes: encoding those takes
// an hour. Theirs are made up: of each topic the true vector of one passage, with half of that of
// another topic, and some noise in every direction. So they differ in as few directions as true
// ones do, and as much from one another, and what a ticket means tells of its topic.
type guessing struct {
	text.Embedder
	topics map[string]int // of a title
	true_  [][]float32    // by topic; nil of one without fixes
	some   []int          // topics that have one
	seed   uint64
}

// guess encodes a passage of every topic.
func (d *desk) guess(ctx context.Context, encoder text.Embedder, seed uint64) (*guessing, error) {
	g := &guessing{Embedder: encoder, topics: make(map[string]int), true_: make([][]float32, len(d.topics)), seed: seed}
	var texts []string
	for topic, of := range d.ofTopic {
		for _, i := range of {
			g.topics[d.fixes[i].Title] = topic
		}
		if len(of) > 0 {
			texts, g.some = append(texts, solution.Passages(&d.fixes[of[0]])[0]), append(g.some, topic)
		}
	}
	measure.Say("vectors of a passage of each of %d topics", len(texts))
	made, err := encoder.Embed(ctx, texts)
	for i, v := range made {
		g.true_[g.some[i]] = v
	}
	return g, err
}

// Embed implements text.Embedder.
func (g *guessing) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, s := range texts {
		title, _, _ := strings.Cut(s, "\n")
		topic, known := g.topics[title]
		if !known {
			got, err := g.Embedder.Embed(ctx, texts[i:i+1])
			if err != nil {
				return nil, err
			}
			out[i] = got[0]
			continue
		}
		h := engine.HashOf(s)
		rng := rand.New(rand.NewPCG(g.seed, binary.LittleEndian.Uint64(h[:8])))
		v := make([]float32, sentence.Dims)
		for d := range v {
			v[d] = float32(rng.NormFloat64())
		}
		scale(v, noise)
		vector.Axpy(1, g.true_[topic], v)
		vector.Axpy(other, g.true_[g.some[rng.IntN(len(g.some))]], v)
		scale(v, 1)
		out[i] = v
	}
	return out, ctx.Err()
}

// Covers reports what the encoder does.
func (g *guessing) Covers(language, s string) bool { return text.Covers(g.Embedder, language, s) }

// scale makes a vector so long.
func scale(v []float32, length float64) {
	by := float32(length / vector.Length(v))
	for i := range v {
		v[i] *= by
	}
}

// sentences are the vectors of the fixes' passages.
func (g *guessing) sentences(ctx context.Context, entries []catalogue.Entry) (*solution.Sentences, error) {
	made := make(map[engine.ItemNum][][]float32)
	for _, e := range entries {
		vectors, err := g.Embed(ctx, solution.Passages(e.Item))
		if err != nil {
			return nil, err
		}
		made[e.Num] = vectors
	}
	return solution.NewSentences(sentence.Dims).With(made), nil
}

// keep puts the vectors into a workspace that has the fixes, where its server will look for them.
func (g *guessing) keep(ctx context.Context, dir string) (err error) {
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		return err
	}
	defer func() {
		if closed := s.Close(); err == nil {
			err = closed
		}
	}()
	items, err := catalogue.Read(s.IDs(), func(fn func(engine.ItemNum, engine.Item) error) error { return s.Items(ctx, fn) })
	if err != nil {
		return err
	}
	r := serving.New(s, s.IDs(), serving.Options{Embedder: g})
	r.Restore(serving.Start{Items: items})
	s.Start(ctx, r.Observe)
	_, err = r.ReadSentences(ctx, items.Len())
	return err
}
