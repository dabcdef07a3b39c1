package store

import (
	"context"

	"github.com/rapportengine/rapport/engine"
)

// ScanAt is Scan, and returns the sequence number of the newest command it has seen.
func (s *Store) ScanAt(ctx context.Context, fn func(subj engine.Subject, rows []engine.Row) error) (seq uint64, err error) {
	v, err := s.View(ctx)
	if err != nil {
		return 0, err
	}
	defer v.Close()
	return v.Seq(), v.Histories(ctx, fn)
}
