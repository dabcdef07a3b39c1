package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is vendored is what VENDOR.json says, with its licence.
func TestVendored(t *testing.T) {
	dir := filepath.Join("web", "vendor")
	text, err := os.ReadFile(filepath.Join(dir, "VENDOR.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vendored struct {
		Name, Version, Licence string
		SHA256                 map[string]string
	}
	if err := json.Unmarshal(text, &vendored); err != nil {
		t.Fatal(err)
	}
	if vendored.Name == "" || vendored.Version == "" || vendored.Licence != "Apache-2.0" {
		t.Errorf("VENDOR.json: got %+v, want a name, a version and Apache-2.0", vendored)
	}
	if licence, err := os.ReadFile(filepath.Join(dir, "LICENSE")); err != nil || !strings.Contains(string(licence), "Apache License") {
		t.Errorf("LICENSE: %v, want the Apache licence", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.gz"))
	if err != nil || len(files) != len(vendored.SHA256) || len(files) == 0 {
		t.Errorf("there are %v, VENDOR.json has %v", files, vendored.SHA256)
	}
	for _, file := range files {
		zipped, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".gz")
		sum := sha256.Sum256(inflated(t, zipped))
		if got := hex.EncodeToString(sum[:]); got != vendored.SHA256[name] {
			t.Errorf("%s: its hash is %s, VENDOR.json has %s", name, got, vendored.SHA256[name])
		}
	}
}

func inflated(t *testing.T, zipped []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// The page and its parts come without a key, compressed or not, under the strict policy.
func TestReferencePage(t *testing.T) {
	h := newHouse(t)
	for path, kind := range map[string]string{
		"/docs": "text/html", "/docs/docs.js": "text/javascript", "/docs/docs.css": "text/css",
		"/docs/swagger-ui-bundle.js": "text/javascript", "/docs/swagger-ui.css": "text/css",
	} {
		plain := h.page("GET", path, http.Header{"Accept-Encoding": {"identity"}}).want(200)
		zipped := h.page("GET", path, http.Header{"Accept-Encoding": {"br, gzip"}}).want(200)
		if zipped.header.Get("Content-Encoding") != "gzip" || !bytes.Equal(inflated(t, zipped.body), plain.body) {
			t.Errorf("%s: compressed and plain differ", path)
		}
		if got := plain.header.Get("Content-Type"); !strings.HasPrefix(got, kind) {
			t.Errorf("%s: Content-Type is %q, want %s", path, got, kind)
		}
		policy := plain.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'self';") || strings.Contains(policy, "script-src") || strings.Contains(policy, "unsafe-eval") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		h.page("GET", path, http.Header{"If-None-Match": {plain.header.Get("ETag")}}).want(304)
	}
	for _, path := range []string{"/docs/", "/docs/VENDOR.json", "/docs/docs.html", "/docs/..%2Fdocs.html"} {
		if g := h.page("GET", path); g.status != 404 && g.status != 401 {
			t.Errorf("%s: got %d, want nothing there", path, g.status)
		}
	}
	if g := h.page("GET", "/"); !strings.Contains(string(g.body), "swagger-ui-bundle.js") {
		t.Errorf("/ leads to %q, want the reference", g.body)
	}
}
