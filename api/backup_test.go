package api

import (
	"fmt"
	"io"
	"net/http"
	"testing"
)

// A backup says where it ends, and the next one goes on from there.
func TestBackup(t *testing.T) {
	h := stocked(t)
	take := func(query string) (int, string, http.Header) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", h.http.URL+"/v1/backup"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+testKey)
		resp, err := h.http.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("GET /v1/backup%s: %d %s (%v)", query, resp.StatusCode, body, err)
		}
		return len(body), resp.Trailer.Get(positionHeader), resp.Trailer
	}
	whole, position, trailer := take("")
	if whole == 0 || trailer.Get(seqHeader) != fmt.Sprint(h.store.Seq()) {
		t.Errorf("a backup of %d bytes as of %v, want some, as of %d", whole, trailer, h.store.Seq())
	}
	h.saw("ann", "lamp-0")
	if more, _, _ := take("?since=" + position); more == 0 || more >= whole {
		t.Errorf("what came after is %d bytes, the whole was %d", more, whole)
	}
	list := h.call("GET", "/v1/backups").want(200).object()["backups"].([]any)
	if len(list) != 2 || fmt.Sprintf("%.0f", list[1].(fields)["since"]) != position {
		t.Errorf("backups: got %v, want both, the second since %s", list, position)
	}
	if head := h.call("HEAD", "/v1/backup").want(200); len(head.body) != 0 {
		t.Errorf("HEAD: got %d bytes", len(head.body))
	}
	if p := h.call("GET", "/v1/backup?since=1").refused(422, "invalid_field"); p.Field != "since" {
		t.Errorf("since nothing: field %q", p.Field)
	}
	h.call("GET", "/v1/backup?since=yesterday").refused(422, "invalid_field")
	h.call("GET", "/v1/backup?full=true").refused(422, "unknown_parameter")
	if n := len(h.call("GET", "/v1/backups").object()["backups"].([]any)); n != 2 {
		t.Errorf("after refusals and HEAD there are %d backups, want the two", n)
	}
}
