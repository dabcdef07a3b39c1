package api

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// postEvents takes one event, a list or NDJSON.
func (s *Server) postEvents(c *gin.Context) error {
	o, err := s.options(c)
	if err != nil {
		return err
	}
	atomic, err := s.atomic(c)
	if err != nil {
		return err
	}
	switch unknown := c.Query("unknown"); unknown {
	case "", "keep":
	case "refuse":
		o.Unknown = record.Refuse
	default:
		return engine.Invalidf(engine.CodeInvalidField, "unknown", "keep or refuse is wanted, got %q", shorten(unknown))
	}
	b, err := collect(record.Events(c.Request.Body, o), func(e engine.RecordEvent) engine.Command { return e })
	if err != nil {
		return err
	}
	if err := s.mayTell(c, b); err != nil {
		return err
	}
	return s.commit(c, b, atomic)
}

// atomic reads the parameter and narrows the body to what one transaction holds.
func (s *Server) atomic(c *gin.Context) (bool, error) {
	on, err := flag(c, "atomic")
	if on {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, s.limits.AtomicBytes)
	}
	return on, err
}

// event is one line of a history as it is shown.
type event struct {
	engine.Interaction
	Received time.Time `json:"received_at"`
}

// history pages through what a customer did, newest first.
func (s *Server) history(c *gin.Context) error {
	id, err := pathID(c, "customer_id")
	if err != nil {
		return err
	}
	size, err := pageSize(c)
	if err != nil {
		return err
	}
	after, err := parsePlace(c.Query("cursor"))
	if err != nil {
		return err
	}
	rows, err := s.store.History(c.Request.Context(), engine.OfCustomer(engine.CustomerID(id)))
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b engine.Row) int { return placeOf(&a).compare(placeOf(&b)) })
	from, _ := slices.BinarySearchFunc(rows, after, func(r engine.Row, p place) int {
		if placeOf(&r).compare(p) <= 0 {
			return -1
		}
		return 1
	})
	rows, next := cut(rows[from:], size, func(last engine.Row) string { return placeOf(&last).String() })
	page := make([]event, len(rows))
	for i, r := range rows {
		page[i] = event{r.Interaction, r.Received}
	}
	return replyPage(c, "items", page, next)
}

// place is where a row stands in a history read from its end. As a cursor it stays
// right when newer events arrive between two pages.
type place struct {
	At   int64 // Unix milliseconds
	Seq  uint64
	Line uint16
}

func placeOf(r *engine.Row) place { return place{r.At.UnixMilli(), r.Seq, r.Line} }

// compare orders the newest first, an order's lines as they were given.
func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(q.At, p.At), cmp.Compare(q.Seq, p.Seq), cmp.Compare(p.Line, q.Line))
}

// String returns the place as a cursor.
func (p place) String() string {
	raw, _ := binary.Append(nil, binary.BigEndian, p) // fixed size: cannot fail
	return base64.RawURLEncoding.EncodeToString(raw)
}

// parsePlace reads a cursor; none is the place before everything.
func parsePlace(cursor string) (place, error) {
	p := place{At: math.MaxInt64, Seq: math.MaxUint64}
	if cursor == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) != binary.Size(p) || binary.Read(bytes.NewReader(raw), binary.BigEndian, &p) != nil {
		return p, badCursor()
	}
	return p, nil
}
