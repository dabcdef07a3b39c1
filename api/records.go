package api

import (
	"context"
	"io"
	"iter"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// reader reads records of one kind from a body.
type reader[T any] func(io.Reader, record.Options) iter.Seq2[record.Entry[T], error]

// collection is the routes of one kind of record: items, customers, tickets.
type collection[T any] struct {
	s       *Server
	name    string // of the list in a page
	idField string

	read    reader[T]
	patches reader[record.Patch[T]]
	toPut   func(T) engine.Command
	toPatch func(record.Patch[T]) engine.Command
	toDrop  func(id string) engine.Command
	get     func(ctx context.Context, id string) (T, error)
	page    func(ctx context.Context, cursor string, limit int) ([]T, string, error)
}

func (s *Server) items() *collection[engine.Item] {
	return &collection[engine.Item]{
		s: s, name: "items", idField: "item_id",
		read: record.Items, patches: record.ItemPatches,
		toPut: func(i engine.Item) engine.Command { return engine.PutItem{Item: i} },
		toPatch: func(p record.Patch[engine.Item]) engine.Command {
			return engine.UpdateItem{ID: engine.ItemID(p.ID), Update: p.Update}
		},
		toDrop: func(id string) engine.Command { return engine.DeleteItem{ID: engine.ItemID(id)} },
		get: func(ctx context.Context, id string) (engine.Item, error) {
			return s.store.Item(ctx, engine.ItemID(id))
		},
		page: s.itemPage,
	}
}

func (s *Server) customers() *collection[engine.Customer] {
	return &collection[engine.Customer]{
		s: s, name: "customers", idField: "customer_id",
		read: record.Customers, patches: record.CustomerPatches,
		toPut: func(c engine.Customer) engine.Command { return engine.PutCustomer{Customer: c} },
		toPatch: func(p record.Patch[engine.Customer]) engine.Command {
			return engine.UpdateCustomer{ID: engine.CustomerID(p.ID), Update: p.Update}
		},
		get: func(ctx context.Context, id string) (engine.Customer, error) {
			return s.store.Customer(ctx, engine.CustomerID(id))
		},
		page: s.store.Customers,
	}
}

func (s *Server) tickets() *collection[engine.Ticket] {
	return &collection[engine.Ticket]{
		s: s, name: "tickets", idField: "ticket_id",
		read: record.Tickets, patches: record.TicketPatches,
		toPut: func(t engine.Ticket) engine.Command { return engine.PutTicket{Ticket: t} },
		toPatch: func(p record.Patch[engine.Ticket]) engine.Command {
			return engine.UpdateTicket{ID: p.ID, Update: p.Update}
		},
		toDrop: func(id string) engine.Command { return engine.DeleteTicket{ID: id} },
		get:    s.store.Ticket,
		page:   s.store.Tickets,
	}
}

// put takes one record, a list or NDJSON, and replaces what has their ids.
func (k *collection[T]) put(c *gin.Context) error {
	return many(k.s, c, k.read, k.toPut)
}

// patch takes one change, a list or NDJSON.
func (k *collection[T]) patch(c *gin.Context) error {
	return many(k.s, c, k.patches, k.toPatch)
}

// many writes every record of a body.
func many[R any](s *Server, c *gin.Context, read reader[R], command func(R) engine.Command) error {
	o, err := s.options(c)
	if err != nil {
		return err
	}
	if o.Create, err = flag(c, "create"); err != nil {
		return err
	}
	atomic, err := s.atomic(c)
	if err != nil {
		return err
	}
	b, err := collect(read(c.Request.Body, o), command)
	if err != nil {
		return err
	}
	return s.commit(c, b, atomic)
}

// putOne replaces the record the path names, or adds it.
func (k *collection[T]) putOne(c *gin.Context) error {
	return single(k, c, k.read, k.toPut)
}

// patchOne changes the record the path names.
func (k *collection[T]) patchOne(c *gin.Context) error {
	return single(k, c, k.patches, k.toPatch)
}

// single writes the one record of a body under the path's id, and answers with it as it
// is kept.
func single[T, R any](k *collection[T], c *gin.Context, read reader[R], command func(R) engine.Command) error {
	id, err := pathID(c, k.idField)
	if err != nil {
		return err
	}
	if err := object(c); err != nil {
		return err
	}
	o, err := k.s.options(c)
	if err != nil {
		return err
	}
	if o.Create, err = flag(c, "create"); err != nil {
		return err
	}
	o.ID, o.MaxRecords = id, 0 // One says it better
	one, err := record.One(read(c.Request.Body, o))
	if err != nil {
		return err
	}
	if _, err := k.s.do(c.Request.Context(), command(one)); err != nil {
		return err
	}
	return k.showAs(c, id)
}

// show answers with the record the path names.
func (k *collection[T]) show(c *gin.Context) error {
	id, err := pathID(c, k.idField)
	if err != nil {
		return err
	}
	return k.showAs(c, id)
}

func (k *collection[T]) showAs(c *gin.Context, id string) error {
	got, err := k.get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return send(c, got)
}

// list pages through all records.
func (k *collection[T]) list(c *gin.Context) error {
	size, err := pageSize(c)
	if err != nil {
		return err
	}
	page, next, err := k.page(c.Request.Context(), c.Query("cursor"), size)
	if err != nil {
		return err
	}
	return replyPage(c, k.name, page, next)
}

// drop takes the record the path names out.
func (k *collection[T]) drop(c *gin.Context) error {
	id, err := pathID(c, k.idField)
	if err != nil {
		return err
	}
	if _, err := k.s.do(c.Request.Context(), k.toDrop(id)); err != nil {
		return err
	}
	return sendNothing(c)
}

// replyPage answers with a page under its name, and the cursor of the next where there
// is one.
func replyPage[T any](c *gin.Context, name string, page []T, next string) error {
	if page == nil {
		page = []T{}
	}
	answer := gin.H{name: page}
	if next != "" {
		answer["cursor"] = next
	}
	return send(c, answer)
}

// itemPage pages through the live catalogue in the order of the items' numbers. The
// cursor is the last page's last number.
func (s *Server) itemPage(_ context.Context, cursor string, limit int) ([]engine.Item, string, error) {
	catalogue := s.rec.World().Catalogue
	from := 0
	if cursor != "" {
		last, err := strconv.ParseUint(cursor, 10, 32)
		if err != nil {
			return nil, "", badCursor()
		}
		from = int(last) + 1
	}
	var page []engine.Item
	last := 0
	for n := from; n < catalogue.Len(); n++ {
		item := catalogue.Item(engine.ItemNum(n))
		if item == nil {
			continue
		}
		if len(page) == limit {
			return page, strconv.Itoa(last), nil
		}
		page, last = append(page, *item), n
	}
	return page, "", nil
}
