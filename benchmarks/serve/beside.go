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
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/vector"
)

// raw is what the arithmetic of an answer takes alone, in microseconds of CPU time.
type raw struct {
	Items   int     `json:"items"`
	Dims    int     `json:"dims"`
	History int     `json:"history"` // items of the typical history
	Scan    float64 `json:"scan_us"` // a search for the best ten of all: the faster of the two
	Floats  float64 `json:"scan_floats_us"`
	Bytes   float64 `json:"scan_bytes_us"`
	Fold    float64 `json:"fold_us"` // a history made a vector
}

// kernels measures them on as many items as the set has, and a history as long as its
// mean.
func kernels(ctx context.Context, w *prepare.Workspace) (raw, error) {
	k := raw{Items: w.Items, History: min(max(1, w.Events/w.Customers), w.Items/2, engine.MaxHistory)}
	var b model.Builder
	for _, h := range modeltest.Histories(1, 1000, k.Items, k.History) {
		b.Add(h)
	}
	ids := modeltest.Items(k.Items)
	m, err := factor.Fit(ctx, b.Data(ids, 1), factor.Params{Epochs: 1}, nil)
	if err != nil {
		return k, err
	}
	k.Dims = m.Dims()
	q := &model.Query{}
	for i := range k.History {
		q.History = append(q.History, engine.Interest{Item: m.Rows().Num(i * m.Rows().Len() / k.History), Weight: 1})
	}
	if k.Fold, err = micros(func() { m.Open(q) }); err != nil {
		return k, err
	}
	person := m.Person(q).Vector()
	_, _, learnt := m.Vectors()
	values := make([]float32, k.Items*k.Dims)
	for n := 0; n < len(values); { // items that nobody had in the small fit get the vectors of others
		n += copy(values[n:], learnt)
	}
	scores := make([]float32, k.Items)
	k.Floats, err = micros(func() {
		vector.DotRows(scores, values, person)
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
	k.Bytes, err = micros(func() { table.Best(search, person, 10, nil) })
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
