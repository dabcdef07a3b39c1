package modeltest

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// Mend returns saved bytes with every checksum made to match, as far as their sections can be
// followed: a fuzz test of a loader so reaches what checksums else would keep from it.
func Mend(data []byte) []byte {
	out := slices.Clone(data)
	table := crc32.MakeTable(crc32.Castagnoli)
	at := 8 // the name's length
	if len(out) <= at {
		return out
	}
	at += 1 + int(out[at]) + 4
	check := func() bool {
		if at < 0 || at+4 > len(out) {
			return false
		}
		binary.LittleEndian.PutUint32(out[at:], crc32.Checksum(out[:at], table))
		at += 4
		return true
	}
	sizes := map[byte]uint64{'b': 1, 'f': 4, 'd': 8, 'u': 4, '.': 1}
	for check() && at+9 <= len(out) {
		kind, count := out[at], binary.LittleEndian.Uint64(out[at+1:])
		at += 9
		if kind == 't' {
			for ; count > 0 && at+4 <= len(out); count-- {
				at += 4 + int(min(binary.LittleEndian.Uint32(out[at:]), 1<<20))
			}
			continue
		}
		at += int(min(count, 1<<28) * sizes[kind])
	}
	return out
}
