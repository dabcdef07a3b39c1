package api

import "slices"

const (
	eventsPath      = "/v1/events"
	openAPIPath     = "/v1/openapi.json"
	openAPIYAMLPath = "/v1/openapi.yaml"
	metricsPath     = "/metrics"
	docsPath        = "/docs"
)

// openToAll are the routes that ask for no key.
var openToAll = map[string]bool{
	healthPath: true, readyPath: true,
	openAPIPath: true, openAPIYAMLPath: true,
	"/": true, docsPath: true, docsPath + "/:file": true,
}

// describedRoutes are those the document speaks of: the API's, and those that describe
// and measure it.
func (s *Server) describedRoutes() []route {
	return slices.Concat(s.routes(), []route{
		{method: "GET", path: openAPIPath, handle: s.showDocument},
		{method: "GET", path: openAPIYAMLPath, handle: s.showDocumentYAML},
		{method: "GET", path: metricsPath, handle: s.showMetrics},
	})
}

// allRoutes are those and the pages for people.
func (s *Server) allRoutes() []route {
	return slices.Concat(s.describedRoutes(), []route{
		{method: "GET", path: "/", handle: s.showFront},
		{method: "GET", path: docsPath, handle: s.showPage},
		{method: "GET", path: docsPath + "/:file", handle: s.showPage},
	})
}
