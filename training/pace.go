package training

import (
	"context"
	"io"
	"time"
)

// paced reads a model no faster than so many bytes a second, what comes in the first second aside. A
// store writes what it is given several times over, as its tables sink from level to level: as fast as
// that goes it takes all processors for seconds, and who asks meanwhile waits.
type paced struct {
	ctx       context.Context // of the one saving that reads
	r         io.Reader
	perSecond int64
	began     time.Time // zero before the first read
	read      int64
}

// Read is io.Reader's. It returns early, with its error, where the context ends.
func (p *paced) Read(b []byte) (int, error) {
	if p.began.IsZero() {
		p.began = time.Now()
	}
	n, err := p.r.Read(b)
	p.read += int64(n)
	due := time.Duration(float64(p.read-p.perSecond) / float64(p.perSecond) * float64(time.Second))
	if wait := due - time.Since(p.began); wait > 0 && err == nil {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.ctx.Done():
			err = p.ctx.Err()
		}
	}
	return n, err
}
