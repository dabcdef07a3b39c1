package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// block is a piece of a page that is run: its commands, and what their output must show.
type block struct {
	serves   bool // a server that runs until the page ends
	commands string
	expect   []string
}

var (
	blocks  = regexp.MustCompile("(?ms)^```sh (run|serve)\n(.*?)^```\n((?:<!-- expect: [^\n]* -->\n)*)")
	expects = regexp.MustCompile(`<!-- expect: (.*) -->`)
)

// blocksOf returns what is to be run of a page.
func blocksOf(page string) []block {
	var out []block
	for _, m := range blocks.FindAllStringSubmatch(page, -1) {
		b := block{serves: m[1] == "serve", commands: m[2]}
		for _, e := range expects.FindAllStringSubmatch(m[3], -1) {
			b.expect = append(b.expect, e[1])
		}
		out = append(out, b)
	}
	return out
}

// docsAddr is where the pages' server listens; each page gets a place of its own.
const docsAddr = "127.0.0.1:8080"

// TestDocsPages follows every page that has something to run as a new user would: its
// blocks in order, with the binary built from this tree, in an empty directory.
func TestDocsPages(t *testing.T) {
	if os.Getenv("RAPPORT_DOCS") == "" {
		t.Skip("RAPPORT_DOCS=1 follows the pages of docs/, a minute or two")
	}
	bin := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "rapport"), ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	followed := 0
	for _, name := range pages {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if todo := blocksOf(string(text)); len(todo) > 0 {
			followed++
			t.Run(filepath.Base(name), func(t *testing.T) { follow(t, bin, todo) })
		}
	}
	if followed < 3 {
		t.Errorf("%d pages have something to run, want the three quick starts at least", followed)
	}
}

func follow(t *testing.T, bin string, todo []block) {
	dir, addr := t.TempDir(), freeAddr(t)
	began := time.Now()
	run := func(b block) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", strings.ReplaceAll(b.commands, docsAddr, addr))
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 30 * time.Second
		return cmd
	}
	for _, b := range todo {
		cmd := run(b)
		if b.serves {
			serveFor(t, cmd, addr)
			continue
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v:\n%s\n%s", err, b.commands, out)
		}
		for _, want := range b.expect {
			if !strings.Contains(string(out), want) {
				t.Errorf("no %q in what comes of\n%s\n%s", want, b.commands, out)
			}
		}
	}
	t.Logf("followed in %.1f s", time.Since(began).Seconds())
}

// serveFor starts a server and waits until it is ready. It ends with the test.
func serveFor(t *testing.T, cmd *exec.Cmd, addr string) {
	t.Helper()
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	// exec, so that the signal reaches the server and not a shell around it; env, so that
	// the page may set variables before it.
	commands := &cmd.Args[len(cmd.Args)-1]
	*commands = "exec env " + strings.TrimSpace(*commands) + " --addr " + addr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		// The test's context has ended before, which interrupts the server, and is all that
		// Wait speaks of. A second interrupt would kill it.
		if err := <-ended; !cmd.ProcessState.Success() {
			t.Errorf("the server did not end cleanly: %v\n%s", err, &said)
		}
	})
	deadline := time.After(5 * time.Minute) // the demo trains first
	for {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the server ended: %v\n%s", err, &said)
		case <-deadline:
			t.Fatal("the server did not become ready")
		case <-time.After(100 * time.Millisecond):
		}
		if isReady(t.Context(), addr) {
			return
		}
	}
}

func isReady(ctx context.Context, addr string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// freeAddr returns an address that nobody listens on.
func freeAddr(t *testing.T) string {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr())
}
