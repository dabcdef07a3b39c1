package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browserPath finds a Chromium. Without one the test is skipped, unless
// RAPPORT_NEED_CHROMIUM says that there has to be one.
func browserPath(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("RAPPORT_NEED_CHROMIUM") != "" {
		t.Fatal("RAPPORT_NEED_CHROMIUM is set, and there is no chromium on the PATH")
	}
	t.Skip("there is no chromium on the PATH: the reference page is not looked at here; .ci/run looks")
	return ""
}

// watched is a tab, and what happened in it that should not.
type watched struct {
	t    *testing.T
	ctx  context.Context
	home string // what is no foreign request begins so

	mu       sync.Mutex // guards the fields below
	requests int
	wrong    []string
}

func watch(t *testing.T, home string) *watched {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:len(chromedp.DefaultExecAllocatorOptions):len(chromedp.DefaultExecAllocatorOptions)],
		chromedp.ExecPath(browserPath(t)), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("no-pings", true), chromedp.Flag("disable-gpu", true),
		chromedp.WindowSize(1280, 1600))
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	w := &watched{t: t, ctx: ctx, home: home}
	if err := chromedp.Listen(ctx, w.see); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return w
}

// see takes an event of the tab.
func (w *watched) see(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.requests++
		if u := e.Request.URL; !strings.HasPrefix(u, w.home) && !strings.HasPrefix(u, "data:") {
			w.wrong = append(w.wrong, "a foreign request: "+u)
		}
	case *runtime.EventExceptionThrown:
		w.wrong = append(w.wrong, "an exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			w.wrong = append(w.wrong, fmt.Sprintf("on the console: %s %v", e.Type, e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			w.wrong = append(w.wrong, fmt.Sprintf("in the log: %s %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	}
}

func (w *watched) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, steps...); err != nil {
		w.shoot("failed")
		w.t.Fatalf("%s: %v", what, err)
	}
}

// shoot leaves a picture of the page in the directory that RAPPORT_SCREENSHOTS names.
func (w *watched) shoot(name string) {
	w.t.Helper()
	dir := os.Getenv("RAPPORT_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600)
	}
	if err != nil {
		w.t.Errorf("take a picture: %v", err)
	}
}

// TestReferenceInChromium reads the reference as a newcomer does: opens it, enters the
// key, opens an operation, tries it out. Nothing is asked of anybody else meanwhile, and
// the console stays empty.
func TestReferenceInChromium(t *testing.T) {
	browserPath(t)
	h := demo(t)
	w := watch(t, h.http.URL)
	w.do("open the page", chromedp.Navigate(h.http.URL+"/docs"), chromedp.WaitVisible(chromedp.CSS(".opblock")))
	shown, err := chromedp.Run(w.ctx, chromedp.Evaluate[int](`document.querySelectorAll(".opblock").length`))
	if want := len(h.server.describedRoutes()); err != nil || shown != want {
		t.Errorf("%d operations are shown (%v), want %d", shown, err, want)
	}
	w.shoot("opened")
	w.do("enter the key",
		chromedp.Click(chromedp.CSS(".btn.authorize")),
		chromedp.SendKeys(chromedp.CSS(".auth-container input"), testKey),
		chromedp.Click(chromedp.CSS(".auth-container button.authorize")),
		chromedp.Click(chromedp.CSS(".auth-container .btn-done")))
	const operation = "#operations-lists-recommendForCustomer"
	w.do("open an operation",
		chromedp.Click(chromedp.CSS(operation+" .opblock-summary-control")),
		chromedp.Click(chromedp.CSS(operation+" .try-out__btn")),
		chromedp.Click(chromedp.CSS(operation+" .execute")),
		chromedp.WaitVisible(chromedp.CSS(operation+" .live-responses-table .response-col_status")))
	status, err := chromedp.Run(w.ctx, chromedp.Text(chromedp.CSS(operation+" .live-responses-table .response .response-col_status")))
	if err != nil || !strings.HasPrefix(status, "200") {
		t.Errorf("trying it out: got %q (%v), want 200", status, err)
	}
	body, err := chromedp.Run(w.ctx, chromedp.Text(chromedp.CSS(operation+" .live-responses-table .response .highlight-code")))
	if err != nil || !strings.Contains(body, "recommendation_id") || !strings.Contains(body, `"title"`) {
		t.Errorf("trying it out: got %q (%v), want a list with titles", body, err)
	}
	w.shoot("tried-out")
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.wrong) > 0 || w.requests == 0 {
		t.Errorf("%d requests; %s", w.requests, strings.Join(w.wrong, "\n"))
	}
}

// TestBrowserDoorInChromium goes through the browser door as a shop's page does, from
// another origin: a beacon when something is viewed, then the visit's list.
func TestBrowserDoorInChromium(t *testing.T) {
	browserPath(t)
	shop := http.NewServeMux()
	shop.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><link rel="icon" href="data:,"><title>a shop</title>`))
	})
	front := httptest.NewServer(shop)
	t.Cleanup(front.Close)
	h := stocked(t, withDoor, func(o *Options) { o.Origins = []string{front.URL} })
	w := watch(t, "http://127.0.0.1")
	w.do("open the shop", chromedp.Navigate(front.URL))
	script := fmt.Sprintf(`(async () => {
		const api = %q, key = %q, visit = "visit-chromium";
		const sent = navigator.sendBeacon(api + "/v1/events?key=" + key,
			new Blob([JSON.stringify({type: "view", session_id: visit, item_id: "lamp-0"})], {type: "text/plain"}));
		const told = await fetch(api + "/v1/events?key=" + key, {method: "POST", keepalive: true, headers: {"Content-Type": "application/json"},
			body: JSON.stringify({type: "view", session_id: visit, item_id: "shoe-1"})});
		const list = await fetch(api + "/v1/sessions/" + visit + "/recommendations?count=3&key=" + key);
		return [sent, told.status, (await told.json()).accepted, list.status, (await list.json()).items.length].join(" ");
	})()`, h.http.URL, publishable)
	got, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](script, func(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) }))
	if err != nil || got != "true 200 1 200 3" {
		t.Errorf("the page: got %q (%v), want a beacon that was sent, an event that was taken and three items", got, err)
	}
	closed, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](fmt.Sprintf(
		`fetch(%q + "/v1/customers/12619?key=" + %q).then(r => "read " + r.status, () => "refused")`, h.http.URL, publishable),
		func(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) }))
	if err != nil || closed != "refused" {
		t.Errorf("a customer's record: the page got %q (%v), want nothing", closed, err)
	}
}
