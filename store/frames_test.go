package store

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// readFrames reads a whole file of frames and returns its bodies by kind.
func readFrames(file []byte) (map[byte][]byte, error) {
	f, err := newFrameReader(bytes.NewReader(file))
	got := map[byte][]byte{}
	for err == nil && !f.done {
		kind := f.kind
		var body []byte
		if body, err = io.ReadAll(f.of(kind)); err == nil {
			got[kind] = append(got[kind], body...)
		}
	}
	return got, err
}

func aFile(t testing.TB, data []byte) []byte {
	t.Helper()
	var file bytes.Buffer
	f, err := newFrameWriter(&file)
	if err == nil {
		err = f.frame(frameHeader, []byte("{}"))
	}
	section := &section{f: f, kind: frameData}
	if err == nil {
		_, err = section.Write(data)
	}
	if err = errors.Join(err, section.flush(), f.end()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestFramesGiveBackWhatWasWritten(t *testing.T) {
	for _, size := range []int{0, 1, frameBytes - 1, frameBytes, 3*frameBytes + 7} {
		data := bytes.Repeat([]byte("0123456789abcdef!"), size/17+1)[:size]
		got, err := readFrames(aFile(t, data))
		if err != nil || !bytes.Equal(got[frameData], data) || string(got[frameHeader]) != "{}" {
			t.Errorf("%d bytes come back as %d, %v", size, len(got[frameData]), err)
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(aFile(f, []byte("some data")))
	f.Add([]byte(backupMagic + "\x01d\xff\xff\xff\xff\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := readFrames(file); err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNewerFormat) {
			t.Errorf("error %v wraps neither ErrCorrupt nor ErrNewerFormat", err)
		}
	})
}

func FuzzKeyList(f *testing.F) {
	f.Add([]byte{0, 2, 'a', 'b', 1, 1, 'c'})
	f.Fuzz(func(t *testing.T, list []byte) {
		in := keyReader{in: bufio.NewReader(bytes.NewReader(list))}
		for !in.end {
			if err := in.next(); err != nil {
				if !errors.Is(err, ErrCorrupt) {
					t.Errorf("error %v does not wrap ErrCorrupt", err)
				}
				return
			}
		}
	})
}

// What an event was before a change is kept as long as the tail tells of it.
func TestTrimTailForgetsWhatWasBefore(t *testing.T) {
	s := openTest(t, "")
	s.Start(t.Context(), nil)
	change := engine.UpdateEvent{Subject: engine.OfCustomer("ann"), EventID: "1", Update: func(l []engine.Interaction) ([]engine.Interaction, error) {
		l[0].Value++
		return l, nil
	}}
	for _, cmd := range []engine.Command{viewed("1"), change, change} {
		if r, err := s.Append(t.Context(), []engine.Command{cmd}); err != nil || r[0].Err != nil {
			t.Fatal(r, err)
		}
	}
	for _, step := range []struct {
		below uint64
		want  int
	}{{1, 2}, {s.Seq() + 1, 0}} {
		if err := s.TrimTail(t.Context(), step.below); err != nil {
			t.Fatal(err)
		}
		n := 0
		err := s.db.View(func(txn *badger.Txn) error {
			return eachKey(txn, []byte{beforeLetter}, func([]byte) error { n++; return nil })
		})
		if err != nil || n != step.want {
			t.Errorf("trimmed below %d, %d changes are kept, %v; want %d", step.below, n, err, step.want)
		}
	}
}

// Impressions live by the store's clock, also where it is not the machine's.
func TestImpressionsLiveByTheStoresClock(t *testing.T) {
	now := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	s, err := Open("", Options{InMemory: true, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	who := engine.OfCustomer("ann")
	imp := engine.Impression{Subject: who, At: now, RecommendationID: engine.NewRecommendationID(who.Hash(), now, 1)}
	packed, _, err := s.PackImpression(nil, &imp)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PutImpressions(t.Context(), []engine.PackedImpression{packed}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Impression(t.Context(), imp.RecommendationID); err != nil {
		t.Errorf("an answer given now, years ago by the machine's clock: %v", err)
	}
	now = now.Add(engine.ImpressionAge + time.Hour)
	if _, err := s.Impression(t.Context(), imp.RecommendationID); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("an answer that has expired: %v, want not found", err)
	}
}
