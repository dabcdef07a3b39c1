package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/store"
)

// exportFormat is a form that an export can have.
type exportFormat struct {
	name, media string
	record      record.Format // meaningless for npy
}

var (
	exportNDJSON  = exportFormat{"ndjson", "application/x-ndjson", record.NDJSON}
	exportCSV     = exportFormat{"csv", mediaCSV + "; charset=utf-8", record.Table}
	exportParquet = exportFormat{"parquet", mediaParquet, record.Parquet}
	exportNPY     = exportFormat{name: "npy", media: "application/octet-stream"}
)

// exports write what can be exported, by its name in the path, from one view.
var exports = map[string]func(ctx context.Context, v *store.View, w io.Writer, f record.Format) error{
	"items": func(ctx context.Context, v *store.View, w io.Writer, f record.Format) error {
		return writeAll(record.ItemWriter(w, f), func(fn func(engine.Item) error) error { return v.Items(ctx, fn) })
	},
	"customers": func(ctx context.Context, v *store.View, w io.Writer, f record.Format) error {
		return writeAll(record.CustomerWriter(w, f), func(fn func(engine.Customer) error) error { return v.Customers(ctx, fn) })
	},
	"events": func(ctx context.Context, v *store.View, w io.Writer, f record.Format) error {
		return writeAll(record.EventWriter(w, f), func(fn func(engine.Interaction) error) error { return v.Events(ctx, fn) })
	},
	"tickets": func(ctx context.Context, v *store.View, w io.Writer, f record.Format) error {
		return writeAll(record.TicketWriter(w, f), func(fn func(engine.Ticket) error) error { return v.Tickets(ctx, fn) })
	},
	"impressions": func(ctx context.Context, v *store.View, w io.Writer, f record.Format) error {
		return writeAll(record.ImpressionWriter(w, f), func(fn func(engine.Impression) error) error { return v.Impressions(ctx, fn) })
	},
}

func writeAll[T any](w record.Writer[T], each func(func(T) error) error) error {
	if err := each(w.Write); err != nil {
		return err
	}
	return w.Close()
}

// seqHeader says as of which write an export or backup is.
const seqHeader = "X-Rapport-Seq"

// export streams everything of a kind, as of one moment.
func (s *Server) export(c *gin.Context) error {
	what, err := pathID(c, "what")
	if err != nil {
		return err
	}
	if _, fitted := fittedExports[what]; fitted {
		return s.exportVectors(c, what)
	}
	write := exports[what]
	if write == nil && what != "subjects" {
		return fmt.Errorf("an export of %q: %w; there are customers, events, items, tickets, impressions, subjects, factors and embeddings", shorten(what), engine.ErrNotFound)
	}
	forms := []exportFormat{exportNDJSON, exportCSV, exportParquet}
	if write == nil {
		forms = forms[:1] // subjects are lines, and no records
	}
	f, err := exportFormatOf(c, forms...)
	if err != nil {
		return err
	}
	v, err := s.store.View(c.Request.Context())
	if err != nil {
		return err
	}
	defer v.Close()
	c.Header(seqHeader, strconv.FormatUint(v.Seq(), 10))
	if write == nil {
		return s.exportSubjects(c, v)
	}
	return s.stream(c, what+"."+f.name, f.media, func(ctx context.Context, w io.Writer) error { return write(ctx, v, w, f.record) })
}

// exportFormatOf reads the parameter format; the first of those there are by default.
func exportFormatOf(c *gin.Context, formats ...exportFormat) (exportFormat, error) {
	given, names := c.Query("format"), ""
	for i, f := range formats {
		if given == f.name || given == "" && i == 0 {
			return f, nil
		}
		names += ", " + f.name
	}
	return exportFormat{}, engine.Invalidf(engine.CodeInvalidField, "format", "one of %s is wanted, got %q", names[2:], shorten(given))
}

// stream answers with a file as it is written. Once it has begun, the only honest way to
// say that it failed is to cut the connection.
func (s *Server) stream(c *gin.Context, file, media string, write func(context.Context, io.Writer) error) error {
	h := c.Writer.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+file+`"`)
	c.Status(http.StatusOK)
	if c.Request.Method == http.MethodHead {
		return nil
	}
	if err := write(c.Request.Context(), c.Writer); err != nil {
		if !c.Writer.Written() {
			h.Del("Content-Disposition")
			return err
		}
		if c.Request.Context().Err() == nil {
			s.log.ErrorContext(c.Request.Context(), "a stream broke off", "route", c.FullPath(), "request_id", requestID(c), "err", err)
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}
