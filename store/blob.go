package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// Large values, models and checkpoints, are cut into chunks
//
//	b | blob8 | chunk4 -> version1 | CRC-32C of the bytes, 4 | bytes
//
// of engine.ModelChunkBytes, the last of what is left. A manifest row elsewhere names the blob and
// makes it exist; chunks that no manifest names are left from a crash and dropped by Open. What
// is deleted stays in Badger's files until these are compacted; a blob with words of who
// was erased is dropped by its prefix instead (WipeModel).

// blob is how a manifest names one.
type blob struct {
	ID     uint64            `json:"blob"`
	Size   int64             `json:"size"`
	Chunks uint32            `json:"chunks"`
	SHA256 [sha256.Size]byte `json:"sha256"` // of all its bytes
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const (
	chunkHeader   = 1 + 4
	chunkRowBytes = chunkHeader + engine.ModelChunkBytes
	chunksAtOnce  = 128 // that one transaction writes, or reads: half a megabyte
)

// saveBlob writes everything r gives. On an error nothing of it stays.
func (s *Store) saveBlob(ctx context.Context, r io.Reader) (blob, error) {
	b := blob{ID: s.nextBlob.Add(1)}
	sum := sha256.New()
	room := make([]byte, chunksAtOnce*chunkRowBytes) // Badger has copied it once it is written
	rows := make([][]byte, 0, chunksAtOnce)
	for more := true; more; {
		for rows = rows[:0]; more && len(rows) < chunksAtOnce; {
			row := room[len(rows)*chunkRowBytes:][:chunkRowBytes]
			n, err := fill(row[chunkHeader:], r)
			if err != nil {
				return blob{}, s.abandon(ctx, b, fmt.Errorf("reading what is to be saved: %w", err))
			}
			more = n == engine.ModelChunkBytes
			if n == 0 {
				break
			}
			row = row[:chunkHeader+n]
			row[0] = recordVersion
			binary.BigEndian.PutUint32(row[1:], crc32.Checksum(row[chunkHeader:], castagnoli))
			sum.Write(row[chunkHeader:])
			b.Size += int64(n)
			rows = append(rows, row)
		}
		err := s.write(ctx, func(txn *badger.Txn) error {
			for i, row := range rows {
				if err := txn.Set(chunkKey(b.ID, b.Chunks+uint32(i)), row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return blob{}, s.abandon(ctx, b, err)
		}
		b.Chunks += uint32(len(rows))
	}
	sum.Sum(b.SHA256[:0])
	return b, nil
}

// fill reads until buf is full or r ends. Unlike io.ReadFull it tells r's end from a
// reader that says its own input was cut short.
func fill(buf []byte, r io.Reader) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// abandon deletes what was written of b and returns cause.
func (s *Store) abandon(ctx context.Context, b blob, cause error) error {
	return errors.Join(cause, s.dropBlob(context.WithoutCancel(ctx), b))
}

func (s *Store) dropBlob(ctx context.Context, b blob) error {
	keys := make([][]byte, b.Chunks)
	for i := range keys {
		keys[i] = chunkKey(b.ID, uint32(i))
	}
	if err := s.deleteAll(ctx, keys); err != nil {
		return fmt.Errorf("deleting %d chunks: %w", b.Chunks, err)
	}
	return nil
}

// wipeBlob drops a blob's chunks from the files, and those of all blobs that were deleted
// before: they may hold the same words. Writes wait meanwhile, as for an erasure.
func (s *Store) wipeBlob(ctx context.Context, b blob) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	s.dropping.Lock() // so that no blob is half-way between two chunks
	defer s.dropping.Unlock()
	var lives map[uint64]bool
	err = s.db.View(func(txn *badger.Txn) error {
		lives, err = blobsInFiles(txn)
		return err
	})
	if err != nil {
		return err
	}
	gone := []uint64{b.ID}
	for id, alive := range lives {
		if !alive && id != b.ID {
			gone = append(gone, id)
		}
	}
	return s.dropBlobs(gone)
}

// dropBlobs drops blobs from the files. The caller holds dropping, or is Open.
func (s *Store) dropBlobs(ids []uint64) error {
	prefixes := make([][]byte, len(ids))
	for i, id := range ids {
		prefixes[i] = numberedKey(blobLetter, id)
	}
	return s.dropWords(&erasure{Prefixes: prefixes})
}

// blobsInFiles returns the blobs of which the files hold anything, and whether they have a
// chunk that is not deleted.
func blobsInFiles(txn *badger.Txn) (lives map[uint64]bool, err error) {
	lives = make(map[uint64]bool)
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{blobLetter}, AllVersions: true})
	defer it.Close()
	var before []byte
	for it.Rewind(); it.Valid(); {
		key := it.Item().Key()
		if bytes.Equal(key, before) { // an older version
			it.Next()
			continue
		}
		before = append(before[:0], key...)
		if len(key) != chunkKeyBytes && len(key) != markerBytes {
			return nil, fmt.Errorf("chunk key %x: %w", key, ErrCorrupt)
		}
		id := binary.BigEndian.Uint64(key[1:])
		if lives[id] = lives[id] || len(key) == chunkKeyBytes && !it.Item().IsDeletedOrExpired(); lives[id] && id < math.MaxUint64 {
			it.Seek(numberedKey(blobLetter, id+1)) // Badger copies every chunk that it goes over
		} else {
			it.Next()
		}
	}
	return lives, nil
}

// chunkKeyBytes is the length of a chunk's key, markerBytes that of what stillThere marks a
// blob with: a crash may leave one.
const (
	chunkKeyBytes = 1 + 8 + 4
	markerBytes   = 1 + 8 + 1
)

// blobReader reads a blob, or a part of it, some chunks at a time. It verifies each, and at the end the
// whole, if it has read that.
type blobReader struct {
	s    *Store
	ctx  context.Context // of the one read this reader is
	blob blob
	next uint32 // chunk
	skip int64  // bytes of it that come before the first
	left int64  // bytes from there on that are to be read
	room []byte // of the chunks at hand
	rest []byte
	sum  hash.Hash // of the whole, nil of a part
	err  error
}

func (s *Store) openBlob(ctx context.Context, b blob) *blobReader {
	return &blobReader{s: s, ctx: ctx, blob: b, left: b.Size, sum: sha256.New()}
}

// Size returns how many bytes the blob has.
func (r *blobReader) Size() int64 { return r.blob.Size }

// Part returns a reader over so many of the bytes from a place on, for another goroutine: several
// read a blob side by side.
func (r *blobReader) Part(from, size int64) io.ReadCloser {
	return &blobReader{
		s: r.s, ctx: r.ctx, blob: r.blob,
		next: uint32(from / engine.ModelChunkBytes), skip: from % engine.ModelChunkBytes, left: size,
	}
}

// Read is io.Reader's. Damage gives an error that wraps ErrCorrupt, never a short read.
func (r *blobReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 && r.err == nil {
		r.err = r.fetch()
	}
	if len(r.rest) == 0 {
		return 0, r.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close ends it.
func (r *blobReader) Close() error {
	r.room, r.rest, r.err = nil, nil, ErrClosed
	return nil
}

// fetch reads the next chunks, at least one, or returns io.EOF if all were read and are what was saved.
func (r *blobReader) fetch() error {
	switch {
	case r.left > 0 && r.next >= r.blob.Chunks:
		return fmt.Errorf("%d bytes are missing behind chunk %d: %w", r.left, r.blob.Chunks, ErrCorrupt)
	case r.left == 0 && r.sum != nil && (r.next != r.blob.Chunks || [sha256.Size]byte(r.sum.Sum(nil)) != r.blob.SHA256):
		return fmt.Errorf("%d chunks of %d, checksum differs: %w", r.next, r.blob.Chunks, ErrCorrupt)
	case r.left == 0:
		return io.EOF
	}
	txn, done, err := r.s.read(r.ctx)
	if err != nil {
		return err
	}
	defer done()
	// An iterator copies what it finds into the same memory time and again, where looking for one
	// key after another takes new memory for each.
	it := txn.NewIterator(badger.IteratorOptions{Prefix: numberedKey(blobLetter, r.blob.ID)})
	defer it.Close()
	until := min(int64(r.next)+chunksAtOnce, int64(r.blob.Chunks), int64(r.next)+(r.skip+r.left-1)/engine.ModelChunkBytes+1)
	r.room = r.room[:0]
	for it.Seek(chunkKey(r.blob.ID, r.next)); int64(r.next) < until; it.Next() {
		if err := r.chunk(it); err != nil {
			return fmt.Errorf("chunk %d of %d: %w", r.next, r.blob.Chunks, err)
		}
		r.next++
	}
	if r.sum != nil {
		r.sum.Write(r.room)
	}
	if int64(len(r.room)) <= r.skip {
		return fmt.Errorf("%d bytes are missing in chunk %d: %w", r.left, r.next-1, ErrCorrupt)
	}
	r.rest = r.room[r.skip:]
	r.rest = r.rest[:min(int64(len(r.rest)), r.left)]
	r.skip, r.left = 0, r.left-int64(len(r.rest))
	return nil
}

// chunk adds the next chunk, which it stands at, to those at hand.
func (r *blobReader) chunk(it *badger.Iterator) error {
	if !it.Valid() || !bytes.Equal(it.Item().Key(), chunkKey(r.blob.ID, r.next)) {
		return fmt.Errorf("it is missing: %w", ErrCorrupt)
	}
	return it.Item().Value(func(value []byte) error {
		body, err := chunkBytes(value)
		if err == nil && len(body) < engine.ModelChunkBytes && r.next < r.blob.Chunks-1 {
			err = fmt.Errorf("%d bytes are too few: %w", len(body), ErrCorrupt)
		}
		r.room = append(r.room, body...)
		return err
	})
}

// chunkBytes verifies a chunk and returns its bytes.
func chunkBytes(value []byte) ([]byte, error) {
	if len(value) <= chunkHeader || value[0] != recordVersion {
		return nil, fmt.Errorf("not a chunk: %w", ErrCorrupt)
	}
	body := value[chunkHeader:]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(value[1:]) {
		return nil, fmt.Errorf("checksum differs: %w", ErrCorrupt)
	}
	return body, nil
}

// dropUnfinishedBlobs drops the chunks that no manifest names, and sees to it that no blob
// gets the number of one that the files still hold.
func (s *Store) dropUnfinishedBlobs() error {
	named := make(map[uint64]bool)
	var lives map[uint64]bool
	err := s.db.View(func(txn *badger.Txn) error {
		for _, letter := range []byte{modelLetter, checkpointLetter} {
			err := each(txn, []byte{letter}, func(_, value []byte) error {
				b, _, err := decodeRecord[blob]("manifest", value)
				named[b.ID] = true
				return err
			})
			if err != nil {
				return err
			}
		}
		var err error
		lives, err = blobsInFiles(txn)
		return err
	})
	if err != nil {
		return err
	}
	newest := uint64(0)
	for id := range named {
		newest = max(newest, id)
	}
	var stray []uint64
	for id, alive := range lives {
		newest = max(newest, id)
		if alive && !named[id] {
			stray = append(stray, id)
		}
	}
	s.nextBlob.Store(newest)
	return s.dropBlobs(stray)
}
