package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/rapportengine/rapport/engine/sentence"
	terms "github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/training"
)

// A server makes the vectors of its fixes' passages in a process of its own, as it trains in one:
// it is minutes of work for ten thousand fixes, none of which an answer waits for. What is asked
// goes to the process's input, what it comes to is read from its output:
//
//	asked:    texts4 | for each: bytes4 | text
//	answered: for each: numbers4, 0 for none | numbers, each 4
//
// All numbers are little-endian.

// encoderName is the command that does it; no help shows it.
const encoderName = "encode-apart"

type encodeApartCommand struct{}

// Run encodes for the server that started this process, until that closes its end.
func (encodeApartCommand) Run(ctx context.Context, c *console) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM) // the server says when to end, by its own end or otherwise
	giveWay()
	return encodeFor(ctx, sentence.New(runtime.GOMAXPROCS(0)), os.Stdin, c.out)
}

// mostAsked bounds the texts that are encoded at once, and mostText the bytes of each.
const mostAsked, mostText = 1 << 12, 1 << 24

// encodeFor answers what is asked until in ends.
func encodeFor(ctx context.Context, e terms.Embedder, in io.Reader, out io.Writer) error {
	r, w := bufio.NewReader(in), bufio.NewWriter(out)
	for {
		n, err := number(r, mostAsked)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		texts := make([]string, n)
		for i := range texts {
			size, err := number(r, mostText)
			if err != nil {
				return err
			}
			text := make([]byte, size)
			if _, err := io.ReadFull(r, text); err != nil {
				return err
			}
			texts[i] = string(text)
		}
		vectors, err := e.Embed(ctx, texts)
		if err != nil {
			return err
		}
		var said []byte
		for _, v := range vectors {
			said = binary.LittleEndian.AppendUint32(said, uint32(len(v)))
			for _, x := range v {
				said = binary.LittleEndian.AppendUint32(said, math.Float32bits(x))
			}
		}
		if _, err := w.Write(said); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
}

// number reads one that is not above most; io.EOF where nothing is left.
func number(r io.Reader, most uint32) (uint32, error) {
	var b [4]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, err
	}
	n := binary.LittleEndian.Uint32(b[:])
	if n > most {
		return 0, fmt.Errorf("a message between server and encoder says %d where at most %d is wanted", n, most)
	}
	return n, nil
}

// encoderApart is an embedder whose work another process does: the vectors are those of the
// embedder that it is beside. The process is started when it is needed, and ended when it is not
// for a while, for its memory. Where none can be started, the work is done here.
type encoderApart struct {
	terms.Embedder // here
	begin          func(context.Context) (*training.Helper, error)
	log            *slog.Logger

	one  sync.Mutex // guards all below: one call at a time
	at   *training.Helper
	stop context.CancelFunc // of at
	idle *time.Timer
	here bool // none can be started
}

// encoderIdle is how long the process waits for more.
const encoderIdle = 10 * time.Second

// Embed implements text.Embedder. An error that is not of ctx is the process's; the next call
// starts another one.
func (e *encoderApart) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	e.one.Lock()
	defer e.one.Unlock()
	if e.here || len(texts) > mostAsked {
		return e.Embedder.Embed(ctx, texts)
	}
	if e.at == nil {
		if err := e.start(ctx); err != nil {
			e.here = true
			if !errors.Is(err, errors.ErrUnsupported) {
				e.log.Warn("no process can be started that makes vectors of fixes; the server makes them itself", "why", err)
			}
			return e.Embedder.Embed(ctx, texts)
		}
	}
	e.idle.Stop()
	out, err := e.ask(ctx, texts)
	if err != nil {
		e.at.Kill() // it may be writing what nobody reads any more
		err = errors.Join(fmt.Errorf("the process that makes vectors: %w", err), e.end())
	} else {
		e.idle.Reset(encoderIdle)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return out, err
}

// Covers reports what the embedder here does.
func (e *encoderApart) Covers(language, s string) bool { return terms.Covers(e.Embedder, language, s) }

func (e *encoderApart) start(ctx context.Context) (err error) {
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	if e.at, err = e.begin(life); err != nil {
		stop()
		return err
	}
	e.stop = stop
	e.idle = time.AfterFunc(math.MaxInt64, e.Close)
	return nil
}

// ask writes what is asked and reads the answer; the end of ctx ends the process.
func (e *encoderApart) ask(ctx context.Context, texts []string) ([][]float32, error) {
	stop := context.AfterFunc(ctx, e.at.Kill)
	defer stop()
	asked := binary.LittleEndian.AppendUint32(nil, uint32(len(texts)))
	for _, s := range texts {
		asked = append(binary.LittleEndian.AppendUint32(asked, uint32(len(s))), s...)
	}
	if _, err := e.at.In.Write(asked); err != nil {
		return nil, err
	}
	out := make([][]float32, len(texts))
	for i := range out {
		n, err := number(e.at.Out, uint32(e.Dims()))
		if err != nil {
			return nil, err
		}
		if n == 0 {
			continue
		}
		packed := make([]byte, 4*n)
		if _, err := io.ReadFull(e.at.Out, packed); err != nil {
			return nil, err
		}
		out[i] = make([]float32, n)
		for d := range out[i] {
			out[i][d] = math.Float32frombits(binary.LittleEndian.Uint32(packed[4*d:]))
		}
	}
	return out, nil
}

// end ends the process, and says how it ended unless that was by our hand. The caller holds one.
func (e *encoderApart) end() error {
	if e.at == nil {
		return nil
	}
	e.idle.Stop()
	_ = e.at.In.Close()
	err := e.at.Wait()
	e.stop()
	e.at = nil
	return err
}

// Close ends the process, if there is one. The next call would start another one.
func (e *encoderApart) Close() {
	e.one.Lock()
	defer e.one.Unlock()
	if e.at != nil {
		e.at.Kill()
		_ = e.end()
	}
}
