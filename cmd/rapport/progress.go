package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// sayEvery is how often a bar says where it stands where there is no terminal to draw on.
const sayEvery = 5 * time.Second

// bar shows how far one piece of work has come: drawn on a terminal, else a line now
// and then. Safe for concurrent use.
type bar struct {
	c     *console
	label string
	total int64
	began time.Time

	drawn *mpb.Progress // nil without a terminal
	line  *mpb.Bar

	mu     sync.Mutex // guards the fields below
	now    int64
	detail string
	said   time.Time
}

// bar begins one; total 0 means that nobody knows. One is shown at a time, and end
// must be called.
func (c *console) bar(label string, total int64) *bar {
	b := &bar{c: c, label: label, total: total, began: time.Now(), said: time.Now()}
	if c.terminal {
		b.draw(mpb.New(mpb.WithOutput(c.err)))
	}
	return b
}

func (b *bar) draw(p *mpb.Progress) {
	b.drawn = p
	name := mpb.PrependDecorators(decor.Name(b.label))
	where := decor.Any(func(decor.Statistics) string { return "  " + b.where() })
	// Bars begin without a total, which leaves it to end to complete them: one that
	// completes itself ignores that, and would be waited for in vain after a failure
	// to come to its total.
	if b.total <= 0 {
		b.line = p.New(0, mpb.SpinnerStyle(), mpb.BarWidth(1), name, mpb.AppendDecorators(where))
		return
	}
	b.line = p.AddBar(0, name, mpb.AppendDecorators(decor.NewPercentage("%d"), where))
	b.line.SetTotal(b.total, false)
}

// at says how much of the total is done, and what the work is at in words.
func (b *bar) at(done int64, detail string) {
	b.mu.Lock()
	b.now, b.detail = done, detail
	say := b.line == nil && time.Since(b.said) >= sayEvery
	if say {
		b.said = time.Now()
	}
	b.mu.Unlock()
	if b.line != nil {
		b.line.SetCurrent(done)
	}
	if say {
		b.c.say("%s: %s%s", b.label, b.percent(done), detail)
	}
}

// share is at for work that is measured from 0 to 1.
func (b *bar) share(step string, share float64) { b.at(int64(share*float64(b.total)), step) }

func (b *bar) percent(done int64) string {
	if b.total <= 0 {
		return ""
	}
	return fmt.Sprintf("%d %%, ", 100*done/b.total)
}

// where returns what the work is at.
func (b *bar) where() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.detail
}

// Write lets messages pass above the bar.
func (b *bar) Write(text []byte) (int, error) {
	if b.drawn != nil {
		return b.drawn.Write(text)
	}
	return b.c.err.Write(text)
}

var _ io.Writer = (*bar)(nil)

// end takes the bar down: full if the work succeeded, as it stands if not.
func (b *bar) end(err error) {
	if b.drawn != nil {
		if err == nil {
			b.line.SetTotal(max(b.total, 1), true)
		} else {
			b.line.Abort(false)
		}
		b.drawn.Wait()
		return
	}
	if err == nil {
		b.c.say("%s: done in %.1f s", b.label, time.Since(b.began).Seconds())
	}
}
