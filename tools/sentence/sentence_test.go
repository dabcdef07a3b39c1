package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestQuantise holds that no weight moves by more than half a step, that the largest of a
// block stays, and that blocks end where they should.
func TestQuantise(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		row, block := make([]float32, 1+rng.IntN(100)), 1+rng.IntN(40)
		size := math.Exp(10 * rng.NormFloat64())
		for i := range row {
			row[i] = float32(rng.NormFloat64() * size * float64(rng.IntN(3)))
		}
		scales, steps := quantise(row, block)
		if len(scales) != (len(row)+block-1)/block || len(steps) != len(row) {
			t.Fatalf("%d scales and %d steps for %d weights by %d", len(scales), len(steps), len(row), block)
		}
		for i, v := range row {
			scale := float64(scales[i/block])
			if back := scale * float64(int8(steps[i])); math.Abs(back-float64(v)) > scale*(0.5+1e-4) {
				t.Fatalf("%v comes back as %v with steps of %v", v, back, scale)
			}
		}
	}
}

// TestSourceIsChecked reads packages that are not what they should be.
func TestSourceIsChecked(t *testing.T) {
	one := `{"weightsManifest":[{"paths":["a","b"],"weights":[{"name":"x","shape":[2,1],"dtype":"float32"}]}]}`
	for name, c := range map[string]struct {
		model string
		a, b  int // bytes
		ok    bool
	}{
		"whole":     {one, 5, 3, true},
		"too short": {one, 4, 3, false},
		"too long":  {one, 8, 4, false},
		"no JSON":   {"{", 0, 0, false},
	} {
		s := &source{tensors: map[string]tensor{}, files: map[string][]byte{
			"dist/model.json": []byte(c.model), "dist/a": make([]byte, c.a), "dist/b": make([]byte, c.b),
		}}
		if err := s.readTensors(); (err == nil) != c.ok {
			t.Errorf("tensors, %s: error %v", name, err)
		}
	}
	for vocabulary, ok := range map[string]bool{
		`[["a",-1.5],[":",null]]`: true, `[["",0]]`: false, `[["a","b"]]`: false, `[[1,2]]`: false,
	} {
		s := &source{files: map[string][]byte{"dist/vocab.json": []byte(vocabulary)}}
		if err := s.readPieces(); (err == nil) != ok {
			t.Errorf("vocabulary %s: error %v", vocabulary, err)
		}
	}
	if _, err := encode(&source{}, defaultBlock); err == nil {
		t.Error("a package without tensors is encoded")
	}
}

func TestNullScoreIsZero(t *testing.T) {
	s := &source{files: map[string][]byte{"dist/vocab.json": []byte(`[[":",null]]`)}}
	if err := s.readPieces(); err != nil || s.pieces[0] != (piece{":", 0}) {
		t.Errorf("pieces %v, %v: want a score of 0", s.pieces, err)
	}
}
