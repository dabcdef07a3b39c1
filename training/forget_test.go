package training_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/store/storetest"
	"github.com/rapportengine/rapport/training"
)

// secretWord is what only the erased ever said.
const secretWord = "asdfghjkl"

// taughtByTheErased is a shop with a model that knows secretWord, of somebody who was erased since.
func taughtByTheErased(t *testing.T, dir string, customers int) *store.Store {
	t.Helper()
	s := shopIn(t, dir, customers)
	support(t, s, 60, 0)
	write(t, s, engine.PutTicket{Ticket: asked("e", "erased", start.AddDate(0, 0, 2), "unlit "+secretWord, engine.Tried{Item: fixID(0), Outcome: "solved"})})
	tr, swapped := trainer(s, small())
	if _, err := tr.Now(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(savedOf(t, (*swapped)[0]), []byte(secretWord)) {
		t.Fatal("the model does not hold the word: this test would prove nothing")
	}
	write(t, s, engine.Erase{Subject: engine.OfCustomer("erased")})
	return s
}

func savedOf(t *testing.T, m *recommend.Models) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestARefusedTrainingForgets: the sources that serve stay, and the words of the erased go.
func TestARefusedTrainingForgets(t *testing.T) {
	for _, held := range []string{"nothing", "all", "what is learnt from"} { // of the models, in the process
		s := taughtByTheErased(t, "", 400)
		tr, swapped := trainer(s, useless())
		if held == "what is learnt from" {
			swapped = new([]*recommend.Models)
			tr = training.New(s, func(m *recommend.Models) { *swapped = append(*swapped, m) }, training.Options{Search: useless(), Seed: 1, Workers: 2, Alone: true})
		}
		if held != "nothing" {
			if _, _, err := tr.Latest(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if !tr.Due(t.Context()) {
			t.Error("after an erasure no training is due")
		}
		if report, err := tr.Now(t.Context(), nil); !errors.Is(err, training.ErrRefused) || report.Refused == "" {
			t.Fatalf("a useless model: %v, want it refused", err)
		}
		if len(*swapped) != 1 || (*swapped)[0].Version != 2 || (*swapped)[0].Desk == nil || len((*swapped)[0].Fitted) != 2 {
			t.Fatalf("%d swaps; want the sources that served, and a desk", len(*swapped))
		}
		saved := savedOf(t, (*swapped)[0])
		if bytes.Contains(saved, []byte(secretWord)) || !bytes.Contains(saved, []byte("unlit")) {
			t.Error("what serves knows the erased, or nobody")
		}
		versions, err := s.Models(t.Context())
		if err != nil || len(versions) != 1 || versions[0].Version != 2 || !versions[0].Current {
			t.Errorf("kept are %+v (%v), want the second alone", versions, err)
		}
		write(t, s, engine.PutItem{Item: engine.Item{ID: "new"}})
		if tr.Due(t.Context()) {
			t.Error("a training is due again, of nothing but an item")
		}
		// What served is no worse than it was: the gate takes its equal, and refuses the useless again.
		if _, err := tr.Now(t.Context(), nil); !errors.Is(err, training.ErrRefused) {
			t.Errorf("the next useless model: %v, want it refused", err)
		}
		good, _ := trainer(s, small())
		if report, err := good.Now(t.Context(), nil); err != nil || report.Version != 3 {
			t.Errorf("a good model after it: %v", err)
		}
	}
}

// TestAFailedTrainingForgets: where training fails, nothing of tickets stays.
func TestAFailedTrainingForgets(t *testing.T) {
	s := taughtByTheErased(t, "", 5)
	tr, swapped := trainer(s, &training.Search{training.Factor(factor.Params{Dims: 4, Lambda: 0.01, Alpha0: 1e38, Epochs: 4})})
	if _, err := tr.Now(t.Context(), nil); err == nil || errors.Is(err, training.ErrRefused) {
		t.Fatalf("factors without measure: %v, want them to fail", err)
	}
	if len(*swapped) != 1 || (*swapped)[0].Desk != nil || (*swapped)[0].Triage != nil || bytes.Contains(savedOf(t, (*swapped)[0]), []byte(secretWord)) {
		t.Errorf("%d swaps; want one without anything of tickets", len(*swapped))
	}
	if tr.Due(t.Context()) {
		t.Error("a training is due again")
	}
}

// full is a store without room for a model.
type full struct{ *store.Store }

func (full) SaveModel(context.Context, int, []byte, io.Reader) error { return store.ErrDiskFull }

// TestTheSameLogIsNotTrainedOnTwice: also where the erased are still known.
func TestTheSameLogIsNotTrainedOnTwice(t *testing.T) {
	s := taughtByTheErased(t, "", 5)
	tr, _ := trainer(full{s}, small())
	if !tr.Due(t.Context()) {
		t.Fatal("after an erasure no training is due")
	}
	if _, err := tr.Now(t.Context(), nil); !errors.Is(err, store.ErrDiskFull) {
		t.Fatalf("without room: %v", err)
	}
	if tr.Due(t.Context()) {
		t.Error("it is to be tried again with nothing written since")
	}
	write(t, s, engine.PutItem{Item: engine.Item{ID: "new"}})
	if !tr.Due(t.Context()) {
		t.Error("it is not to be tried again")
	}
}

// TestFactorsThatStayedAreNotBegunWith: they read the log before the erasure, whatever the tickets beside them did.
func TestFactorsThatStayedAreNotBegunWith(t *testing.T) {
	s := taughtByTheErased(t, "", 400)
	tr, _ := trainer(s, useless())
	if _, err := tr.Now(t.Context(), nil); !errors.Is(err, training.ErrRefused) {
		t.Fatal(err)
	}
	warm := training.New(s, func(*recommend.Models) {}, training.Options{Search: small(), Seed: 1, Workers: 2, Warm: true})
	if _, _, err := warm.Latest(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n, want := range []bool{false, true} {
		if report, err := warm.Now(t.Context(), nil); err != nil || report.Warm != want {
			t.Errorf("training %d: warm %v, %v; want %v", n+1, report.Warm, err, want)
		}
	}
}

// TestTheNextTrainingLeavesNoWordOnDisk looks into every file of the directory.
func TestTheNextTrainingLeavesNoWordOnDisk(t *testing.T) {
	for name, search := range map[string]*training.Search{"accepted": small(), "refused": useless()} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := taughtByTheErased(t, dir, 400)
			if storetest.FilesHolding(t, dir, secretWord) == 0 {
				t.Fatal("no file holds the word before the training: this test would prove nothing")
			}
			tr, _ := trainer(s, search)
			if _, err := tr.Now(t.Context(), nil); (err != nil) != (name == "refused") {
				t.Fatal(err)
			}
			if n := storetest.FilesHolding(t, dir, secretWord); n != 0 {
				t.Errorf("%d files hold a word of the erased", n)
			}
			if versions, err := s.Models(t.Context()); err != nil || !slices.ContainsFunc(versions, func(v engine.ModelVersion) bool { return v.Current && v.Version == 2 }) {
				t.Errorf("versions %+v, %v", versions, err)
			}
		})
	}
}

// TestAModelUnderAnotherNumberIsPassedOver: its sections are whole, but not of the version that was asked for.
func TestAModelUnderAnotherNumberIsPassedOver(t *testing.T) {
	s := shop(t, 60)
	tr, swapped := trainer(s, small())
	if _, err := tr.Now(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveModel(t.Context(), 2, []byte("{}"), bytes.NewReader(savedOf(t, (*swapped)[0]))); err != nil {
		t.Fatal(err)
	}
	if err := s.SetCurrent(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	m, skipped, err := tr.Latest(t.Context())
	if err != nil || m.Version != 1 || len(skipped) != 1 {
		t.Errorf("model %d is the latest (%v), passed over: %q; want the first", m.Version, err, skipped)
	}
}
