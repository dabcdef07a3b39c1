package api

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// report measures a request and writes its line: the route's pattern and never the path
// or the parameters, which hold the ids of people. What went well is a debug line,
// unless Options.AccessLog asks for it; probes and scrapes always are.
func (s *Server) report(c *gin.Context) {
	start := time.Now()
	s.metrics.underWay.Inc()
	defer s.metrics.underWay.Dec()
	c.Next()
	took, status := time.Since(start), c.Writer.Status()
	s.metrics.observe(c, status, took)
	level := slog.LevelDebug
	if status >= http.StatusBadRequest || s.accessLog && !isProbe(c.FullPath()) {
		level = slog.LevelInfo
	}
	ctx := c.Request.Context()
	if !s.log.Enabled(ctx, level) {
		return
	}
	s.log.LogAttrs(ctx, level, "request",
		slog.String("method", c.Request.Method),
		slog.String("route", c.FullPath()),
		slog.Int("status", status),
		slog.Int("bytes", max(c.Writer.Size(), 0)),
		slog.Duration("took", took),
		slog.String("request_id", requestID(c)))
}

// isProbe reports whether a route is asked by machines every few seconds.
func isProbe(route string) bool {
	return route == healthPath || route == readyPath || route == metricsPath
}
