package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// The vectors of texts are kept so that each is computed once. They lie under
//
//	v | encoder16 | text16 -> version1 | CRC-32C of the bytes, 4 | bytes
//
// encoder16 is the hash of what made them, with their length, so that vectors of two encoders
// are never taken for one another. They can be made again of the texts.

// PutVectors keeps what an encoder made of texts, by their hashes.
func (s *Store) PutVectors(ctx context.Context, encoder string, vectors map[engine.Hash16][]byte) error {
	of := engine.HashOf(encoder)
	err := s.write(ctx, func(txn *badger.Txn) error {
		for h, bytes := range vectors {
			value := append([]byte{recordVersion, 0, 0, 0, 0}, bytes...)
			binary.BigEndian.PutUint32(value[1:], crc32.Checksum(bytes, castagnoli))
			if err := txn.Set(pairKey(vectorLetter, of, h), value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping %d vectors: %w", len(vectors), err)
	}
	return nil
}

// Vectors returns which of some texts have a vector of an encoder. One that is damaged is
// left out, as it can be made again.
func (s *Store) Vectors(ctx context.Context, encoder string, texts []engine.Hash16) (map[engine.Hash16][]byte, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	of, out := engine.HashOf(encoder), make(map[engine.Hash16][]byte, len(texts))
	for _, h := range texts {
		value, err := get(txn, pairKey(vectorLetter, of, h))
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading vectors: %w", err)
		}
		if bytes, err := chunkBytes(value); err == nil {
			out[h] = bytes
		}
	}
	return out, nil
}

// DropVectors deletes all vectors but those of an encoder's texts that are to stay, and
// returns how many that were.
func (s *Store) DropVectors(ctx context.Context, encoder string, stays func(text engine.Hash16) bool) (int, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	of := engine.HashOf(encoder)
	var gone [][]byte
	err = eachKey(txn, []byte{vectorLetter}, func(key []byte) error {
		if len(key) != pairKeyBytes || firstHash(key) != of || !stays(secondHash(key)) {
			gone = append(gone, append([]byte(nil), key...))
		}
		return ctx.Err()
	})
	if err == nil {
		err = s.deleteAll(ctx, gone)
	}
	if err != nil {
		return 0, fmt.Errorf("dropping vectors: %w", err)
	}
	return len(gone), nil
}
