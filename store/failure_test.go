package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store/journal"
)

// openTest opens a store and closes it when the test ends.
func openTest(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir, Options{InMemory: dir == ""})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func viewed(id string) engine.Command {
	return engine.RecordEvent{Lines: []engine.Interaction{{
		EventID: id, Type: engine.View, Customer: "ann", Session: engine.SessionID("v" + id), Item: engine.ItemID("item-" + id),
	}}}
}

func eventIDs(t *testing.T, s *Store) (ids []string) {
	t.Helper()
	rows, err := s.History(t.Context(), engine.OfCustomer("ann"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		ids = append(ids, r.EventID)
	}
	return ids
}

func TestDiskFullRefusesAndRecovers(t *testing.T) {
	s := openTest(t, t.TempDir())
	observed := 0
	s.Start(t.Context(), func(group []engine.Committed) { observed += len(group) })
	room := int64(DefaultMinFree)
	s.free = func(string) (int64, bool) { return room, true }
	if _, err := s.Append(t.Context(), []engine.Command{viewed("1")}); err != nil {
		t.Fatal(err)
	}
	room--
	r, err := s.Append(t.Context(), []engine.Command{viewed("2"), engine.DeleteItem{ID: "none"}})
	if !errors.Is(err, ErrDiskFull) || !errors.Is(r[0].Err, ErrDiskFull) || !errors.Is(r[1].Err, engine.ErrNotFound) {
		t.Errorf("Append without room: %+v, %v; want ErrDiskFull, and the bad command's own error", r, err)
	}
	if err := s.SaveModel(t.Context(), 1, nil, strings.NewReader("x")); !errors.Is(err, ErrDiskFull) {
		t.Errorf("SaveModel without room: %v, want ErrDiskFull", err)
	}
	if _, ok := s.ids.Num("item-2"); ok || s.Seq() != 2 || observed != 2 {
		t.Errorf("a refused event left a number: %v, seq %d, %d observed", ok, s.Seq(), observed)
	}
	// What makes room is allowed.
	if err := s.TrimTail(t.Context(), 2); err != nil {
		t.Errorf("TrimTail without room: %v", err)
	}
	erase := func() ([]engine.Result, error) {
		return s.Append(t.Context(), []engine.Command{engine.Erase{Subject: engine.OfCustomer("ben")}})
	}
	room = DefaultMinFree/2 - 1 // not enough for the tables that are written anew
	if r, err := erase(); err != nil || !errors.Is(r[0].Err, ErrDiskFull) || s.Seq() != 2 {
		t.Errorf("Erase with hardly any room: %+v, %v, seq %d; want ErrDiskFull, and nothing done", r, err, s.Seq())
	}
	room = DefaultMinFree - 1
	if r, err := erase(); err != nil || r[0].Err != nil {
		t.Errorf("Erase without room: %+v, %v", r, err)
	}
	room++
	if r, err := s.Append(t.Context(), []engine.Command{viewed("2")}); err != nil || r[0].Duplicate {
		t.Errorf("Append with room again: %+v, %v; want the event kept, not called a duplicate", r, err)
	}
	if got := fmt.Sprint(eventIDs(t, s)); got != "[1 2]" {
		t.Errorf("History = %s, want both events", got)
	}
}

func TestFailedCommitStopsWriting(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	observed := 0
	s.Start(t.Context(), func(group []engine.Committed) { observed += len(group) })
	fail := error(nil)
	s.commit = func(txn *badger.Txn) error {
		if fail != nil {
			return fail
		}
		return txn.Commit()
	}
	if _, err := s.Append(t.Context(), []engine.Command{viewed("1")}); err != nil {
		t.Fatal(err)
	}
	// Refused at the door: nothing was written, and it goes on.
	fail = badger.ErrBlockedWrites
	if _, err := s.Append(t.Context(), []engine.Command{viewed("2")}); !errors.Is(err, badger.ErrBlockedWrites) {
		t.Errorf("Append: %v, want the commit's error", err)
	}
	fail = nil
	if r, err := s.Append(t.Context(), []engine.Command{viewed("2")}); err != nil || r[0].Duplicate {
		t.Fatalf("Append after a refused commit: %+v, %v", r, err)
	}
	// Failed half-way: who knows what was written.
	fail = fmt.Errorf("writing the log: %w", syscall.EIO)
	if r, err := s.Append(t.Context(), []engine.Command{viewed("3")}); !errors.Is(err, ErrBroken) || !errors.Is(r[0].Err, syscall.EIO) {
		t.Errorf("Append: %+v, %v; want ErrBroken with its cause", r, err)
	}
	fail = nil
	for _, cmd := range []engine.Command{viewed("4"), engine.Erase{Subject: engine.OfCustomer("ann")}} {
		if r, err := s.Append(t.Context(), []engine.Command{cmd}); !errors.Is(r[0].Err, ErrBroken) {
			t.Errorf("%T after a failed commit: %+v, %v; want ErrBroken", cmd, r, err)
		}
	}
	if got := fmt.Sprint(eventIDs(t, s)); got != "[1 2]" || observed != 4 {
		t.Errorf("History = %s, %d observed; want 1 and 2, each with its link", got, observed)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	s.Start(t.Context(), nil)
	if _, err := s.Append(t.Context(), []engine.Command{viewed("4")}); err != nil {
		t.Errorf("Append after opening again: %v", err)
	}
}

// put writes rows past the committer, as damage and crashes do.
func put(t *testing.T, s *Store, key, value []byte) {
	t.Helper()
	if err := s.db.Update(func(txn *badger.Txn) error { return txn.Set(key, value) }); err != nil {
		t.Fatal(err)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	put(t, s, formatKey, binary.AppendUvarint([]byte{recordVersion}, formatVersion+1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrNewerFormat) {
		t.Errorf("Open: %v, want ErrNewerFormat", err)
	}
	if _, err := Open(dir, Options{}); errors.Is(err, ErrLocked) {
		t.Error("a refused Open leaves the directory locked")
	}
	if _, err := Open("", Options{}); err == nil {
		t.Error("Open without a directory, not in memory: want an error")
	}
}

func TestDamagedNumbersAreRefused(t *testing.T) {
	for name, row := range map[string][]byte{"twice": encodeNumber(0), "gap": encodeNumber(7), "garbage": {9, 9}} {
		dir := t.TempDir()
		s := openTest(t, dir)
		s.Start(t.Context(), nil)
		if _, err := s.Append(t.Context(), []engine.Command{viewed("1")}); err != nil {
			t.Fatal(err)
		}
		put(t, s, textKey(numberLetter, "other"), row)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: Open: %v, want ErrCorrupt", name, err)
		}
	}
}

func TestDamagedModelIsNoticed(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), engine.ModelChunkBytes/8) // two chunks
	for name, damage := range map[string]func(s *Store, b blob){
		"flipped bit": func(s *Store, b blob) {
			value := append([]byte{recordVersion, 0, 0, 0, 0}, body[:engine.ModelChunkBytes]...)
			value[100] ^= 1
			put(t, s, chunkKey(b.ID, 1), value)
		},
		"missing": func(s *Store, b blob) {
			if err := s.deleteAll(t.Context(), [][]byte{chunkKey(b.ID, 1)}); err != nil {
				t.Fatal(err)
			}
		},
		"another's": func(s *Store, b blob) {
			if err := s.SaveModel(t.Context(), 2, nil, strings.NewReader("sound, but not of this model")); err != nil {
				t.Fatal(err)
			}
			txn := s.db.NewTransaction(false)
			defer txn.Discard()
			value, err := get(txn, chunkKey(b.ID+1, 0))
			if err != nil {
				t.Fatal(err)
			}
			put(t, s, chunkKey(b.ID, 1), value)
		},
	} {
		s := openTest(t, "")
		if err := s.SaveModel(t.Context(), 1, []byte("{}"), bytes.NewReader(body)); err != nil {
			t.Fatal(err)
		}
		row, err := s.model(t.Context(), 1)
		if err != nil || row.Chunks != 2 {
			t.Fatalf("%d chunks, %v; want 2", row.Chunks, err)
		}
		damage(s, row.blob)
		r, err := s.LoadModel(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: reading the model: %v, want ErrCorrupt", name, err)
		}
		if report, err := s.Check(t.Context(), true); err != nil || len(report.Problems) == 0 {
			t.Errorf("%s: Check finds nothing, %v", name, err)
		}
	}
}

func TestUnfinishedModelIsClearedAway(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	if err := s.SaveModel(t.Context(), 1, []byte("{}"), strings.NewReader("one")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.saveBlob(t.Context(), bytes.NewReader(make([]byte, 2*engine.ModelChunkBytes))); err != nil { // and no manifest
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	chunks := 0
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	if err := eachKey(txn, []byte{blobLetter}, func([]byte) error { chunks++; return nil }); err != nil || chunks != 1 {
		t.Errorf("%d chunks, %v; want the finished model's alone", chunks, err)
	}
	if list, err := s.Models(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("Models = %+v, %v; want one", list, err)
	}
	if err := s.SaveModel(t.Context(), 2, []byte("{}"), strings.NewReader("two")); err != nil {
		t.Fatal(err)
	}
	if r, err := s.LoadModel(t.Context(), 1); err != nil {
		t.Error(err)
	} else if got, err := io.ReadAll(r); err != nil || string(got) != "one" {
		t.Errorf("model 1 is %q, %v after another was saved; want it as it was", got, err)
	}
}

func TestUnfinishedErasureIsFinished(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	s.Start(t.Context(), nil)
	ctx := context.Background()
	if _, err := s.Append(ctx, []engine.Command{viewed("1"), viewed("2"), engine.PutCustomer{Customer: engine.Customer{ID: "ben"}}}); err != nil {
		t.Fatal(err)
	}
	// The first step of an erasure, and then the end of the process.
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	u, err := whomToErase(txn, engine.OfCustomer("ann").Hash())
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := s.receipt(txn, u)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.commitErasure(txn, s.Seq()+1, receipt, u); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	if got := eventIDs(t, s); len(got) != 0 {
		t.Errorf("History of the erased = %v after reopening, want none", got)
	}
	if got := s.Resolve(engine.OfSession("v1")); got != engine.OfSession("v1") {
		t.Errorf("the erased one's session still belongs to %s", got)
	}
	if _, err := s.Customer(ctx, "ben"); err != nil {
		t.Errorf("Customer(ben): %v", err)
	}
	if got, err := s.Erasure(ctx, receipt.Receipt); err != nil || got.Interactions != 2 {
		t.Errorf("Erasure = %+v, %v; want the receipt", got, err)
	}
	if report, err := s.Check(ctx, true); err != nil || len(report.Problems) > 0 || s.Seq() != 6 {
		t.Errorf("Check: %v, %q; seq %d, want 6", err, report.Problems, s.Seq())
	}
}

func TestCheckFindsDamage(t *testing.T) {
	ann := engine.OfCustomer("ann").Hash()
	for name, row := range map[string]entry{
		"event":        {eventKey(ann, engine.HashOf("x"), 0), []byte{rowVersion, 1, 2}},
		"future event": {eventKey(ann, engine.HashOf("y"), 0), []byte{rowVersion, 0, 99, 0, 0, 1}},
		"name":         {hashKey(nameLetter, engine.HashOf("x")), encodeName(engine.OfCustomer("ben"))},
		"link":         {hashKey(forwardLetter, engine.HashOf("x")), link{into: engine.HashOf("y")}.encode()},
		"owned":        {pairKey(ownedLetter, ann, engine.HashOf("x")), []byte{recordVersion}},
		"customer":     {hashKey(customerLetter, ann), []byte(`x`)},
		"ticket":       {pairKey(ticketLetter, ann, engine.HashOf("t")), []byte{recordVersion, 1, '{', '}'}},
		"home":         {hashKey(ticketHomeLetter, ann), encodeHome(ann)},
		"scenario":     {textKey(scenarioLetter, "a"), []byte("\x01\x01{\"name\":\"b\"}")},
		"item":         {itemKey(5), []byte("\x01\x01{\"item_id\":\"b\"}")},
		"tail":         {numberedKey(tailLetter, 50), appendTail(nil, firstTime, []change{{kind: tailItem}})},
		"receipt":      {textKey(receiptLetter, "a"), []byte("\x01\x01{}")},
		"unfinished":   {textKey(unfinishedLetter, "a"), []byte("\x01\x01{}")},
		"model":        {modelKey(1), []byte("\x01\x01{\"chunks\":1}")},
		"checkpoint":   {textKey(checkpointLetter, "a"), []byte("\x01\x01{\"chunks\":2}")},
		"impression":   {value: []byte("\x01\x01")},
	} {
		s := openTest(t, "")
		s.Start(t.Context(), nil)
		if _, err := s.Append(t.Context(), []engine.Command{viewed("1")}); err != nil {
			t.Fatal(err)
		}
		if report, err := s.Check(t.Context(), false); err != nil || len(report.Problems) > 0 || report.Interactions != 1 || report.Links != 1 {
			t.Fatalf("a sound store: %+v, %v", report, err)
		}
		if row.key != nil {
			put(t, s, row.key, row.value)
		} else if err := s.shown.Append([]journal.Row{{Key: journal.Key{Subject: ann, ID: ann}, Value: row.value}}); err != nil {
			t.Fatal(err)
		}
		if report, err := s.Check(t.Context(), false); err != nil || len(report.Problems) != 1 {
			t.Errorf("%s: Check finds %q, %v; want one problem", name, report.Problems, err)
		}
	}
}

func TestRecallIsBounded(t *testing.T) {
	r := newRecall[int, bool](100)
	for i := range 10_000 {
		r.put(i, true)
		if len(r.young)+len(r.old) > 200 {
			t.Fatalf("it holds %d entries", len(r.young)+len(r.old))
		}
		for _, recent := range []int{i, i - 50, i - 99} {
			if _, ok := r.get(recent); !ok && recent >= 0 {
				t.Fatalf("after %d it has forgotten %d", i, recent)
			}
		}
	}
	r.forget(func(k int, _ bool) bool { return k%2 == 0 })
	if _, ok := r.get(9_998); ok {
		t.Error("it remembers what it was told to forget")
	}
}
