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
// of at most engine.ModelChunkBytes. A manifest row elsewhere names the blob and makes
// it exist; chunks that no manifest names are left from a crash and dropped by Open. What
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

const chunkHeader = 1 + 4

// saveBlob writes everything r gives. On an error nothing of it stays.
func (s *Store) saveBlob(ctx context.Context, r io.Reader) (blob, error) {
	b := blob{ID: s.nextBlob.Add(1)}
	sum := sha256.New()
	room := make([]byte, chunkHeader+engine.ModelChunkBytes) // Badger has copied it once it is written
	for {
		value := room
		n, err := fill(value[chunkHeader:], r)
		if err != nil {
			return blob{}, s.abandon(ctx, b, fmt.Errorf("reading what is to be saved: %w", err))
		}
		if n == 0 {
			break
		}
		value = value[:chunkHeader+n]
		value[0] = recordVersion
		binary.BigEndian.PutUint32(value[1:], crc32.Checksum(value[chunkHeader:], castagnoli))
		sum.Write(value[chunkHeader:])
		key := chunkKey(b.ID, b.Chunks)
		if err := s.write(ctx, func(txn *badger.Txn) error { return txn.Set(key, value) }); err != nil {
			return blob{}, s.abandon(ctx, b, err)
		}
		b.Chunks++
		b.Size += int64(n)
		if n < engine.ModelChunkBytes {
			break
		}
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

// blobReader reads a blob chunk by chunk and verifies each, and at the end the whole.
type blobReader struct {
	s    *Store
	ctx  context.Context // of the one read this reader is
	blob blob
	next uint32 // chunk
	read int64
	room []byte // of the chunk at hand
	rest []byte
	sum  hash.Hash
	err  error
}

func (s *Store) openBlob(ctx context.Context, b blob) *blobReader {
	return &blobReader{s: s, ctx: ctx, blob: b, sum: sha256.New()}
}

// Read is io.Reader's. Damage gives an error that wraps ErrCorrupt, never a short read.
func (r *blobReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 && r.err == nil {
		r.err = r.fetch()
	}
	if len(r.rest) == 0 {
		return 0, r.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// fetch reads the next chunk, or returns io.EOF if all were read and are what was saved.
func (r *blobReader) fetch() error {
	if r.next == r.blob.Chunks {
		if r.read != r.blob.Size || [sha256.Size]byte(r.sum.Sum(nil)) != r.blob.SHA256 {
			return fmt.Errorf("%d bytes of %d, checksum differs: %w", r.read, r.blob.Size, ErrCorrupt)
		}
		return io.EOF
	}
	txn, done, err := r.s.read(r.ctx)
	if err != nil {
		return err
	}
	defer done()
	value, err := getIn(txn, chunkKey(r.blob.ID, r.next), r.room)
	if errors.Is(err, engine.ErrNotFound) {
		return fmt.Errorf("chunk %d of %d is missing: %w", r.next, r.blob.Chunks, ErrCorrupt)
	}
	if err != nil {
		return err
	}
	r.room = value
	if r.rest, err = chunkBytes(value); err != nil {
		return fmt.Errorf("chunk %d of %d: %w", r.next, r.blob.Chunks, err)
	}
	r.sum.Write(r.rest)
	r.read += int64(len(r.rest))
	r.next++
	return nil
}

// Size returns how many bytes the blob has.
func (r *blobReader) Size() int64 { return r.blob.Size }

// Part returns a reader over so many of the bytes from a place on, for another goroutine: several
// read a blob side by side. It verifies each chunk that it reads, and not the whole, and holds
// the store open until it is closed.
func (r *blobReader) Part(from, size int64) io.ReadCloser {
	p := &blobPart{ctx: r.ctx, blob: r.blob, next: uint32(from / engine.ModelChunkBytes), skip: from % engine.ModelChunkBytes, left: size}
	txn, done, err := r.s.read(r.ctx)
	if err != nil {
		p.err = err
		return p
	}
	it := txn.NewIterator(badger.IteratorOptions{Prefix: numberedKey(blobLetter, r.blob.ID)})
	p.it, p.done = it, func() { it.Close(); done() }
	it.Seek(chunkKey(r.blob.ID, p.next))
	return p
}

// blobPart reads some bytes of a blob. An iterator copies what it finds into the same memory time and
// again, where looking for one key after another takes new memory for each.
type blobPart struct {
	ctx  context.Context // of the one read it is a part of
	it   *badger.Iterator
	done func() // nil once it is closed
	blob blob
	next uint32 // chunk
	skip int64  // bytes of it that come before the first
	left int64
	room []byte // of the chunk at hand
	rest []byte
	err  error
}

// Read is io.Reader's. Damage gives an error that wraps ErrCorrupt, never a short read.
func (p *blobPart) Read(to []byte) (int, error) {
	if p.left == 0 && p.err == nil {
		p.err = io.EOF
	}
	for len(p.rest) == 0 && p.err == nil {
		p.err = p.fetch()
	}
	if p.err != nil {
		return 0, p.err
	}
	n := copy(to[:min(int64(len(to)), p.left)], p.rest)
	p.rest, p.left = p.rest[n:], p.left-int64(n)
	return n, nil
}

// fetch reads the next chunk.
func (p *blobPart) fetch() error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if p.next >= p.blob.Chunks {
		return fmt.Errorf("%d bytes are missing behind chunk %d: %w", p.left, p.blob.Chunks, ErrCorrupt)
	}
	if !p.it.Valid() || !bytes.Equal(p.it.Item().Key(), chunkKey(p.blob.ID, p.next)) {
		return fmt.Errorf("chunk %d of %d is missing: %w", p.next, p.blob.Chunks, ErrCorrupt)
	}
	err := p.it.Item().Value(func(value []byte) error {
		body, err := chunkBytes(value)
		if err == nil && (int64(len(body)) < p.skip || len(body) < engine.ModelChunkBytes && p.next < p.blob.Chunks-1) {
			err = fmt.Errorf("%d bytes are too few: %w", len(body), ErrCorrupt)
		}
		if err != nil {
			return fmt.Errorf("chunk %d of %d: %w", p.next, p.blob.Chunks, err)
		}
		p.room = append(p.room[:0], body[p.skip:]...)
		return nil
	})
	p.rest, p.skip = p.room, 0
	p.next++
	p.it.Next()
	return err
}

// Close lets go of the store.
func (p *blobPart) Close() error {
	if p.done != nil {
		p.done()
	}
	p.done, p.it, p.err = nil, nil, ErrClosed
	return nil
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
