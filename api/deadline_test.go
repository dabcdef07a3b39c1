package api

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestDeadline holds a deadline against context.WithDeadline's, asked for its end at once or
// never: before its time, after it, when it is no longer needed, and when its parent ends.
func TestDeadline(t *testing.T) {
	type key struct{}
	far, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	for _, waited := range []bool{false, true} {
		for _, c := range []struct {
			name string
			at   time.Time
			end  func(d *deadline, parent context.CancelFunc)
			want error
		}{
			{"under way", far, func(*deadline, context.CancelFunc) {}, nil},
			{"too late", past, func(*deadline, context.CancelFunc) {}, context.DeadlineExceeded},
			{"answered", far, func(d *deadline, _ context.CancelFunc) { d.end() }, context.Canceled},
			{"hung up", far, func(_ *deadline, parent context.CancelFunc) { parent() }, context.Canceled},
		} {
			parent, stop := context.WithCancel(context.WithValue(t.Context(), key{}, c.name))
			d := newDeadline(parent, c.at)
			if waited {
				d.Done()
			}
			c.end(d, stop)
			if waited && c.want != nil {
				<-d.Done()
			}
			if err := d.Err(); !errors.Is(err, c.want) {
				t.Errorf("%s, waited for %v: %v, want %v", c.name, waited, err, c.want)
			}
			child, free := context.WithCancel(d)
			if c.want != nil {
				<-child.Done()
			}
			if err := child.Err(); !errors.Is(err, c.want) {
				t.Errorf("%s, waited for %v: a child ends with %v, want %v", c.name, waited, err, c.want)
			}
			if at, is := d.Deadline(); !is || !at.Equal(c.at) || d.Value(key{}) != c.name {
				t.Errorf("%s: ends at %v, %v; value %v", c.name, at, is, d.Value(key{}))
			}
			free()
			stop()
			d.end()
		}
	}
	sooner, stop := context.WithDeadline(t.Context(), past)
	defer stop()
	if at, _ := newDeadline(sooner, far).Deadline(); !at.Equal(past) {
		t.Errorf("outlives its parent: %v", at)
	}
}
