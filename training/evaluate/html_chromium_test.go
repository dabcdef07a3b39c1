package evaluate

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
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
	t.Skip("there is no chromium on the PATH: the evaluation page is not looked at here; .ci/run looks")
	return ""
}

// tab is a browser's tab, and what happened in it that should not.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu    sync.Mutex // guards wrong
	wrong []string
}

func openTab(t *testing.T) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:len(chromedp.DefaultExecAllocatorOptions):len(chromedp.DefaultExecAllocatorOptions)],
		chromedp.ExecPath(browserPath(t)), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("no-pings", true), chromedp.Flag("disable-gpu", true))
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.see); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return b
}

// see takes an event of the tab.
func (b *tab) see(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") {
			b.wrong = append(b.wrong, "a foreign request: "+u)
		}
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, "an exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			b.wrong = append(b.wrong, fmt.Sprintf("in the log: %s %s", e.Entry.Level, e.Entry.Text))
		}
	}
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// tell sends the browser a command that answers nothing.
func tell[P any](command cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, command, params)
		return chromedp.Void{}, err
	}
}

func ask[T any](b *tab, script string) T {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return got
}

// shoot leaves a picture of the whole page in the directory that RAPPORT_SCREENSHOTS
// names.
func (b *tab) shoot(name string) {
	b.t.Helper()
	dir := os.Getenv("RAPPORT_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600)
	}
	if err != nil {
		b.t.Errorf("take a picture: %v", err)
	}
}

// contrast returns what is written in colours that are too alike by WCAG 2.2, AA: a
// ratio of luminances below 4.5.
const contrast = `(() => {
  const rgb = c => c.match(/[\d.]+/g).map(Number);
  const lum = ([r, g, b]) => { const f = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
  const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const out = [];
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || ["SCRIPT", "STYLE", "title"].includes(e.tagName)) continue;
    const style = getComputedStyle(e), a = lum(rgb(e instanceof SVGElement ? style.fill : style.color)), b = lum(e.matches(".number") ? rgb(getComputedStyle(e.previousElementSibling).fill) : behind(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) out.push(e.tagName + " " + e.textContent.trim().slice(0, 30) + " " + ratio.toFixed(2));
  }
  return out;
})()`

// TestPageInChromium opens the page as it is mailed around: from a file, by daylight and
// in the dark, at a desk and on a phone, without its script.
func TestPageInChromium(t *testing.T) {
	browserPath(t)
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(pageOf(t, fullReport())), 0o600); err != nil {
		t.Fatal(err)
	}
	b := openTab(t)
	for _, look := range []struct {
		name, scheme  string
		width, height int64
	}{{"desk-light", "light", 1280, 900}, {"desk-dark", "dark", 1280, 900}, {"phone-light", "light", 375, 740}, {"phone-dark", "dark", 375, 740}} {
		b.do(look.name,
			tell(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}}),
			chromedp.EmulateViewport(look.width, look.height),
			chromedp.Navigate("file://"+file), chromedp.WaitVisible(chromedp.CSS("table")))
		if wide := ask[int](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("%s: the page is %d pixels wider than the screen", look.name, wide)
		}
		if pale := ask[[]string](b, contrast); len(pale) > 0 {
			t.Errorf("%s: too little contrast: %s", look.name, strings.Join(pale, "; "))
		}
		if mute := ask[int](b, `[...document.querySelectorAll("svg [role=img], svg[role=img], [role=group], [role=region]")].filter(e => !e.getAttribute("aria-label")).length`); mute > 0 {
			t.Errorf("%s: %d pictures have no words", look.name, mute)
		}
		b.shoot(look.name)
	}
	b.do("sort by quality", chromedp.Click(chromedp.CSS(`table thead th:nth-child(2) button`)))
	if first := ask[string](b, `document.querySelector("tbody th").textContent`); first != "best" {
		t.Errorf("sorted by the first metric %q is on top, want best", first)
	}
	b.do("without the script", tell(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}), chromedp.Navigate("file://"+file), chromedp.WaitVisible(chromedp.CSS("svg circle")))
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("main")))
	if err != nil || !strings.Contains(text, "best is ahead by ndcg@10") || !strings.Contains(text, "coverage@10") {
		t.Errorf("without the script the page says (%v)\n%s", err, text)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.wrong) > 0 {
		t.Error(strings.Join(b.wrong, "\n"))
	}
}
