package gen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/rapportengine/rapport/engine/model"
)

// Read makes a shop of two tables of whole numbers, customer_id,item_id,at: what is known,
// and of each customer one event that is held out. Times are seconds. Such a shop has
// events alone: Item must not be asked for.
func Read(known, held io.Reader) (*Shop, error) {
	s := &Shop{Set: Set{Name: "files"}}
	if err := errors.Join(s.read(known), s.order()); err != nil {
		return nil, err
	}
	before := len(s.events)
	lengths := make([]int, before)
	for c := range lengths {
		lengths[c] = len(s.events[c])
	}
	if err := s.read(held); err != nil {
		return nil, err
	}
	for c, events := range s.events {
		if c >= before || len(events) != lengths[c]+1 {
			return nil, fmt.Errorf("customer %d has not one held-out event, and some that are known", c)
		}
		s.Events += len(events)
	}
	s.Customers = len(s.events)
	return s, nil
}

func (s *Shop) read(from io.Reader) error {
	text, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	opened := int(Opened.Unix())
	n := 0
	for line := range bytes.Lines(text) {
		if n++; n == 1 {
			continue
		}
		var values [3]int
		for i := range values {
			field, rest, _ := bytes.Cut(bytes.TrimSpace(line), []byte{','})
			line = rest
			if values[i], err = strconv.Atoi(string(field)); err != nil || values[i] < 0 {
				return fmt.Errorf("line %d: customer_id,item_id,at are whole numbers from 0, not %q", n, field)
			}
		}
		c, i := values[0], values[1]
		for len(s.events) <= c {
			s.events = append(s.events, nil)
		}
		s.Items = max(s.Items, i+1)
		s.events[c] = append(s.events[c], Event{Item: uint32(i), At: uint32(max(0, values[2]-opened))})
	}
	return nil
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
