package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/rapportengine/rapport/cmd/rapport/embedder"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/sentence"
	terms "github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/training"
)

// A server's training is a process of its own: this program again, by a command that no help
// shows. It reads what it needs from its input, so that it holds no directory, and writes what
// it comes to (decision 017).

// helperName is that command.
const helperName = "train-apart"

// embedderKnownEnv tells the process which model has answered as the embedder's.
const embedderKnownEnv = "RAPPORT_EMBEDDER_KNOWN"

type trainApartCommand struct {
	Embedder  embedding `embed:"" prefix:"embedder-"`
	LogFormat string    `enum:"text,json" default:"text"`
}

// Run trains for the server that started this process.
func (t *trainApartCommand) Run(ctx context.Context, c *console) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM) // the server says when to end, by its own end or otherwise
	giveWay()
	boundGarbage(ctx, trainingBounds)
	search := training.DefaultSearch()
	encoder, err := t.Embedder.ask()
	if err != nil {
		return err
	}
	if encoder == nil {
		encoder = sentence.New(runtime.GOMAXPROCS(0))
	}
	if remote, is := encoder.(*embedder.Embedder); is {
		defer remote.Close()
		if err := remote.Remember(ctx, known(os.Getenv(embedderKnownEnv))); err != nil {
			return err
		}
	}
	return training.Assist(ctx, os.Stdin, c.out, training.Means{
		Search: &search, Embedder: encoder, Log: c.log(slog.LevelInfo, t.LogFormat),
	})
}

// known is what an embedder's memory held when the process was started. What the embedder
// learns beyond it, the server's learns as well.
type known string

// State implements embedder.Memory.
func (k known) State(context.Context, string) ([]byte, error) {
	if k == "" {
		return nil, engine.ErrNotFound
	}
	return []byte(k), nil
}

// PutState implements embedder.Memory.
func (known) PutState(context.Context, string, []byte) error { return nil }

// helperCommand is how the process is started.
type helperCommand struct {
	does     string // helperName or encoderName
	embedder embedding
	format   string // of its log
	says     io.Writer

	// Of one process:
	workers int
	known   string // to the embedder
	said    *lastWords
}

// of returns what starts the processes of a workspace's trainings.
func (h helperCommand) of(w *workspace) func(context.Context, int) (*training.Helper, error) {
	return func(ctx context.Context, workers int) (*training.Helper, error) {
		one := h
		one.workers, one.said = workers, &lastWords{to: h.says}
		if remote, is := w.embedder.(*embedder.Embedder); is {
			one.known = remote.Known()
		}
		return one.start(ctx)
	}
}

func (h *helperCommand) args() []string {
	if h.does == encoderName {
		return []string{encoderName}
	}
	return []string{h.does, "--log-format", h.format}
}

// encoder returns an embedder that does what e would in a process of its own.
func (h helperCommand) encoder(e terms.Embedder, log *slog.Logger) *encoderApart {
	begin := func(ctx context.Context) (*training.Helper, error) {
		// Half the processors: two threads of one core are in each other's way, whoever goes first.
		one := helperCommand{does: encoderName, says: h.says, workers: max(1, runtime.GOMAXPROCS(0)/2), said: &lastWords{to: h.says}}
		return one.start(ctx)
	}
	return &encoderApart{Embedder: e, begin: begin, log: log}
}

// env is the process's environment. Of ours it has what it needs: none of the server's own keys,
// and the embedder's here, since everybody can read arguments and its file may be gone by now.
func (h *helperCommand) env() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "RAPPORT_") })
	env = append(env, "GOMAXPROCS="+strconv.Itoa(h.workers))
	if e := &h.embedder; e.URL != "" {
		env = append(env,
			"RAPPORT_EMBEDDER_URL="+e.URL, "RAPPORT_EMBEDDER_MODEL="+e.Model, "RAPPORT_EMBEDDER_DIMS="+strconv.Itoa(e.Dims),
			embedderKeyEnv+"="+e.key, embedderKnownEnv+"="+h.known)
	}
	return env
}

// why says how the process ended, where that was not as it should.
func (h *helperCommand) why(err error) error {
	switch word := h.said.fault(); {
	case err == nil:
		return nil
	case word != "":
		return fmt.Errorf("%w: %s", err, word)
	case err.Error() == "signal: killed":
		return errors.New("it was killed, as the system does where memory runs out")
	}
	return err
}

// lastWords passes on what a process says, and keeps what it died of.
type lastWords struct {
	to io.Writer

	mu   sync.Mutex // guards all below
	line []byte     // the one that is not whole yet
	died string
}

// maxLine is how much of a line is looked at.
const maxLine = 1 << 10

// Write implements io.Writer. It takes all: a process that cannot say what it says, as where the
// disk with the log is full, would die of that, and the server does not.
func (l *lastWords) Write(p []byte) (int, error) {
	l.mu.Lock()
	for _, b := range p {
		if b != '\n' {
			if len(l.line) < maxLine {
				l.line = append(l.line, b)
			}
			continue
		}
		for _, mark := range []string{"panic: ", "fatal error: ", "rapport: "} {
			if l.died == "" && bytes.HasPrefix(l.line, []byte(mark)) {
				l.died = string(l.line)
			}
		}
		l.line = l.line[:0]
	}
	l.mu.Unlock()
	_, _ = l.to.Write(p)
	return len(p), nil
}

func (l *lastWords) fault() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.died
}
