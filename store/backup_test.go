package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/store/storetest"
)

// backup returns a backup's bytes.
func backup(t *testing.T, s *store.Store, since uint64) ([]byte, engine.Backup) {
	t.Helper()
	var file bytes.Buffer
	b, err := s.Backup(t.Context(), &file, since)
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), b
}

// restored opens what a chain of backups gives.
func restored(t *testing.T, o store.RestoreOptions, chain ...[]byte) (*store.Store, store.Restored) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	for _, file := range chain[1:] {
		o.Increments = append(o.Increments, bytes.NewReader(file))
	}
	out, err := store.Restore(t.Context(), dir, bytes.NewReader(chain[0]), o)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, store.Options{})
	t.Cleanup(func() { s.Close() })
	return s, out
}

// TestBackupUnderLoadIsAPrefix: what a backup taken under load restores to is all that
// was written up to some command, and not less than what was acknowledged before.
func TestBackupUnderLoadIsAPrefix(t *testing.T) {
	s := open(t, t.TempDir(), store.Options{})
	s.Start(t.Context(), nil)
	defer s.Close()
	ctx, stop := context.WithCancel(t.Context())
	var acked atomic.Uint64
	writing := make(chan struct{})
	go func() {
		defer close(writing)
		for n := 0; ctx.Err() == nil; n++ {
			r := write(t, s, seen(fmt.Sprint("e", n), engine.CustomerID(fmt.Sprint("c", n%50)), "", noon), engine.PutItem{Item: engine.Item{ID: engine.ItemID(fmt.Sprint(n))}})
			acked.Store(r[1].Seq)
		}
	}()
	for acked.Load() < 500 {
	}
	promised := acked.Load()
	file, b := backup(t, s, 0)
	stop()
	<-writing
	got, out := restored(t, store.RestoreOptions{}, file)
	if b.Seq < promised || out.Seq < b.Seq || out.Backup.ID != b.ID {
		t.Errorf("acknowledged %d, backed up %d, restored %d", promised, b.Seq, out.Seq)
	}
	have := map[uint64]bool{}
	for _, rows := range tellAll(t, got).history {
		for _, r := range rows {
			have[r.Seq] = true
		}
	}
	for seq := uint64(1); seq <= out.Seq; seq += 2 { // every other command is an item
		if !have[seq] {
			t.Errorf("the event of command %d is not there, of %d", seq, out.Seq)
		}
		delete(have, seq)
	}
	if len(have) > 0 {
		t.Errorf("%d events are newer than the newest command", len(have))
	}
}

// TestBackupsThatAdd restores a whole backup and two that add to it, with deletions,
// moves, a model dropped and somebody erased who came back in between.
func TestBackupsThatAdd(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	defer func() { s.Close() }()
	family(t, s)
	goes := engine.OfCustomer("goes-away")
	write(t, s, seen("g1", "goes-away", "tablet", noon), engine.PutItem{Item: engine.Item{ID: "old"}}, engine.PutItem{Item: engine.Item{ID: "kept"}})
	for v := range 2 {
		if err := s.SaveModel(t.Context(), v+1, nil, strings.NewReader("model")); err != nil {
			t.Fatal(err)
		}
	}
	shows(t, s, goes, 3)
	shows(t, s, engine.OfCustomer("ann"), 2)
	whole, b0 := backup(t, s, 0)
	shows(t, s, engine.OfCustomer("ben"), 2)
	write(t, s, engine.Erase{Subject: goes}, engine.DeleteItem{ID: "old"}, deleted(engine.OfCustomer("cleo"), "e9"), seen("g2", "goes-away", "", noon))
	if _, err := s.MoveMerged(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.DropModel(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil { // all goes to files, where Badger forgets deletions
		t.Fatal(err)
	}
	s = open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	s.Compact(t)
	one, b1 := backup(t, s, b0.Position)
	shows(t, s, engine.OfCustomer("cleo"), 1)
	write(t, s, seen("last", "ann", "", noon), engine.PutItem{Item: engine.Item{ID: "old", Title: "again"}})
	two, b2 := backup(t, s, b1.Position)
	got, out := restored(t, store.RestoreOptions{}, whole, one, two)
	if want, have := tellAll(t, s), tellAll(t, got); !reflect.DeepEqual(want, have) {
		t.Errorf("restored are %d subjects, %d commands, %d events, %d tickets, %d answers; want %d, %d, %d, %d, %d", len(have.history), len(have.tail),
			len(have.events), have.tickets, len(have.shown), len(want.history), len(want.tail), len(want.events), want.tickets, len(want.shown))
	} else if len(have.shown) != 5 {
		t.Errorf("%d answers are restored, want 5", len(have.shown))
	}
	if models, err := got.Models(t.Context()); err != nil || len(models) != 1 || out.Backup.ID != b2.ID {
		t.Errorf("restored %d models, %v, and backup %s; want 1 and %s", len(models), err, out.Backup.ID, b2.ID)
	}
	if it, err := got.Item(t.Context(), "old"); err != nil || it.Title != "again" {
		t.Errorf("an item that went and came back is %+v, %v", it, err)
	}
	if len(whole) < 2*len(two) {
		t.Errorf("what adds little has %d bytes, the whole %d", len(two), len(whole))
	}
	for name, chain := range map[string][][]byte{"a gap": {whole, two}, "no whole one": {one, two}, "twice": {whole, one, one}} {
		o := store.RestoreOptions{}
		for _, file := range chain[1:] {
			o.Increments = append(o.Increments, bytes.NewReader(file))
		}
		var invalid *engine.Invalid
		if _, err := store.Restore(t.Context(), filepath.Join(t.TempDir(), "s"), bytes.NewReader(chain[0]), o); !errors.As(err, &invalid) {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
	// The restored store goes its own way: nothing is added to the old one's backups.
	var invalid *engine.Invalid
	if _, err := got.Backup(t.Context(), io.Discard, b1.Position); !errors.As(err, &invalid) {
		t.Errorf("a backup of a restored store that adds to one of the old: %v, want it refused", err)
	}
}

// TestDamagedBackupsAreRefused cuts and flips a backup everywhere: what is in the
// directory stays as it was.
func TestDamagedBackupsAreRefused(t *testing.T) {
	s := open(t, "", store.Options{InMemory: true})
	s.Start(t.Context(), nil)
	defer s.Close()
	write(t, s, seen("e1", "ann", "phone", noon), engine.PutItem{Item: engine.Item{ID: "lamp"}})
	file, b := backup(t, s, 0)
	add, _ := backup(t, s, b.Position)
	dir := filepath.Join(t.TempDir(), "store")
	refused := func(what string, o store.RestoreOptions, file []byte) {
		t.Helper()
		_, err := store.Restore(t.Context(), dir, bytes.NewReader(file), o)
		if !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, store.ErrNewerFormat) {
			t.Errorf("%s: %v, want ErrCorrupt", what, err)
		}
		if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left, %v", what, left, err)
		}
	}
	for cut := 0; cut < len(file); cut += 1 + len(file)/23 {
		refused(fmt.Sprint("cut at ", cut), store.RestoreOptions{}, file[:cut])
		flipped := bytes.Clone(file)
		flipped[cut] ^= 0x40
		refused(fmt.Sprint("flipped at ", cut), store.RestoreOptions{}, flipped)
	}
	refused("without its end", store.RestoreOptions{}, file[:len(file)-1])
	refused("an addition cut short", store.RestoreOptions{Increments: []io.Reader{bytes.NewReader(add[:len(add)-40])}}, file)
}

// TestRestoreErasesAgain restores a backup over a store that has erased somebody since.
func TestRestoreErasesAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	write(t, s,
		seen("Sesam1", "Sesam", "SesamSession", noon), seen("e2", "ben", "", noon),
		engine.PutTicket{Ticket: engine.Ticket{ID: "t", Customer: "ben", Subject: "Sesam"}},
		engine.PutTicket{Ticket: engine.Ticket{ID: "t", Customer: "Sesam", Subject: "Sesam", State: "solved"}},
	)
	file, b := backup(t, s, 0)
	write(t, s, seen("e3", "ben", "", noon))
	receipt := write(t, s, engine.Erase{Subject: engine.OfCustomer("Sesam")})[0].Erased
	if len(receipt.Backups) != 1 || receipt.Backups[0] != b {
		t.Errorf("the receipt lists %+v, want the backup %+v", receipt.Backups, b)
	}
	o := store.RestoreOptions{Replace: true}
	var locked *store.LockedError
	if _, err := store.Restore(t.Context(), dir, bytes.NewReader(file), o); !errors.As(err, &locked) {
		t.Errorf("restoring over a store in use: %v, want a LockedError", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), dir, bytes.NewReader(file), store.RestoreOptions{}); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("restoring over a store, unasked: %v, want ErrConflict", err)
	}
	out, err := store.Restore(t.Context(), dir, bytes.NewReader(file), o)
	if err != nil || out.Erased != 1 {
		t.Fatalf("Restore: %+v, %v; want one erasure made again", out, err)
	}
	if n := storetest.FilesHolding(t, dir, "Sesam"); n != 0 {
		t.Errorf("%d files of the restored store name the erased", n)
	}
	kept := open(t, out.Kept, store.Options{})
	if kept.Seq() <= out.Backup.Seq {
		t.Errorf("the store kept aside ends at %d", kept.Seq())
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, store.Options{})
	defer s.Close()
	if got, err := s.Erasure(t.Context(), receipt.Receipt); err != nil || got.Interactions != receipt.Interactions {
		t.Errorf("the receipt in the restored store is %+v, %v", got, err)
	}
	if rows, err := s.History(t.Context(), engine.OfCustomer("ben")); err != nil || len(rows) != 1 {
		t.Errorf("ben's history has %d rows, %v; want that of the backup", len(rows), err)
	}
	// Where the store that erased is lost, its receipts do.
	lost, out := restored(t, store.RestoreOptions{Erasures: []engine.Erasure{*receipt}}, file)
	if rows, err := lost.History(t.Context(), engine.OfCustomer("Sesam")); err != nil || len(rows) > 0 || out.Erased != 1 {
		t.Errorf("restored with a receipt: %d rows of the erased, %v, %+v", len(rows), err, out)
	}
}

func TestRestoreIntoPlaces(t *testing.T) {
	s := open(t, "", store.Options{InMemory: true})
	s.Start(t.Context(), nil)
	defer s.Close()
	write(t, s, seen("e1", "ann", "", noon))
	file, _ := backup(t, s, 0)
	empty, full, damaged := t.TempDir(), t.TempDir(), t.TempDir()
	if _, err := store.Restore(t.Context(), empty, bytes.NewReader(file), store.RestoreOptions{}); err != nil {
		t.Errorf("into an empty directory: %v", err)
	}
	if got := open(t, empty, store.Options{}); got.Seq() != 1 || got.Close() != nil {
		t.Errorf("restored up to %d", got.Seq())
	}
	note := filepath.Join(full, "note")
	if err := os.WriteFile(note, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), full, bytes.NewReader(file), store.RestoreOptions{Replace: true}); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("into a directory of something else: %v, want ErrConflict", err)
	}
	if err := os.WriteFile(filepath.Join(damaged, "MANIFEST"), []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := store.RestoreOptions{Replace: true}
	if _, err := store.Restore(t.Context(), damaged, bytes.NewReader(file), o); err == nil {
		t.Error("a store that cannot be read was replaced, unasked")
	}
	o.Damaged = true
	out, err := store.Restore(t.Context(), damaged, bytes.NewReader(file), o)
	if err != nil || out.Kept == "" {
		t.Errorf("over a damaged store: %+v, %v", out, err)
	}
	t.Cleanup(func() { os.RemoveAll(out.Kept) })
}
