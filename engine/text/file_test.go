package text

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"testing"
)

func saved(t testing.TB, e *Encoder) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := e.Save(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestSaveAndLoad(t *testing.T) {
	docs := corpus(50, rand.New(rand.NewPCG(3, 3)))
	for name, e := range map[string]*Encoder{"untrained": Untrained(64), "fitted": Fit(docs, 16, 1)} {
		data := saved(t, e)
		got, err := LoadEncoder(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, doc := range append(docs, []string{"never", "seen"}) {
			if !slices.Equal(got.Encode(doc), e.Encode(doc)) {
				t.Fatalf("%s: the loaded encoder encodes %q to other bits", name, doc)
			}
		}
		if !bytes.Equal(saved(t, got), data) {
			t.Errorf("%s: saving what was loaded gives other bytes", name)
		}
	}
}

func TestLoadRefusesDamage(t *testing.T) {
	data := saved(t, Fit(corpus(20, rand.New(rand.NewPCG(4, 4))), 4, 1))
	for cut := range data {
		if _, err := LoadEncoder(bytes.NewReader(data[:cut])); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut at %d: %v, want ErrCorrupt", cut, err)
		}
	}
	for at := range data {
		bad := slices.Clone(data)
		bad[at] ^= 0x10
		if _, err := LoadEncoder(bytes.NewReader(bad)); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("bit flipped at %d: %v, want ErrCorrupt", at, err)
		}
	}
}

// FuzzLoadEncoder mends the checksum of whatever it is given, so that it reaches what
// the checksum guards.
func FuzzLoadEncoder(f *testing.F) {
	f.Add(saved(f, Untrained(3)))
	f.Add(saved(f, Fit(corpus(12, rand.New(rand.NewPCG(4, 4))), 2, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		mended := binary.LittleEndian.AppendUint32(slices.Clone(data), crc32.Checksum(data, castagnoli))
		if len(data) >= 4 {
			mended = append(mended, binary.LittleEndian.AppendUint32(nil, crc32.Checksum(data[:len(data)-4], castagnoli))...)
		}
		for _, bytesOf := range [][]byte{data, mended} {
			e, err := LoadEncoder(bytes.NewReader(bytesOf))
			if err != nil {
				continue
			}
			if v := e.Encode([]string{"lamp", "t0w1"}); v != nil && len(v) != e.Dims() {
				t.Fatalf("a vector of %d for %d dims", len(v), e.Dims())
			}
			if !bytes.Equal(saved(t, e), bytesOf[:len(saved(t, e))]) {
				t.Fatalf("saving what was loaded gives other bytes")
			}
		}
	})
}
