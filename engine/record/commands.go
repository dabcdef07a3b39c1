package record

import (
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// commands read each kind of record as what keeps it.
var commands = map[string]func(io.Reader, Options) iter.Seq2[Entry[engine.Command], error]{
	"customers": keeping(Customers, func(c engine.Customer) engine.Command { return engine.PutCustomer{Customer: c} }),
	"events":    keeping(Events, func(e engine.RecordEvent) engine.Command { return e }),
	"items":     keeping(Items, func(i engine.Item) engine.Command { return engine.PutItem{Item: i} }),
	"orders":    keeping(Orders, func(e engine.RecordEvent) engine.Command { return e }),
	"tickets":   keeping(toldTickets, func(t engine.PutTicket) engine.Command { return t }),
	"vectors":   keeping(Vectors, bring),
}

// Kinds are the kinds of record that can be imported.
func Kinds() []string { return slices.Sorted(maps.Keys(commands)) }

// Commands reads records of one of Kinds as the commands that keep them. Of another kind
// it yields nothing but an *engine.Invalid.
func Commands(kind string, r io.Reader, o Options) iter.Seq2[Entry[engine.Command], error] {
	read, known := commands[kind]
	if !known {
		return func(yield func(Entry[engine.Command], error) bool) {
			yield(Entry[engine.Command]{}, unknownName(engine.CodeInvalidField, kind, "kind of record", Kinds()))
		}
	}
	return read(r, o)
}

func keeping[T any](read func(io.Reader, Options) iter.Seq2[Entry[T], error], command func(T) engine.Command) func(io.Reader, Options) iter.Seq2[Entry[engine.Command], error] {
	return func(r io.Reader, o Options) iter.Seq2[Entry[engine.Command], error] {
		return func(yield func(Entry[engine.Command], error) bool) {
			for entry, err := range read(r, o) {
				next := Entry[engine.Command]{Line: entry.Line}
				if err == nil {
					next.Value = command(entry.Value)
				}
				if !yield(next, err) {
					return
				}
			}
		}
	}
}
