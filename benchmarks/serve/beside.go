package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/prepare"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/store"
)

// raw is what the arithmetic of an answer takes alone, in microseconds of CPU time, in the
// set's own model and for its own customers.
type raw struct {
	Items   int     `json:"items"` // with a vector
	Dims    int     `json:"dims"`
	History int     `json:"history"` // items of a history in the mean
	Scan    float64 `json:"scan_us"` // a search for the best ten of all: the faster of the two
	Floats  float64 `json:"scan_floats_us"`
	Bytes   float64 `json:"scan_bytes_us"`
	Fold    float64 `json:"fold_us"`      // a history made a vector
	Own     bool    `json:"of_its_model"` // lines before have not: they are of invented histories
}

// learnt is what a workspace has learnt, as far as it is measured alone.
type learnt struct {
	factors *factor.Model
	items   []engine.ItemID // with a vector
	queries []*model.Query  // of some customers
}

// mostQueries bounds for how many customers the kernels are measured.
const mostQueries = 500

// open reads a workspace that no server holds.
func open(ctx context.Context, w *prepare.Workspace) (l *learnt, err error) {
	s, err := store.Open(w.Dir, store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	version, ok, err := s.Current(ctx)
	if err == nil && !ok {
		err = errors.New("nothing is trained")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.Dir, err)
	}
	r, err := s.LoadModel(ctx, version)
	if err != nil {
		return nil, err
	}
	models, err := recommend.Load(r, s.IDs())
	if err != nil {
		return nil, err
	}
	l = new(learnt)
	for _, source := range models.Sources() {
		if m, is := source.(*factor.Model); is {
			l.factors = m
		}
	}
	if l.factors == nil {
		return nil, fmt.Errorf("model %d of %s has no factors", version, w.Dir)
	}
	rows := l.factors.Rows()
	for i := range rows.Len() {
		l.items = append(l.items, s.IDs().ID(rows.Num(i)))
	}
	settings, err := s.Settings(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range prepare.Some(w.People(), mostQueries) {
		rows, err := s.History(ctx, engine.OfCustomer(engine.CustomerID(id)))
		if err != nil {
			return nil, err
		}
		l.queries = append(l.queries, &model.Query{History: settings.Interests(rows, time.Now(), engine.MaxHistory)})
	}
	return l, nil
}

// kernels measures them.
func (l *learnt) kernels() (k raw, err error) {
	k.Items, k.Dims, k.Own = l.factors.Rows().Len(), l.factors.Dims(), true
	people := make([][]float32, len(l.queries))
	for i, q := range l.queries {
		k.History += len(q.History)
		people[i] = l.factors.Person(q).Vector()
	}
	k.History /= len(people)
	n := 0
	next := func() int { n++; return n % len(people) }
	if k.Fold, err = micros(func() { l.factors.Open(l.queries[next()]) }); err != nil {
		return k, err
	}
	_, _, values := l.factors.Vectors()
	scores := make([]float32, k.Items)
	k.Floats, err = micros(func() {
		vector.DotRows(scores, values, people[next()])
		top := vector.NewTop(10)
		for i, score := range scores {
			top.Push(engine.ItemNum(i), score)
		}
		top.Best()
	})
	if err != nil {
		return k, err
	}
	table, search := vector.NewTable(values, k.Dims), new(vector.Search)
	k.Bytes, err = micros(func() { table.Best(search, people[next()], 10, nil) })
	k.Scan = min(k.Floats, k.Bytes)
	return k, err
}

// micros is the median CPU time of something that takes microseconds: the clock on the
// wall would tell of the neighbours too.
func micros(do func()) (float64, error) {
	const rounds, lasts = 9, 50 * time.Millisecond
	var each []float64
	for range rounds {
		n := 0
		cost, err := measure.Timed(func() error {
			for start := time.Now(); time.Since(start) < lasts; n++ {
				do()
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		each = append(each, cost.CPU*1e6/float64(n))
	}
	return measure.Median(each, func(t float64) float64 { return t }), nil
}

// profileDoor writes an overlay that gives the server a door for profiles: a socket in
// the temporary directory, whose name the environment says.
func profileDoor() (overlay string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "rapport-profile-*")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	door := filepath.Join(dir, "door.go")
	const code = `package main

import (
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
)

func init() {
	if name := os.Getenv("RAPPORT_PROFILE_SOCKET"); name != "" {
		l, err := net.Listen("unix", name)
		if err != nil {
			panic(err)
		}
		go func() { _ = http.Serve(l, nil) }()
	}
}
`
	place, err := filepath.Abs("cmd/rapport/profile_door.go")
	if err != nil {
		return "", remove, err
	}
	overlay = filepath.Join(dir, "overlay.json")
	for name, text := range map[string]string{door: code, overlay: fmt.Sprintf(`{"Replace": {%q: %q}}`, place, door)} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return "", remove, err
		}
	}
	return overlay, remove, nil
}

// profileSocket names the door in the server's environment.
const profileSocket = "RAPPORT_PROFILE_SOCKET"

// profileAfter is how long the load lasts before the profile begins.
const profileAfter = 2 * time.Second

// fetchProfile writes the profile of so much time from profileAfter on.
func fetchProfile(ctx context.Context, name, socket string, lasts time.Duration) error {
	time.Sleep(profileAfter)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://door/debug/pprof/profile?seconds=%d", int(lasts.Seconds())), nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = f.ReadFrom(answer.Body)
	return errors.Join(err, f.Close())
}
