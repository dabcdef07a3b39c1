package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rapportengine/rapport/engine"
)

// metrics are a server's figures for Prometheus, in a registry of its own. Labels have
// few values whatever callers send: a route's pattern, a known method, a status class.
type metrics struct {
	requests *prometheus.HistogramVec
	underWay prometheus.Gauge
	handler  http.Handler
}

// durations are the bounds of the histogram in seconds: a list takes about a
// millisecond, a batch of events some tens.
var durations = []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 10, 30}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rapport_http_request_duration_seconds", Help: "Time from a request's head to the end of its answer.",
			Buckets: durations,
		}, []string{"method", "route", "status"}),
		underWay: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "rapport_http_requests_in_flight", Help: "Requests under way.",
		}),
	}
	r := prometheus.NewRegistry()
	r.MustRegister(m.requests, m.underWay, standing{s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true, ErrorHandling: promhttp.ContinueOnError})
	return m
}

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// observe counts a request that has been answered.
func (m *metrics) observe(c *gin.Context, status int, took time.Duration) {
	method := "other"
	if slices.Contains(methods, c.Request.Method) {
		method = c.Request.Method
	}
	class := strconv.Itoa(status/100) + "xx"
	m.requests.WithLabelValues(method, cmp.Or(c.FullPath(), "none"), class).Observe(took.Seconds())
}

// showMetrics answers a scrape.
func (s *Server) showMetrics(c *gin.Context) error {
	s.metrics.handler.ServeHTTP(c.Writer, c.Request)
	return nil
}

// standing tells how the house stands, at the moment of a scrape.
type standing struct{ *Server }

// gauge is one figure of the house.
type gauge struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func newGauge(kind prometheus.ValueType, name, help string) gauge {
	return gauge{prometheus.NewDesc("rapport_"+name, help, nil, nil), kind}
}

var (
	storeSeq     = newGauge(prometheus.CounterValue, "store_seq", "Number of the newest command that is stored.")
	servingSeq   = newGauge(prometheus.CounterValue, "serving_seq", "Number of the newest command that answers reflect.")
	modelVersion = newGauge(prometheus.GaugeValue, "model_version", "Version of the models that serve, 0 for none.")
	modelMade    = newGauge(prometheus.GaugeValue, "model_created_timestamp_seconds", "When the models that serve were trained, in seconds since 1970.")
	modelsKept   = newGauge(prometheus.GaugeValue, "models_kept", "Model versions that are kept.")
	itemsKnown   = newGauge(prometheus.GaugeValue, "catalogue_items", "Items in the catalogue.")
	peopleLive   = newGauge(prometheus.GaugeValue, "people_in_memory", "Customers and sessions whose state is in memory.")
	peopleBytes  = newGauge(prometheus.GaugeValue, "people_in_memory_bytes", "Memory of their states, as estimated.")
	passages     = newGauge(prometheus.GaugeValue, "passages_encoded", "Passages of solutions and articles that have a vector.")
	unread       = newGauge(prometheus.GaugeValue, "fixes_unencoded", "Solutions and articles whose passages have no vectors yet.")
	written      = newGauge(prometheus.CounterValue, "impressions_written_total", "Answers that were recorded.")
	trainings    = prometheus.NewDesc("rapport_trainings_total", "Trainings that have ended, by how.", []string{"state"}, nil)
	dropped      = newGauge(prometheus.CounterValue, "impressions_dropped_total", "Answers whose record was lost because the disk did not keep up.")
)

// Describe says nothing: there is one of these a registry, and it checks itself.
func (standing) Describe(chan<- *prometheus.Desc) {}

// Collect sends the figures.
func (h standing) Collect(out chan<- prometheus.Metric) {
	send := func(g gauge, v float64) { out <- prometheus.MustNewConstMetric(g.desc, g.kind, v) }
	world, f := h.rec.World(), h.rec.Figures()
	send(storeSeq, float64(h.store.Seq()))
	send(servingSeq, float64(h.rec.Seq()))
	send(modelVersion, float64(world.Models.Version))
	send(itemsKnown, float64(world.Catalogue.Known().GetCardinality()))
	send(peopleLive, float64(f.People))
	send(peopleBytes, float64(f.PeopleBytes))
	send(passages, float64(f.Passages))
	send(unread, float64(f.Unread))
	send(written, float64(f.Written))
	send(dropped, float64(f.Dropped))
	ended := h.trainer.Ended()
	for _, state := range []engine.JobState{engine.JobSucceeded, engine.JobRefused, engine.JobFailed, engine.JobCancelled} {
		out <- prometheus.MustNewConstMetric(trainings, prometheus.CounterValue, float64(ended[state]), string(state))
	}
	ctx, stop := context.WithTimeout(context.Background(), probeTimeout)
	defer stop()
	models, err := h.trainer.Models(ctx)
	if err != nil {
		h.log.Warn("models are not measured", "err", err)
		return
	}
	send(modelsKept, float64(len(models)))
	for _, m := range models {
		if m.Current {
			send(modelMade, float64(m.Created.Unix()))
		}
	}
}
