// Package rival runs the server of Gorse v0.4.15 on a shop's records, to be measured beside
// ours: all in one process, with SQLite stores on disk, and its settings as they come but
// for what the shop's events are called and two threads, not one, for what it computes
// before. It answers from lists that it computes before,
// so it is measured once these are there and its fits have ended.
package rival

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/prepare"
)

// Rival is a shop in Gorse's hands.
type Rival struct {
	Prepared float64  `json:"prepared_seconds"` // from its start with all data until the lists are there
	Listed   []string `json:"-"`                // who has a list
	binary   string
	dir      string
	say      func(string, ...any)
}

const (
	module  = "benchmarks/gorse"
	program = "github.com/zhenghaoz/gorse/cmd/gorse-in-one"
	done    = "prepared.json"
)

// Prepare builds Gorse, gives it the records of a workspace, and waits until everybody
// has a list, or for as long as told: lists of the rest are not asked for. What was
// prepared is kept.
func Prepare(ctx context.Context, b *prepare.Binary, w *prepare.Workspace, wait time.Duration) (*Rival, error) {
	r := &Rival{dir: filepath.Join(b.Root, "gorse-"+w.Set), say: b.Say}
	if err := r.build(ctx, b); err != nil {
		return nil, err
	}
	if text, err := os.ReadFile(filepath.Join(r.dir, done)); err == nil {
		b.Say("gorse: kept in %s", r.dir)
		kept := struct {
			Prepared float64
			Listed   []string
		}{}
		err := json.Unmarshal(text, &kept)
		r.Prepared, r.Listed = kept.Prepared, kept.Listed
		return r, err
	}
	if err := errors.Join(os.RemoveAll(r.dir), os.MkdirAll(r.dir, 0o755)); err != nil {
		return nil, err
	}
	if err := r.load(ctx, b, w); err != nil {
		return nil, err
	}
	return r, r.lists(ctx, w.People(), wait)
}

// build builds Gorse, in a module of its own.
func (r *Rival) build(ctx context.Context, b *prepare.Binary) (err error) {
	b.Say("gorse: build")
	if r.binary, err = filepath.Abs(filepath.Join(b.Root, "gorse-in-one")); err != nil {
		return err
	}
	_, err = (&measure.Command{Name: "go", Args: []string{"build", "-C", module, "-o", r.binary, program}}).Run(ctx)
	return err
}

// Empty starts Gorse on a store without records in a directory.
func Empty(ctx context.Context, b *prepare.Binary, dir string, procs int) (*measure.Server, error) {
	r := &Rival{dir: dir, say: b.Say}
	if err := errors.Join(r.build(ctx, b), os.MkdirAll(dir, 0o755)); err != nil {
		return nil, err
	}
	return r.start(ctx, procs)
}

// Feedback is the request that puts in what customers did with items.
func Feedback(n int, of func(i int) (customer, item, at string)) []byte {
	body := []byte{'['}
	for i := range n {
		if i > 0 {
			body = append(body, ',')
		}
		customer, item, at := of(i)
		body = fmt.Appendf(body, `{"FeedbackType":"wanted","UserId":%q,"ItemId":%q,"Timestamp":%q}`, customer, item, at)
	}
	body = append(body, ']')
	head := fmt.Appendf(nil, "PUT /api/feedback HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(body))
	return append(head, body...)
}

// Serve starts Gorse on so many processors and waits until it has nothing to do of its
// own accord.
func (r *Rival) Serve(ctx context.Context, procs int, wait time.Duration) (*measure.Server, error) {
	s, err := r.start(ctx, procs)
	if err != nil {
		return nil, err
	}
	r.say("gorse: waiting until its fits have ended")
	return s, r.quiet(ctx, s, wait)
}

// quiet waits until a process uses less than a twentieth of a processor for some seconds.
func (r *Rival) quiet(ctx context.Context, s *measure.Server, wait time.Duration) error {
	const look, calm = 5 * time.Second, 250 * time.Millisecond
	for end := time.Now().Add(wait); time.Now().Before(end) && ctx.Err() == nil; {
		before, err := s.CPU()
		if err != nil {
			return err
		}
		time.Sleep(look)
		after, err := s.CPU()
		if err != nil {
			return err
		}
		if after-before < calm {
			return nil
		}
	}
	return errors.Join(ctx.Err(), fmt.Errorf("gorse was still busy after %s", wait))
}

const settings = `[database]
cache_store = "sqlite://%[1]s/cache.db"
data_store = "sqlite://%[1]s/data.db"
[master]
port = %[2]d
host = "127.0.0.1"
http_port = %[3]d
http_host = "127.0.0.1"
n_jobs = 2
[server]
[recommend.data_source]
positive_feedback_types = ["wanted"]
read_feedback_types = ["read"]
`

func (r *Rival) start(ctx context.Context, procs int) (*measure.Server, error) {
	inside, outside, err := freePorts(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(r.dir)
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "gorse.toml")
	if err := os.WriteFile(conf, fmt.Appendf(nil, settings, dir, inside, outside), 0o644); err != nil {
		return nil, err
	}
	c := measure.Command{Name: r.binary, Args: []string{"-c", conf, "--cache-path", filepath.Join(dir, "cache.data"), "--recommend-jobs", "2"}, Dir: dir, Procs: procs}
	start := time.Now()
	p, err := c.Start(ctx)
	if err != nil {
		return nil, err
	}
	s := &measure.Server{Process: p, Addr: fmt.Sprintf("127.0.0.1:%d", outside)}
	for ctx.Err() == nil {
		if err := get(ctx, s, "/api/health/ready", nil); err == nil {
			s.Ready = time.Since(start)
			return s, nil
		}
		if time.Since(start) > time.Minute {
			return nil, errors.Join(p.Kill(), p.Wait(), errors.New("gorse was not ready after a minute"))
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, ctx.Err()
}

// freePorts returns two ports that nobody listens on: Gorse does not take 0.
func freePorts(ctx context.Context) (a, b int, err error) {
	var ports [2]int
	for i := range ports {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return 0, 0, err
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports[0], ports[1], nil
}

// Request is the request for a customer's list.
func Request(customer string) []byte {
	return fmt.Appendf(nil, "GET /api/recommend/%s?n=10 HTTP/1.1\r\nHost: localhost\r\n\r\n", customer)
}

// load puts the records into Gorse's store.
func (r *Rival) load(ctx context.Context, b *prepare.Binary, w *prepare.Workspace) error {
	r.say("gorse: import")
	s, err := r.start(ctx, 0)
	if err != nil {
		return err
	}
	type item struct {
		ItemID     string   `json:"ItemId"`
		Categories []string `json:"Categories"`
		Timestamp  string   `json:"Timestamp"`
		Labels     []string `json:"Labels"`
	}
	var people []map[string]any
	for _, id := range w.People() {
		people = append(people, map[string]any{"UserId": id, "Labels": []string{}})
	}
	err = errors.Join(
		batches(people, func(some []map[string]any) error { return post(ctx, s, http.MethodPost, "/api/users", some) }),
		exported(ctx, b, w, "items", func(one struct {
			ItemID     string   `json:"item_id"`
			Categories []string `json:"categories"`
		},
		) any {
			return item{one.ItemID, []string{}, "2025-01-01T00:00:00Z", append([]string{}, one.Categories...)}
		}, func(some []any) error { return post(ctx, s, http.MethodPost, "/api/items", some) }),
		exported(ctx, b, w, "events", func(one struct {
			Customer string `json:"customer_id"`
			Item     string `json:"item_id"`
			At       string `json:"at"`
		},
		) any {
			if one.Customer == "" || one.Item == "" {
				return nil
			}
			return map[string]any{"FeedbackType": "wanted", "UserId": one.Customer, "ItemId": one.Item, "Timestamp": one.At}
		}, func(some []any) error { return post(ctx, s, http.MethodPut, "/api/feedback", some) }),
	)
	return errors.Join(err, s.Stop())
}

const batch = 1000

func batches[T any](all []T, do func([]T) error) error {
	for from := 0; from < len(all); from += batch {
		if err := do(all[from:min(len(all), from+batch)]); err != nil {
			return err
		}
	}
	return nil
}

// exported gives what our own workspace exports to Gorse.
func exported[T any](ctx context.Context, b *prepare.Binary, w *prepare.Workspace, as string, turn func(T) any, send func([]any) error) error {
	name := w.Dir + "." + as
	defer os.Remove(name)
	if _, err := (&measure.Command{Name: b.Name, Args: []string{"export", "--as", as, "--format", "ndjson", "--dir", w.Dir, "--out", name}}).Run(ctx); err != nil {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	var some []any
	for lines.Scan() {
		var one T
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return fmt.Errorf("%s: %w", as, err)
		}
		if turned := turn(one); turned != nil {
			some = append(some, turned)
		}
		if len(some) == batch {
			if err := send(some); err != nil {
				return err
			}
			some = some[:0]
		}
	}
	if len(some) > 0 {
		return errors.Join(lines.Err(), send(some))
	}
	return lines.Err()
}

// lists waits for the lists of everybody.
func (r *Rival) lists(ctx context.Context, people []string, wait time.Duration) error {
	start := time.Now()
	s, err := r.start(ctx, 0)
	if err != nil {
		return err
	}
	missing := people
	for time.Since(start) < wait && len(missing) > 0 && ctx.Err() == nil {
		var still []string
		for i, id := range missing {
			var list []struct{ ID string }
			if err := get(ctx, s, "/api/intermediate/recommend/"+id, &list); err != nil {
				return errors.Join(err, s.Stop())
			}
			if len(list) == 0 {
				if still = append(still, id); len(still) > 50 { // the rest is not looked at again yet
					still = append(still, missing[i+1:]...)
					break
				}
				continue
			}
			r.Listed = append(r.Listed, id)
		}
		missing = still
		r.say("gorse: %d of %d customers have a list", len(r.Listed), len(people))
		time.Sleep(min(time.Duration(len(missing))*20*time.Millisecond, 5*time.Second))
	}
	r.Prepared = time.Since(start).Seconds()
	if err := errors.Join(ctx.Err(), s.Stop()); err != nil {
		return err
	}
	if len(r.Listed) == 0 {
		return fmt.Errorf("gorse had no list for anybody after %s", wait)
	}
	text, err := json.Marshal(struct {
		Prepared float64
		Listed   []string
	}{r.Prepared, r.Listed})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.dir, done), text, 0o644)
}

func post(ctx context.Context, s *measure.Server, method, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.Addr+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return do(req, nil)
}

func get(ctx context.Context, s *measure.Server, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Addr+path, nil)
	if err != nil {
		return err
	}
	return do(req, into)
}

func do(req *http.Request, into any) error {
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("gorse: %s %s: status %d: %.200s", req.Method, req.URL.Path, answer.StatusCode, strings.TrimSpace(string(text)))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}
