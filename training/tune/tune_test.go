package tune_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/tune"
)

// bowl is a known objective of four settings, 1 at its top: lambda 0.03, dims 64, power
// 0.6 and the word "b".
type bowl struct{ asked int }

var space = []training.Range{
	{Name: "lambda", Low: 1e-4, High: 1, Log: true},
	{Name: "dims", Low: 8, High: 512, Log: true, Whole: true},
	{Name: "power", Low: 0, High: 1},
	{Name: "word", Words: []string{"a", "b", "c"}},
}

var start = map[string]string{"lambda": "1", "dims": "8", "power": "0", "word": "a"}

const bowlCases = 400

func (b *bowl) Value(_ context.Context, _ string, settings map[string]string, budget float64) ([]float64, error) {
	b.asked++
	number := func(name string) float64 {
		x, err := strconv.ParseFloat(settings[name], 64)
		if err != nil {
			panic(err)
		}
		return x
	}
	away := math.Pow(math.Log10(number("lambda")/0.03), 2) + math.Pow(math.Log2(number("dims")/64), 2)/4 + 4*math.Pow(number("power")-0.6, 2)
	if settings["word"] != "b" {
		away++
	}
	if number("dims") > 400 {
		return nil, engine.Invalidf(engine.CodeInvalidField, "dims", "too many")
	}
	noise := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, int(budget*bowlCases))
	for i := range values {
		values[i] = math.Exp(-away/3) + 0.3*noise.NormFloat64()*math.Exp(-away/3)
	}
	return values, nil
}

func run(t *testing.T, o tune.Options) []tune.Trial {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return time.Time{} }
	}
	trials, err := tune.Run(t.Context(), &bowl{}, "bowl", space, start, o)
	if err != nil {
		t.Fatal(err)
	}
	return trials
}

// TestTPEBeatsRandom on the bowl, in the median of the seeds and in how often.
func TestTPEBeatsRandom(t *testing.T) {
	const seeds = 31
	var tpe, random []float64
	wins := 0
	for seed := range uint64(seeds) {
		a := tune.Best(run(t, tune.Options{Trials: 40, Seed: seed})).Value
		b := tune.Best(run(t, tune.Options{Trials: 40, Seed: seed, Sampler: tune.Random{}})).Value
		tpe, random = append(tpe, a), append(random, b)
		if a >= b {
			wins++
		}
	}
	slices.Sort(tpe)
	slices.Sort(random)
	t.Logf("median %.3f and %.3f, TPE is better in %d of %d", tpe[seeds/2], random[seeds/2], wins, seeds)
	if tpe[seeds/2] <= random[seeds/2] || wins < 2*seeds/3 {
		t.Errorf("TPE %.3v, random %.3v", tpe, random)
	}
}

func TestTrials(t *testing.T) {
	trials := run(t, tune.Options{Trials: 40, Seed: 5})
	var pruned, failed int
	for i, one := range trials {
		if one.Number != i || one.Kind != "bowl" || len(one.Settings) != len(space) {
			t.Errorf("trial %d is %+v", i, one)
		}
		if i > 0 && slices.ContainsFunc(trials[:i], func(o tune.Trial) bool { return reflect.DeepEqual(o.Settings, one.Settings) }) {
			t.Errorf("trial %d tries %v again", i, one.Settings)
		}
		switch {
		case one.Failed != "":
			failed++
		case one.Pruned:
			pruned++
			if one.Cases != bowlCases/4 {
				t.Errorf("trial %d was given up after %d cases", i, one.Cases)
			}
		case one.Cases != bowlCases:
			t.Errorf("trial %d was asked %d cases", i, one.Cases)
		}
	}
	if !reflect.DeepEqual(trials[0].Settings, start) || pruned == 0 || failed == 0 || pruned+failed > 37 {
		t.Errorf("%d of 40 were given up, %d failed; the first is %v", pruned, failed, trials[0].Settings)
	}
	ranked := tune.Ranked(trials)
	if !reflect.DeepEqual(ranked[0], tune.Best(trials)) || ranked[39].Failed == "" {
		t.Errorf("the first of the ranks is %+v, the last %+v", ranked[0], ranked[39])
	}
}

// TestGivenUpWasNotBetter: what is given up would not have won, on any seed.
func TestGivenUpWasNotBetter(t *testing.T) {
	for seed := range uint64(5) {
		trials := run(t, tune.Options{Trials: 30, Seed: seed})
		best := tune.Best(trials).Value
		for _, one := range trials {
			if !one.Pruned {
				continue
			}
			all, err := new(bowl).Value(t.Context(), "", one.Settings, 1)
			if err != nil {
				t.Fatal(err)
			}
			var sum float64
			for _, v := range all {
				sum += v
			}
			if sum/bowlCases > best {
				t.Errorf("seed %d: %v was given up and is best", seed, one.Settings)
			}
		}
	}
}

func TestPatience(t *testing.T) {
	trials := run(t, tune.Options{Trials: 500, Patience: 12, Seed: 1})
	best := tune.Best(trials)
	if n := len(trials); n == 500 || n-1-best.Number != 12 {
		t.Errorf("%d trials, the best is number %d", n, best.Number)
	}
}

// TestSmallSpace: what has been looked through ends the study.
func TestSmallSpace(t *testing.T) {
	words := []training.Range{{Name: "word", Words: []string{"a", "b", "c"}}}
	objective := valued(func(settings map[string]string) float64 { return float64(settings["word"][0]) })
	trials, err := tune.Run(t.Context(), objective, "words", words, map[string]string{"word": "a"}, tune.Options{Trials: 100})
	if err != nil || len(trials) != 3 || tune.Best(trials).Settings["word"] != "c" {
		t.Errorf("%v, %v", trials, err)
	}
}

type valued func(settings map[string]string) float64

func (v valued) Value(_ context.Context, _ string, settings map[string]string, _ float64) ([]float64, error) {
	return []float64{v(settings)}, nil
}

func head() tune.Head {
	return tune.Head{Metric: "ndcg@10", Seed: 3, Dataset: "abc", Protocol: map[string]any{"split": "last-out", "k": 10}, Program: "v1"}
}

func open(t *testing.T, name string) *tune.Journal {
	t.Helper()
	j, err := tune.Open(name, head())
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func shut(t *testing.T, j *tune.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// trials are those of a kind that a journal holds.
func trials(t *testing.T, name, kind string) []tune.Trial {
	t.Helper()
	j := open(t, name)
	defer shut(t, j)
	return j.Trials(kind)
}

// TestAStudyGoesOn: cut off after any trial, with a torn line behind it, it makes the same
// trials as in one go.
func TestAStudyGoesOn(t *testing.T) {
	whole := run(t, tune.Options{Trials: 25, Seed: 3})
	errStop := errors.New("stop")
	for _, at := range []int{1, 2, 9, 17, 25} {
		name := filepath.Join(t.TempDir(), "study.ndjson")
		j := open(t, name)
		_, err := tune.Run(t.Context(), &bowl{}, "bowl", space, start, tune.Options{
			Trials: 25, Seed: 3, Now: func() time.Time { return time.Time{} },
			Ended: func(one, _ tune.Trial) error {
				if err := j.Add(one); err != nil || one.Number+1 < at {
					return err
				}
				return errStop
			},
		})
		if !errors.Is(err, errStop) {
			t.Fatal(err)
		}
		shut(t, j)
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, append(data, `{"trial":99,"ki`...), 0o600); err != nil {
			t.Fatal(err)
		}
		j = open(t, name)
		past := j.Trials("bowl")
		if len(past) != at {
			t.Fatalf("%d trials are there after %d", len(past), at)
		}
		got := run(t, tune.Options{Trials: 25, Seed: 3, Past: past, Ended: func(one, _ tune.Trial) error { return j.Add(one) }})
		if !reflect.DeepEqual(got, whole) {
			t.Errorf("cut off after %d it goes on otherwise", at)
		}
		shut(t, j)
		if again := trials(t, name, "bowl"); !reflect.DeepEqual(again, whole) {
			t.Errorf("cut off after %d the file holds other trials", at)
		}
	}
}

func TestJournalsRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "study.ndjson")
	begun := open(t, name)
	if err := begun.Add(tune.Trial{Kind: "a", Settings: map[string]string{}}); err != nil {
		t.Fatal(err)
	}
	shut(t, begun)
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(h *tune.Head)
		want   string
	}{
		{func(h *tune.Head) { h.Dataset = "def" }, "another study: the data were others; name"},
		{func(h *tune.Head) { h.Seed = 9 }, "another study: the seed was 3 and is 9; name"},
		{func(h *tune.Head) { h.Protocol = map[string]any{"split": "time:0.8", "k": 10, "by": "country"} }, `another study: by was not given and is "country", split was "last-out" and is "time:0.8"; name`},
	} {
		other := head()
		c.change(&other)
		if _, err := tune.Open(name, other); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	later := head()
	later.Program = "v2"
	j, err := tune.Open(name, later)
	if err != nil || j.Program() != "v1" || j.Close() != nil {
		t.Errorf("another version of the program: %v", err)
	}
	for _, bad := range []string{
		"orders", "item_id,at\na,1\n", string(good) + "{}\n", string(good) + string(good), string(good) + `{"trial":5,"kind":"a"}` + "\n",
		strings.Replace(string(good), `"study":1`, `"study":2`, 1),
	} {
		if err := os.WriteFile(name, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		var invalid *engine.Invalid
		if _, err := tune.Open(name, head()); !errors.As(err, &invalid) {
			t.Errorf("%q is taken: %v", bad, err)
		}
		if now, err := os.ReadFile(name); err != nil || string(now) != bad {
			t.Errorf("%q was written over", bad)
		}
	}
}

// FuzzJournal: any bytes are a study, or are refused and left alone.
func FuzzJournal(f *testing.F) {
	line, err := json.Marshal(head())
	if err != nil {
		f.Fatal(err)
	}
	text := strings.Replace(string(line), `"study":0`, `"study":1`, 1)
	for _, seed := range []string{"", `{"st`, text, text + "\n", text + "\n" + `{"trial":0,"kind":"a","settings":{"x":"1"},"value":0.5,"cases":1,"seconds":1}` + "\n", "\n", "x\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "study.ndjson")
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := tune.Open(name, head())
		if err != nil {
			return
		}
		n := len(j.Trials("a"))
		if err := errors.Join(j.Add(tune.Trial{Number: n, Kind: "a"}), j.Close()); err != nil {
			t.Fatal(err)
		}
		if again := trials(t, name, "a"); len(again) != n+1 {
			t.Errorf("%d trials, and then %d", n, len(again))
		}
	})
}

// childStudy is set where the process is the one that is killed.
const childStudy = "RAPPORT_TUNE_CHILD"

// TestKilled: kill -9 in the middle of a trial loses that trial alone, and the study ends
// as if nothing had been.
func TestKilled(t *testing.T) {
	if name := os.Getenv(childStudy); name != "" {
		j := open(t, name)
		run(t, tune.Options{Trials: 25, Seed: 3, Past: j.Trials("bowl"), Ended: func(one, _ tune.Trial) error {
			time.Sleep(20 * time.Millisecond)
			return j.Add(one)
		}})
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "study.ndjson")
	whole := run(t, tune.Options{Trials: 25, Seed: 3})
	kills := 0
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		before := len(trials(t, name, "bowl"))
		child := exec.CommandContext(t.Context(), self, "-test.run=TestKilled")
		child.Env = append(os.Environ(), childStudy+"="+name)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		// Later each time: on a busy machine it takes longer until there is a trial.
		timer := time.AfterFunc(time.Duration(250+50*kills)*time.Millisecond, func() { _ = child.Process.Kill() })
		err := child.Wait()
		timer.Stop()
		after := trials(t, name, "bowl")
		if len(after) < before || len(after) > 0 && !reflect.DeepEqual(after, whole[:len(after)]) {
			t.Fatalf("after %d kills there are %d trials, %d before", kills, len(after), before)
		}
		if err == nil {
			break
		}
		kills++
	}
	if got := trials(t, name, "bowl"); kills == 0 || !reflect.DeepEqual(got, whole) {
		t.Errorf("%d kills, then %d trials that are not those of one go", kills, len(got))
	}
}
