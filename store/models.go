package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// modelRow is the manifest row under M | version8, a record of JSON. It is written
// last, in one transaction: before it the model does not exist.
type modelRow struct {
	blob
	Created  time.Time `json:"created"`
	Manifest []byte    `json:"manifest"`
}

// checkpointRow is the manifest row under C | name.
type checkpointRow struct {
	blob
	Seq uint64 `json:"seq"`
}

// SaveModel stores a model as a new version, with a manifest (its report, in JSON)
// that the store does not look into. If it is interrupted, by an error or by the end
// of the process, there is no such model. The error wraps engine.ErrConflict if the
// version exists.
func (s *Store) SaveModel(ctx context.Context, version int, manifest []byte, r io.Reader) error {
	if version < 1 {
		return engine.Invalidf(engine.CodeInvalidField, "version", "model versions begin at 1")
	}
	if _, err := s.model(ctx, version); !errors.Is(err, engine.ErrNotFound) {
		if err == nil {
			err = engine.ErrConflict
		}
		return fmt.Errorf("saving model %d: %w", version, err)
	}
	b, err := s.saveBlob(ctx, r)
	if err != nil {
		return fmt.Errorf("saving model %d: %w", version, err)
	}
	row := modelRow{b, s.now().UTC(), manifest}
	value, err := encodeRecord("manifest", 0, row)
	if err == nil {
		err = s.write(ctx, func(txn *badger.Txn) error { return txn.Set(modelKey(version), value) })
	}
	if err != nil {
		return fmt.Errorf("saving model %d: %w", version, s.abandon(ctx, b, err))
	}
	return nil
}

func modelKey(version int) []byte { return numberedKey(modelLetter, uint64(version)) }

func (s *Store) model(ctx context.Context, version int) (modelRow, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return modelRow{}, err
	}
	defer done()
	value, err := get(txn, modelKey(version))
	if err != nil {
		return modelRow{}, err
	}
	row, _, err := decodeRecord[modelRow]("manifest", value)
	return row, err
}

// Models returns the stored models, oldest version first.
func (s *Store) Models(ctx context.Context) ([]engine.ModelVersion, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	current, _, err := currentModel(txn)
	if err != nil {
		return nil, err
	}
	var list []engine.ModelVersion
	err = each(txn, []byte{modelLetter}, func(key, value []byte) error {
		if len(key) != 9 {
			return fmt.Errorf("model key %x: %w", key, ErrCorrupt)
		}
		version := int(binary.BigEndian.Uint64(key[1:]))
		row, _, err := decodeRecord[modelRow]("manifest", value)
		list = append(list, engine.ModelVersion{
			Version: version, Created: row.Created, Bytes: row.Size, Current: version == current, Report: row.Manifest,
		})
		return err
	})
	return list, err
}

// LoadModel returns a reader over a stored model, good until ctx ends. It verifies
// what it reads: damage gives an error that wraps ErrCorrupt before io.EOF. It is a
// recommend.Parts: several places can be read at once. The error wraps engine.ErrNotFound where
// there is no such version.
func (s *Store) LoadModel(ctx context.Context, version int) (io.Reader, error) {
	row, err := s.model(ctx, version)
	if err != nil {
		return nil, fmt.Errorf("model %d: %w", version, err)
	}
	return s.openBlob(ctx, row.blob), nil
}

var currentModelKey = textKey(metaLetter, "model")

// SetCurrent makes a stored version the one to serve with.
func (s *Store) SetCurrent(ctx context.Context, version int) error {
	if _, err := s.model(ctx, version); err != nil {
		return fmt.Errorf("model %d: %w", version, err)
	}
	value := binary.AppendUvarint([]byte{recordVersion}, uint64(version))
	return s.write(ctx, func(txn *badger.Txn) error { return txn.Set(currentModelKey, value) })
}

// Current returns the version to serve with, false where none was chosen yet.
func (s *Store) Current(ctx context.Context) (version int, ok bool, err error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return 0, false, err
	}
	defer done()
	return currentModel(txn)
}

func currentModel(txn *badger.Txn) (version int, ok bool, err error) {
	value, err := get(txn, currentModelKey)
	if errors.Is(err, engine.ErrNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	in := reader{text: string(value)}
	in.byte()
	version = int(in.uint())
	if in.err != nil {
		return 0, false, fmt.Errorf("current model: %w: %w", in.err, ErrCorrupt)
	}
	return version, true, nil
}

// DropModel deletes a stored model. The error wraps engine.ErrConflict if it is the
// current one, engine.ErrNotFound if there is none.
func (s *Store) DropModel(ctx context.Context, version int) error {
	row, err := s.droppable(ctx, version)
	if err != nil {
		return err
	}
	if err := s.deleteAll(ctx, [][]byte{modelKey(version)}); err != nil {
		return fmt.Errorf("dropping model %d: %w", version, err)
	}
	return s.dropBlob(ctx, row.blob)
}

// WipeModel is DropModel for a model that holds words of somebody who was erased: when it
// returns, the files hold none of its bytes, nor of models that were dropped before, which
// may have held them too. It takes some tenths of a second, in which writes wait.
// Interrupted, the model is still listed, perhaps without its bytes, to be wiped again.
func (s *Store) WipeModel(ctx context.Context, version int) error {
	row, err := s.droppable(ctx, version)
	if err != nil {
		return err
	}
	if err := s.wipeBlob(ctx, row.blob); err != nil {
		return fmt.Errorf("wiping model %d: %w", version, err)
	}
	if err := s.deleteAll(ctx, [][]byte{modelKey(version)}); err != nil {
		return fmt.Errorf("wiping model %d: %w", version, err)
	}
	return nil
}

// droppable returns the manifest of a model that is there and not the current one.
func (s *Store) droppable(ctx context.Context, version int) (modelRow, error) {
	row, err := s.model(ctx, version)
	if err != nil {
		return row, fmt.Errorf("model %d: %w", version, err)
	}
	current, ok, err := s.Current(ctx)
	if err == nil && ok && current == version {
		err = engine.ErrConflict
	}
	if err != nil {
		return row, fmt.Errorf("dropping model %d, the current one: %w", version, err)
	}
	return row, nil
}

// SaveCheckpoint keeps data under a name, as of sequence number seq, in place of what
// was there. Interrupted, the old one stays whole.
func (s *Store) SaveCheckpoint(ctx context.Context, seq uint64, name string, data []byte) error {
	before, err := s.checkpoint(ctx, name)
	replaces := err == nil
	if err != nil && !errors.Is(err, engine.ErrNotFound) {
		return fmt.Errorf("checkpoint %s: %w", name, err)
	}
	b, err := s.saveBlob(ctx, bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("saving checkpoint %s: %w", name, err)
	}
	value, err := encodeRecord("manifest", seq, checkpointRow{b, seq})
	if err == nil {
		err = s.write(ctx, func(txn *badger.Txn) error { return txn.Set(textKey(checkpointLetter, name), value) })
	}
	if err != nil {
		return fmt.Errorf("saving checkpoint %s: %w", name, s.abandon(ctx, b, err))
	}
	if !replaces {
		return nil
	}
	return s.dropBlob(ctx, before.blob)
}

func (s *Store) checkpoint(ctx context.Context, name string) (checkpointRow, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return checkpointRow{}, err
	}
	defer done()
	value, err := get(txn, textKey(checkpointLetter, name))
	if err != nil {
		return checkpointRow{}, err
	}
	row, _, err := decodeRecord[checkpointRow]("manifest", value)
	return row, err
}

// LoadCheckpoint returns what SaveCheckpoint kept under a name last; ok is false where
// there is nothing. A damaged one gives an error that wraps ErrCorrupt: replay instead.
func (s *Store) LoadCheckpoint(ctx context.Context, name string) (seq uint64, data []byte, ok bool, err error) {
	row, err := s.checkpoint(ctx, name)
	if errors.Is(err, engine.ErrNotFound) {
		return 0, nil, false, nil
	}
	if err == nil {
		data, err = io.ReadAll(s.openBlob(ctx, row.blob))
	}
	if err != nil {
		return 0, nil, false, fmt.Errorf("checkpoint %s: %w", name, err)
	}
	return row.Seq, data, true, nil
}
