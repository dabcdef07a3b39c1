package tally

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"maps"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// The form of saved counters, little endian:
//
//	version byte | landmark int64 | newest int64 | fingerprint of the settings uint64 |
//	cells uint32 | length uint32, which counters whose every cell came to zero have, too
//	sums over all items: a float64 a span
//	per cell that is not all zero, by rising number: number uint32 | a float64 a span
//	CRC-32C uint32 of all before
const (
	version    = 4
	headBytes  = sumsAt + 8*int(spans)
	sumsAt     = 1 + 8 + 8 + 8 + 4 + 4
	cellBytes  = 4 + 8*int(spans)
	checkBytes = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrCorrupt is wrapped by Unmarshal's errors.
var ErrCorrupt = errors.New("saved counters cannot be read")

// ErrOtherSettings is wrapped by Unmarshal's error where the counters were counted under
// other weights than those they are to be read under.
var ErrOtherSettings = errors.New("counters were counted under other settings")

// fingerprint is the same for settings that weigh every row alike.
func fingerprint(s engine.Settings) uint64 {
	h := fnv.New64a()
	for _, t := range slices.Sorted(maps.Keys(s.Types)) {
		set := s.Types[t]
		if set.Weight == 0 {
			continue
		}
		var b []byte
		b = binary.LittleEndian.AppendUint32(b, uint32(len(t)))
		b = append(b, t...)
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(set.Weight))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(set.Liked))
		_, _ = h.Write(b) // a hash never fails
	}
	return h.Sum64()
}

// MarshalBinary returns c in a form that Unmarshal reads back to the bit. Of the settings
// it holds a fingerprint.
func (c *Counters) MarshalBinary() ([]byte, error) {
	out := make([]byte, headBytes, headBytes+c.length*cellBytes+checkBytes)
	out[0] = version
	binary.LittleEndian.PutUint64(out[1:], uint64(c.landmark))
	binary.LittleEndian.PutUint64(out[9:], uint64(c.newest))
	binary.LittleEndian.PutUint64(out[17:], fingerprint(c.settings))
	for s, v := range c.all {
		binary.LittleEndian.PutUint64(out[sumsAt+8*s:], math.Float64bits(v))
	}
	cells := uint32(0)
	for k, ch := range c.chunks {
		if ch == nil {
			continue
		}
		for b, block := range ch.blocks {
			if block == nil {
				continue
			}
			for i := range block {
				if block[i] == (cell{}) {
					continue
				}
				cells++
				out = binary.LittleEndian.AppendUint32(out, uint32(k*chunkLen+b*blockLen+i))
				for _, v := range block[i] {
					out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
				}
			}
		}
	}
	binary.LittleEndian.PutUint32(out[25:], cells)
	binary.LittleEndian.PutUint32(out[29:], uint32(c.length))
	return seal(out), nil
}

// seal appends the checksum of body.
func seal(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(body, crc32.Checksum(body, castagnoli))
}

// Unmarshal reads what MarshalBinary wrote. It refuses anything truncated, damaged or
// of another version with an error that wraps ErrCorrupt, and what was counted under
// other settings with ErrOtherSettings. What it allocates is bounded
// by a constant times len(data), plus the chunk directory of engine.MaxCatalogue items.
func Unmarshal(data []byte, settings engine.Settings) (*Counters, error) {
	if len(data) < headBytes+checkBytes {
		return nil, fmt.Errorf("%w: %d bytes are too few", ErrCorrupt, len(data))
	}
	body, sum := data[:len(data)-checkBytes], binary.LittleEndian.Uint32(data[len(data)-checkBytes:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, fmt.Errorf("%w: the checksum does not match", ErrCorrupt)
	}
	if body[0] != version {
		return nil, fmt.Errorf("%w: version %d, this program reads %d", ErrCorrupt, body[0], version)
	}
	cells := int64(binary.LittleEndian.Uint32(body[25:]))
	if int64(len(body)) != int64(headBytes)+cells*int64(cellBytes) {
		return nil, fmt.Errorf("%w: %d bytes for %d cells", ErrCorrupt, len(data), cells)
	}
	if binary.LittleEndian.Uint64(body[17:]) != fingerprint(settings) {
		return nil, ErrOtherSettings
	}
	c := New(settings)
	c.landmark = int64(binary.LittleEndian.Uint64(body[1:]))
	c.newest = int64(binary.LittleEndian.Uint64(body[9:]))
	for s := range spans {
		if c.all[s] = math.Float64frombits(binary.LittleEndian.Uint64(body[sumsAt+8*s:])); math.IsNaN(c.all[s]) || math.IsInf(c.all[s], 0) {
			return nil, fmt.Errorf("%w: the sum over all items is not a number", ErrCorrupt)
		}
	}
	for rest := body[headBytes:]; len(rest) > 0; rest = rest[cellBytes:] {
		if err := c.read(rest); err != nil {
			return nil, err
		}
	}
	length := int64(binary.LittleEndian.Uint32(body[29:]))
	if length < int64(c.length) || length > engine.MaxCatalogue {
		return nil, fmt.Errorf("%w: a length of %d with cells up to number %d", ErrCorrupt, length, c.length-1)
	}
	c.length = int(length)
	return c, nil
}

// read takes the cell at the start of b, which must have a higher number than the last.
func (c *Counters) read(b []byte) error {
	n := binary.LittleEndian.Uint32(b)
	if int64(n) < int64(c.length) || n >= engine.MaxCatalogue {
		return fmt.Errorf("%w: item number %d is out of order or out of range", ErrCorrupt, n)
	}
	to := &c.room(engine.ItemNum(n)).blocks[n%chunkLen/blockLen]
	if *to == nil {
		*to = new(block)
	}
	for s := range spans {
		v := math.Float64frombits(binary.LittleEndian.Uint64(b[4+8*s:]))
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%w: the count of item %d is not a number", ErrCorrupt, n)
		}
		(*to)[n%blockLen][s] = v
	}
	c.length = int(n) + 1
	return nil
}
