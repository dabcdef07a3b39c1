package store

import (
	"context"
	"errors"

	"github.com/rapportengine/rapport/engine"
)

// The shop's settings are one record, as items are. There is none until some were put.
var settingsKey = []byte{settingsLetter}

// Settings returns the shop's settings, engine.DefaultSettings where none were put.
func (s *Store) Settings(ctx context.Context) (engine.Settings, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return engine.Settings{}, err
	}
	defer done()
	value, err := get(txn, settingsKey)
	if errors.Is(err, engine.ErrNotFound) {
		return engine.DefaultSettings(), nil
	}
	if err != nil {
		return engine.Settings{}, err
	}
	settings, _, err := decodeSettings(value)
	return settings, err
}

func decodeSettings(value []byte) (engine.Settings, uint64, error) {
	return decodeRecord[engine.Settings]("settings", value)
}

func (g *group) putSettings(e *effect, settings engine.Settings) error {
	value, err := encodeRecord("settings", e.seq, settings)
	if err != nil {
		return err
	}
	e.set(settingsKey, value)
	e.change(change{kind: tailSettings}, engine.Committed{Settings: &settings}, g.now)
	return nil
}
