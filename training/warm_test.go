package training_test

import (
	"fmt"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training"
)

// TestLittleThatIsNewBeginsWithWhatServes holds what each thing that may happen between two
// trainings does to where the factors begin, and that settings which serve are not fitted a
// second time to be compared with.
func TestLittleThatIsNewBeginsWithWhatServes(t *testing.T) {
	refuses := engine.PutCustomer{Customer: engine.Customer{ID: "c7", Consent: map[engine.Purpose]bool{engine.Train: false}}}
	var much []engine.Command
	for n := range 200 {
		much = append(much, deed(fmt.Sprint("c", n%60), "", engine.Purchase, n%40, 300+n))
	}
	few := much[:5]
	for _, when := range []struct {
		name  string
		cmds  []engine.Command
		warm  bool // what a training is set to
		seed  uint64
		began bool
	}{
		{"nothing new", nil, true, 1, true},
		{"a little new", few, true, 1, true},
		{"a little new, set to be cold", few, false, 1, false},
		{"another seed", few, true, 2, false},
		{"much new", much, true, 1, false},
		{"somebody erased", []engine.Command{engine.Erase{Subject: engine.OfCustomer("c3")}}, true, 1, false},
		{"somebody withdrew their consent", []engine.Command{refuses}, true, 1, false},
	} {
		t.Run(when.name, func(t *testing.T) {
			s := shop(t, 60)
			first, _ := trainer(s, small())
			if report, err := first.Now(t.Context(), nil); err != nil || report.Warm {
				t.Fatalf("the first training: warm %v, %v", report.Warm, err)
			}
			write(t, s, when.cmds...)
			tr := training.New(s, func(*recommend.Models) {}, training.Options{Search: small(), Seed: when.seed, Workers: 2, Warm: when.warm})
			if _, _, err := tr.Latest(t.Context()); err != nil {
				t.Fatal(err)
			}
			fits := 0
			report, err := tr.Now(t.Context(), func(step string, _ float64) {
				if step == "fitting factor" {
					fits++
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if report.Warm != when.began {
				t.Errorf("factors began with those that served: %v, want %v", report.Warm, when.began)
			}
			// Before each cut and on all; what serves is fitted beside it where its settings are others.
			if want := 3; when.seed == 1 && fits != want {
				t.Errorf("factors were fitted %d times, want %d", fits, want)
			}
		})
	}
}

// TestFactorsOfAfterAnErasureAreTrusted holds that factors begin with those of a training that
// knew of the erasure: its number is told when the rows are gone.
func TestFactorsOfAfterAnErasureAreTrusted(t *testing.T) {
	s := shop(t, 60)
	write(t, s, engine.Erase{Subject: engine.OfCustomer("c3")})
	for n, warm := range []bool{false, true, true} {
		tr := training.New(s, func(*recommend.Models) {}, training.Options{Search: small(), Seed: 1, Workers: 2, Warm: true})
		if _, _, err := tr.Latest(t.Context()); err != nil {
			t.Fatal(err)
		}
		if report, err := tr.Now(t.Context(), nil); err != nil || report.Warm != warm {
			t.Fatalf("training %d: warm %v, %v; want %v", n+1, report.Warm, err, warm)
		}
		if n == 0 {
			write(t, s, deed("c1", "", engine.View, 1, 300))
		}
	}
}

// TestWhoIsJoinedToARefuserRefuses holds that factors begin anew once somebody they were fitted
// on turns out to be a customer who had refused.
func TestWhoIsJoinedToARefuserRefuses(t *testing.T) {
	s := shop(t, 60)
	write(t, s, engine.PutCustomer{Customer: engine.Customer{ID: "c8", Consent: map[engine.Purpose]bool{engine.Train: false}}})
	for n, warm := range []bool{false, true, false, true} {
		if n == 2 {
			write(t, s, engine.Merge{From: engine.OfCustomer("c7"), Into: "c8"})
		}
		tr := training.New(s, func(*recommend.Models) {}, training.Options{Search: small(), Seed: 1, Workers: 2, Warm: true})
		if _, _, err := tr.Latest(t.Context()); err != nil {
			t.Fatal(err)
		}
		if report, err := tr.Now(t.Context(), nil); err != nil || report.Warm != warm {
			t.Fatalf("training %d: warm %v, %v; want %v", n+1, report.Warm, err, warm)
		}
	}
}

// TestAVisitOfARefuserEndsWhatWasFittedOnIt holds that factors begin anew once a visit without a
// name, which they were fitted on, is known to be of a customer who refuses; and only then: what
// such a customer does later was never in a model.
func TestAVisitOfARefuserEndsWhatWasFittedOnIt(t *testing.T) {
	s := shop(t, 60)
	write(t, s, engine.PutCustomer{Customer: engine.Customer{ID: "c8", Consent: map[engine.Purpose]bool{engine.Train: false}}},
		deed("", "before", engine.View, 1, 300), deed("", "before", engine.View, 2, 301))
	for n, step := range []struct {
		cmds []engine.Command
		warm bool
	}{
		{nil, false},
		{nil, true},
		{[]engine.Command{engine.Merge{From: engine.OfSession("before"), Into: "c8"}}, false},
		{nil, true},
		{[]engine.Command{deed("", "after", engine.View, 3, 302), engine.Merge{From: engine.OfSession("after"), Into: "c8"}}, true},
		{[]engine.Command{deed("", "before", engine.View, 4, 303)}, true},
	} {
		write(t, s, step.cmds...)
		tr := training.New(s, func(*recommend.Models) {}, training.Options{Search: small(), Seed: 1, Workers: 2, Warm: true})
		if _, _, err := tr.Latest(t.Context()); err != nil {
			t.Fatal(err)
		}
		if report, err := tr.Now(t.Context(), nil); err != nil || report.Warm != step.warm {
			t.Fatalf("training %d: warm %v, %v; want %v", n+1, report.Warm, err, step.warm)
		}
	}
}
