package api

import (
	"context"
	"net/http"
)

// ownerKey marks the context of a request that came in by Local.
type ownerKey struct{}

// Local returns the handler of all routes for a listener that only the workspace's owner
// can reach, such as a socket in its directory: it asks for no key.
func (s *Server) Local() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), ownerKey{}, true)))
	})
}

// isOwner reports whether a request came in by Local.
func isOwner(ctx context.Context) bool { return ctx.Value(ownerKey{}) != nil }
