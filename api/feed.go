package api

import (
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
)

// feed is the whole catalogue of a shop as it is sent with mode=replace: what is absent
// from it is hidden. It speaks for the kinds of items it holds and for no others, so
// that a feed of products leaves the help articles alone.
type feed struct {
	force bool // whatever is lost by it
	holds map[engine.ItemID]bool
	kinds map[engine.Kind]bool
}

// maxLoss is the part of the shown items that a feed may lack without force. A feed that
// was cut off lacks more.
const maxLoss = 0.2

// feedOf reads mode and force; nil where items are only put.
func feedOf(c *gin.Context) (*feed, error) {
	force, err := flag(c, "force")
	if err != nil {
		return nil, err
	}
	switch mode := c.Query("mode"); {
	case mode == "replace":
		return &feed{force: force, holds: make(map[engine.ItemID]bool), kinds: make(map[engine.Kind]bool)}, nil
	case mode != "" && mode != "put":
		return nil, engine.Invalidf(engine.CodeInvalidField, "mode", "put or replace is wanted, got %q", shorten(mode))
	case force:
		return nil, engine.Invalidf(engine.CodeInvalidField, "force", "force is for mode=replace")
	}
	return nil, nil
}

// add notes an item of the feed.
func (f *feed) add(i *engine.Item) {
	f.holds[i.ID] = true
	f.kinds[i.KindOrProduct()] = true
}

// absent returns the items that the feed hides, or refuses it.
func (f *feed) absent(s *Server) ([]engine.ItemID, error) {
	var absent []engine.ItemID
	catalogue, shown := s.rec.World().Catalogue, 0
	for n := range catalogue.Len() {
		item := catalogue.Item(engine.ItemNum(n))
		if item == nil || item.Hidden || !f.kinds[item.KindOrProduct()] {
			continue
		}
		if shown++; !f.holds[item.ID] {
			absent = append(absent, item.ID)
		}
	}
	if !f.force && float64(len(absent)) > maxLoss*float64(shown) {
		return nil, newProblem(409, codeConflict, "nothing was changed: the feed lacks %d of the %d items that are shown, more than %g %%; "+
			"if it is whole, send it with force=true", len(absent), shown, 100*maxLoss)
	}
	return absent, nil
}

// hiding returns the commands that hide items.
func hiding(items []engine.ItemID) []engine.Command {
	commands := make([]engine.Command, len(items))
	for i, id := range items {
		commands[i] = engine.UpdateItem{ID: id, Update: func(item engine.Item, found bool) (engine.Item, error) {
			if !found {
				return item, fmt.Errorf("item %q: %w", id, engine.ErrNotFound)
			}
			item.Hidden = true
			return item, nil
		}}
	}
	return commands
}

// hide carries out the hiding and counts it. What was deleted meanwhile needs none.
func (s *Server) hide(c *gin.Context, items []engine.ItemID) (hidden int, err error) {
	for start := 0; start < len(items); start += importChunk {
		results, err := s.store.Append(c.Request.Context(), hiding(items[start:min(start+importChunk, len(items))]))
		if err != nil {
			return hidden, fmt.Errorf("hide %d items: %w", len(items), err)
		}
		for _, r := range results {
			switch {
			case r.Err == nil:
				hidden++
			case !errors.Is(r.Err, engine.ErrNotFound):
				return hidden, fmt.Errorf("hide an item: %w", r.Err)
			}
		}
	}
	return hidden, nil
}

// putItems takes items one by one, or as the feed of all.
func (s *Server) putItems(items *collection[engine.Item]) handler {
	return func(c *gin.Context) error {
		f, err := feedOf(c)
		if err != nil {
			return err
		}
		if f == nil {
			return items.put(c)
		}
		if on, err := flag(c, "atomic"); err != nil {
			return err
		} else if on {
			return engine.Invalidf(engine.CodeInvalidField, "atomic", "atomic is for mode=put; a feed is refused whole if one of its records is")
		}
		return s.replaceItems(c, items, f)
	}
}

// replaceItems puts the items of a feed and hides those it lacks.
func (s *Server) replaceItems(c *gin.Context, items *collection[engine.Item], f *feed) error {
	o, err := s.options(c)
	if err != nil {
		return err
	}
	b, err := collect(items.read(c.Request.Body, o), func(i engine.Item) engine.Command {
		f.add(&i)
		return items.toPut(i)
	})
	if err != nil {
		return err
	}
	if n := len(b.rejected); n > 0 {
		return refused(&Outcome{Rejected: b.rejected}, n+len(b.commands))
	}
	absent, err := f.absent(s)
	if err != nil {
		return err
	}
	out, err := s.keep(c, b, false)
	if err != nil {
		return err
	}
	hidden, err := s.hide(c, absent)
	if err != nil {
		return err
	}
	out.Hidden = &hidden
	return send(c, out)
}
