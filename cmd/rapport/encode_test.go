package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/training"
)

// spelling is an embedder that needs no model: a vector for each text but the empty one.
type spelling struct{}

func (spelling) Name() string { return "spelling" }
func (spelling) Dims() int    { return 3 }
func (spelling) Embed(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, s := range texts {
		if s != "" {
			out[i] = []float32{float32(len(s)), float32(s[0]) / 3, float32(math.Sqrt(float64(s[len(s)-1])))}
		}
	}
	return out, nil
}

// besides starts what encodes in this process, as if it were another one.
func besides(started *int) func(context.Context) (*training.Helper, error) {
	return func(ctx context.Context) (*training.Helper, error) {
		*started++
		read, in := io.Pipe()
		out, written := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			err := encodeFor(ctx, spelling{}, read, written)
			_, _ = read.Close(), written.Close()
			ended <- err
		}()
		return &training.Helper{In: in, Out: out, Kill: func() { _, _ = in.CloseWithError(io.ErrClosedPipe), out.Close() }, Wait: func() error { return <-ended }}, nil
	}
}

// TestEncoderApartIsTheEncoder holds that the vectors of another process are those of this one,
// bit by bit, also after it had ended, and that it is asked as often as there is need.
func TestEncoderApartIsTheEncoder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		started := 0
		e := &encoderApart{Embedder: spelling{}, begin: besides(&started), log: slog.New(slog.DiscardHandler)}
		defer e.Close()
		starts := 0
		alive := false
		for range rapid.IntRange(1, 4).Draw(t, "calls") {
			if rapid.Bool().Draw(t, "ended") {
				e.Close()
				alive = false
			}
			texts := rapid.SliceOfN(rapid.String(), 0, 20).Draw(t, "texts")
			if !alive {
				starts, alive = starts+1, true
			}
			got, err := e.Embed(t.Context(), texts)
			want, _ := spelling{}.Embed(t.Context(), texts)
			if err != nil || !slices.EqualFunc(got, want, slices.Equal) {
				t.Fatalf("%q: %v (%v), want %v", texts, got, err, want)
			}
		}
		if started != starts {
			t.Fatalf("%d processes were started, want %d", started, starts)
		}
	})
}

// TestEncoderApartFails holds that a process that dies, or says what cannot be, fails the call,
// that the next one has another, and that where none can be started the work is done here.
func TestEncoderApartFails(t *testing.T) {
	says := func(s string) func(context.Context) (*training.Helper, error) {
		return func(context.Context) (*training.Helper, error) {
			read, in := io.Pipe()
			go func() { _, _ = io.Copy(io.Discard, read) }()
			return &training.Helper{In: in, Out: strings.NewReader(s), Kill: func() {}, Wait: func() error { return errors.New("it died") }}, nil
		}
	}
	e := &encoderApart{Embedder: spelling{}, log: slog.New(slog.DiscardHandler)}
	defer e.Close()
	for _, said := range []string{"", "\x03\x00\x00\x00\x01", "\xff\xff\xff\xff"} {
		e.begin = says(said)
		if got, err := e.Embed(t.Context(), []string{"a"}); err == nil || got != nil || !strings.Contains(err.Error(), "it died") {
			t.Errorf("of a process that said %q: %v, %v", said, got, err)
		}
	}
	started := 0
	e.begin = besides(&started)
	if got, err := e.Embed(t.Context(), []string{"a"}); err != nil || got[0] == nil || started != 1 {
		t.Errorf("after it: %v, %v, %d started", got, err, started)
	}
	none := &encoderApart{Embedder: spelling{}, log: slog.New(slog.DiscardHandler), begin: func(context.Context) (*training.Helper, error) { return nil, errors.ErrUnsupported }}
	if got, err := none.Embed(t.Context(), []string{"a"}); err != nil || got[0] == nil {
		t.Errorf("where no process can be started: %v, %v", got, err)
	}
	if err := encodeFor(t.Context(), spelling{}, strings.NewReader("\x01\x00\x00\x00\xff\xff\xff\xff"), io.Discard); err == nil {
		t.Error("a text of four gigabytes is taken")
	}
}
