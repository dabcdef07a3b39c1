package gen

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/rapportengine/rapport/engine/model"
)

// Read makes a shop of two tables of whole numbers, customer_id,item_id,at: what is known,
// and of each customer one event that is held out. Times are seconds since any moment: they are moved so that
// the first known event is at Opened. Such a shop has events alone: Item must not be asked
// for.
func Read(known, held io.Reader) (*Shop, error) {
	s := &Shop{Set: Set{Name: "files"}}
	rows, err := read(known)
	if err != nil {
		return nil, err
	}
	first := math.MaxInt
	for _, r := range rows {
		first = min(first, r.at)
	}
	s.add(rows, first)
	if err := s.order(); err != nil {
		return nil, err
	}
	before := len(s.events)
	lengths := make([]int, before)
	for c := range lengths {
		lengths[c] = len(s.events[c])
	}
	if rows, err = read(held); err != nil {
		return nil, fmt.Errorf("held out: %w", err)
	}
	s.add(rows, first)
	for c, events := range s.events {
		if c >= before || len(events) != lengths[c]+1 {
			return nil, fmt.Errorf("customer %d has not one held-out event, and some that are known", c)
		}
		s.Events += len(events)
	}
	s.Customers = len(s.events)
	return s, nil
}

// row is a line of a table.
type row struct{ customer, item, at int }

func read(from io.Reader) (rows []row, err error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	n := 0
	for line := range bytes.Lines(text) {
		if n++; n == 1 {
			continue
		}
		var r row
		for _, to := range []*int{&r.customer, &r.item, &r.at} {
			field, rest, _ := bytes.Cut(bytes.TrimSpace(line), []byte{','})
			line = rest
			if *to, err = strconv.Atoi(string(field)); err != nil || *to < 0 {
				return nil, fmt.Errorf("line %d: customer_id,item_id,at are whole numbers from 0, not %q", n, field)
			}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (s *Shop) add(rows []row, first int) {
	for _, r := range rows {
		for len(s.events) <= r.customer {
			s.events = append(s.events, nil)
		}
		s.Items = max(s.Items, r.item+1)
		s.events[r.customer] = append(s.events[r.customer], Event{Item: uint32(r.item), At: uint32(max(0, r.at-first))})
	}
}

func (s *Shop) order() error {
	for c, events := range s.events {
		if len(events) == 0 {
			return fmt.Errorf("customer %d did nothing: number them from 0", c)
		}
		slices.SortStableFunc(events, func(a, b Event) int { return int(a.At) - int(b.At) })
	}
	return nil
}

// MostWanted keeps the n items that most customers want.
func MostWanted(data *model.Data, n int) *model.Data {
	by := data.ByItem()
	order := make([]int, len(by))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(by[b]) - len(by[a]) })
	order = slices.Sorted(slices.Values(order[:min(n, len(order))]))
	out := &model.Data{Rows: data.Rows.Subset(order)}
	for _, cells := range data.Customers {
		var kept []model.Cell
		for _, c := range cells {
			if row, ok := out.Rows.Row(data.Rows.Num(int(c.Row))); ok {
				kept = append(kept, model.Cell{Row: uint32(row), Weight: c.Weight})
			}
		}
		if len(kept) > 0 {
			out.Customers = append(out.Customers, kept)
		}
	}
	return out
}
