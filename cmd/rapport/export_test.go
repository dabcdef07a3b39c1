package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
)

// A model that is swapped between the vectors and their ids may have other rows.
func TestVectorsAndIDsAreOfOneModel(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/whoami" {
			fmt.Fprintln(w, "{}")
			return
		}
		asked++
		w.Header().Set("X-Rapport-Model", fmt.Sprint(asked))
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "factors.npy")
	rapport(t, "export", "--server", server.URL, "--as", "factors", "--out", file).want(t, exitFailed, "of model 1, and model 2 serves by now")
}
