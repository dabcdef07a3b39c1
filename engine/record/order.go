package record

import (
	"encoding/binary"
	"hash/fnv"
	"io"
	"iter"
	"maps"
	"math"

	"github.com/rapportengine/rapport/engine"
)

// Orders reads what was bought: events of type purchase that say which order they
// belong to. Beyond what Events takes:
//
//   - order_id is needed, and the event's id where there is none, so that an order sent
//     again doubles nothing; an order without customer_id and session_id is a visit of
//     its own, the session of that name;
//   - rows with one order_id (of a table, or objects without items) are the lines of
//     one event, numbered as they come, equal ones too;
//   - a quantity below 0 is a return of that many pieces.
//
// It remembers 16 bytes and more for every order of rows that it has met, so that the
// lines of one may stand apart.
func Orders(r io.Reader, o Options) iter.Seq2[Entry[engine.RecordEvent], error] {
	lines := map[uint64]int{}
	return read(r, o, orderSchema, func(e *event, c *reading) (engine.RecordEvent, problem) {
		if e.OrderID == "" {
			return engine.RecordEvent{}, missing("order_id", "the order that was placed is needed")
		}
		if e.EventID == "" {
			e.EventID = e.OrderID
		}
		if e.Subject().IsZero() {
			e.Session = engine.SessionID(e.OrderID)
		}
		if e.Type == "" {
			e.Type = engine.Purchase
		}
		record, p := finishEvent(e, c)
		if p == nil && !e.order && !e.numbered {
			p = numbered(&record.Lines[0], lines)
		}
		turned(record.Lines)
		return record, p
	})
}

// orderSchema is that of events, in which a line may go back.
var orderSchema = func() *schema[event] {
	s := &schema[event]{
		what: "field of an order", fields: eventSchema.fields, aliases: maps.Clone(eventSchema.aliases),
		rest: eventSchema.rest, inner: eventSchema.inner, returns: true,
	}
	s.aliases["lines"] = "items"
	return s
}()

// numbered gives a row its place in its order.
func numbered(line *engine.Interaction, lines map[uint64]int) problem {
	h := fnv.New64a()
	subject := line.Subject().Hash()
	_, _ = h.Write(subject[:])
	_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(line.EventID))))
	_, _ = h.Write([]byte(line.EventID))
	n := lines[h.Sum64()]
	if n > math.MaxUint16 {
		return at("order_id", tooMuch("an order has at most %d lines", math.MaxUint16+1))
	}
	lines[h.Sum64()] = n + 1
	line.Line = uint16(n)
	return nil
}

// turned makes lines that go back returns.
func turned(lines []engine.Interaction) {
	for i := range lines {
		l := &lines[i]
		if l.Quantity < 0 {
			l.Quantity = -l.Quantity
			if l.Type == engine.Purchase {
				l.Type = engine.Return
			}
		}
	}
}
