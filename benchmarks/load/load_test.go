package load

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func get(path string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

// Answers are read as long as they are, however they are sent and cut.
func TestAnswersAreRead(t *testing.T) {
	long := strings.Repeat("0123456789", 30_000)
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/lost":
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("not here"))
		case "/chunked":
			for i := 0; i < len(long); i += 77_777 {
				_, _ = w.Write([]byte(long[i:min(len(long), i+77_777)]))
				w.(http.Flusher).Flush()
			}
		default:
			_, _ = w.Write([]byte(long))
		}
	})
	c, err := Dial(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, want := range []struct {
		path, body string
		status     int
	}{{"/none", "", 204}, {"/chunked", long, 200}, {"/lost", "not here", 404}, {"/long", long, 200}, {"/chunked", long, 200}, {"/none", "", 204}} {
		status, body, err := c.Ask(get(want.path))
		if err != nil || status != want.status || string(body) != want.body {
			t.Fatalf("%s: status %d, %d bytes, %v; want %d, %d bytes", want.path, status, len(body), err, want.status, len(want.body))
		}
	}
}

// What is no answer is an error, not a hang or a zero.
func TestNoAnswer(t *testing.T) {
	for _, sent := range []string{"", "HTTP/1.1 200 OK\r\n\r\nwithout an end", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "hello, who is there?\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"} {
		ours, theirs := net.Pipe()
		go func() {
			_, _ = theirs.Write([]byte(sent))
			_ = theirs.Close()
		}()
		c := &Conn{Conn: ours, buf: make([]byte, 8)}
		if status, _, err := c.Answer(); err == nil {
			t.Errorf("%q is taken for an answer with status %d", sent, status)
		}
	}
}

func none() (time.Duration, error) { return time.Second, nil }

func TestClosedLoop(t *testing.T) {
	var asked atomic.Int64
	addr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte("12345"))
	})
	var heard atomic.Int64
	l := Closed{Addr: addr, Connections: 3, Requests: 50, Request: func(_, _ int) []byte { return get("/") }, CPU: none, Answered: func(n int) { heard.Add(int64(n)) }}
	got, err := l.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Requests != 50 || asked.Load() != 50 || got.Bytes != 5 || heard.Load() != 49*50/2 {
		t.Errorf("%+v after %d requests, answers %d", got, asked.Load(), heard.Load())
	}
	bad := serve(t, http.NotFound)
	l.Addr = bad
	if _, err := l.Run(t.Context()); err == nil {
		t.Error("a load of errors is a result")
	}
}

// TestOpenLoopCountsFromTheSchedule is the point of an open loop: a server that stands
// still once is charged for everybody who came meanwhile, not for one request.
func TestOpenLoopCountsFromTheSchedule(t *testing.T) {
	const stands = 300 * time.Millisecond
	var n atomic.Int64
	gate := make(chan struct{})
	var open atomic.Bool
	addr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 20 {
			time.AfterFunc(stands, func() { open.Store(true); close(gate) })
		}
		if n.Load() >= 20 && !open.Load() {
			<-gate
		}
		_, _ = w.Write([]byte("ok"))
	})
	l := Open{Addr: addr, Rate: 200, Connections: 2, Lasts: time.Second, Request: func(int) []byte { return get("/") }}
	got, err := l.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// 60 of the 200 requests were due while it stood still, and waited half of that on average: the
	// slowest tenth waited far longer than a request takes, though two connections alone
	// stood in the server.
	if got.Requests != 200 || got.Max < 250 || got.P90 < 150 {
		t.Errorf("%+v: want 200 requests, a tenth of which waited for more than half of %v", got, stands)
	}
	if got.LateP99 < 100 {
		t.Errorf("with two connections requests are sent late, not %v ms", got.LateP99)
	}
}

func TestOpenLoopEnds(t *testing.T) {
	bad := serve(t, http.NotFound)
	l := Open{Addr: bad, Rate: 500, Lasts: time.Second, Request: func(int) []byte { return get("/") }}
	if _, err := l.Run(t.Context()); err == nil {
		t.Error("a load of errors is a result")
	}
	stands := make(chan struct{})
	l.Addr = serve(t, func(http.ResponseWriter, *http.Request) { <-stands })
	defer close(stands)
	l.Connections = 1
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, stop)
	if _, err := l.Run(ctx); err == nil {
		t.Error("a loop that was stopped is a result")
	}
}

// An open loop that is told to end sends what was due by then, also what waits for a connection.
func TestOpenLoopEndsWhenTold(t *testing.T) {
	const rate, ends = 200, 300 * time.Millisecond
	stands := make(chan struct{})
	addr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		<-stands
		_, _ = w.Write([]byte("ok"))
	})
	until := make(chan struct{})
	time.AfterFunc(ends, func() { close(until) })
	time.AfterFunc(2*ends, func() { close(stands) })
	l := Open{Addr: addr, Rate: rate, Connections: 2, Warm: 50 * time.Millisecond, Lasts: time.Hour, Until: until, Request: func(int) []byte { return get("/") }}
	start := time.Now()
	got, err := l.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lasted := time.Since(start)
	// 60 were due when it was told to end, of which 10 were to warm up; with both connections taken it heard
	// of that no sooner than it could send.
	if least, most := 30, int(rate*lasted.Seconds()); got.Requests < least || got.Requests > most || lasted > 10*time.Second {
		t.Errorf("%d requests in %v, want from %d to %d", got.Requests, lasted, least, most)
	}
	if len(got.Each) != got.Requests || got.Seconds != float64(got.Requests)/rate {
		t.Errorf("%d requests, %d waits, %v s", got.Requests, len(got.Each), got.Seconds)
	}
	if got.Max < 200 || got.Began.Sub(start) < 50*time.Millisecond || got.Began.Sub(start) > lasted {
		t.Errorf("the first waited %v ms, began after %v", got.Max, got.Began.Sub(start))
	}
}

func TestOpenLoopThatWasToldToEndBefore(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	until := make(chan struct{})
	close(until)
	l := Open{Addr: addr, Rate: 200, Warm: time.Minute, Lasts: time.Hour, Until: until, Request: func(int) []byte { return get("/") }}
	got, err := l.Run(t.Context())
	if err != nil || got.Requests != 0 || got.Seconds != 0 || got.CPUMicros != 0 || got.WorstSecond() != (Second{}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWorstSecond(t *testing.T) {
	const ms = time.Millisecond
	var each []Wait
	for n := range 35 { // ten a second, for three and a half
		each = append(each, Wait{time.Duration(n) * 100 * ms, time.Duration(n%10+1) * ms})
	}
	each[13].Took = 70 * ms
	each[14].Took = 60 * ms
	each[27].Took = 69 * ms
	each[33].Took = 900 * ms // in the half second at the end
	k := Kept{Seconds: 3.5, Each: each}
	if got, want := k.WorstSecond(), (Second{1, 10, Waits{8, 70, 70, 70, 70}}); got != want {
		t.Errorf("the worst second is %+v, want %+v", got, want)
	}
	k.Seconds = .9
	if got := k.WorstSecond(); got != (Second{}) {
		t.Errorf("a loop of less than a second has %+v", got)
	}
	k.Seconds = 4
	if got := k.WorstSecond(); got.At != 3 || got.Requests != 5 || got.Max != 900 {
		t.Errorf("of a loop of 4 s the worst second is %+v", got)
	}
}

func TestAround(t *testing.T) {
	const ms = time.Millisecond
	each := []Wait{{0, 90 * ms}, {5 * ms, ms}, {14 * ms, 3 * ms}, {15 * ms, 2 * ms}, {16 * ms, 80 * ms}}
	if got, want := Around(each, 10*ms, 5*ms), (Waits{2, 3, 3, 3, 3}); got != want {
		t.Errorf("around it were waited %+v, want %+v", got, want)
	}
	if got := Around(each, time.Hour, ms); got != (Waits{}) {
		t.Errorf("where nothing was due were waited %+v", got)
	}
}
