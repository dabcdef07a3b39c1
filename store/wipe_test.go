package store

import (
	"io"
	"strings"
	"testing"
)

// TestInterruptedWipeIsTakenAgain: what a crash leaves of a model that was being wiped, its
// manifest and a marker, hinders nobody, and the next wipe clears it away.
func TestInterruptedWipeIsTakenAgain(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	for version := 1; version <= 2; version++ {
		if err := s.SaveModel(t.Context(), version, []byte("{}"), strings.NewReader("model")); err != nil {
			t.Fatal(err)
		}
	}
	row, err := s.model(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.dropBlobs([]uint64{row.ID}); err != nil {
		t.Fatal(err)
	}
	put(t, s, append(numberedKey(blobLetter, row.ID), 0), []byte{recordVersion})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	if list, err := s.Models(t.Context()); err != nil || len(list) != 2 {
		t.Fatalf("Models = %+v, %v; want both, the first to be wiped again", list, err)
	}
	if err := s.WipeModel(t.Context(), 1); err != nil {
		t.Error(err)
	}
	if r, err := s.LoadModel(t.Context(), 2); err != nil {
		t.Error(err)
	} else if got, err := io.ReadAll(r); err != nil || string(got) != "model" {
		t.Errorf("the other model is %q, %v", got, err)
	}
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	if lives, err := blobsInFiles(txn); err != nil || len(lives) != 1 {
		t.Errorf("the files hold the blobs %v, %v; want one", lives, err)
	}
	if report, err := s.Check(t.Context(), true); err != nil || len(report.Problems) > 0 || report.Models != 1 {
		t.Errorf("Check: %v, %+v", err, report)
	}
}

// TestWipingTakesWhatWasDroppedBefore: a plain delete leaves a model in the files, here for a
// reading that began before it.
func TestWipingTakesWhatWasDroppedBefore(t *testing.T) {
	s := openTest(t, "")
	for version := 1; version <= 3; version++ {
		if err := s.SaveModel(t.Context(), version, []byte("{}"), strings.NewReader("model")); err != nil {
			t.Fatal(err)
		}
	}
	reading := s.db.NewTransaction(false)
	defer reading.Discard()
	if err := s.DropModel(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := s.WipeModel(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	third, err := s.model(t.Context(), 3)
	if lives, blobsErr := blobsInFiles(txn); err != nil || blobsErr != nil || len(lives) != 1 || !lives[third.ID] {
		t.Errorf("the files hold the blobs %v (%v, %v), want %d alone", lives, err, blobsErr, third.ID)
	}
}
