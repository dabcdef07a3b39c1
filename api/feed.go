package api

import (
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// feed is a catalogue that is sent with mode=replace.
type feed struct {
	catalogue.Feed
	force bool // whatever is lost by it
}

// feedOf reads mode and force; nil where items are only put.
func feedOf(c *gin.Context) (*feed, error) {
	force, err := flag(c, "force")
	if err != nil {
		return nil, err
	}
	switch mode := c.Query("mode"); {
	case mode == "replace":
		return &feed{force: force}, nil
	case mode != "" && mode != "put":
		return nil, engine.Invalidf(engine.CodeInvalidField, "mode", "put or replace is wanted, got %q", shorten(mode))
	case force:
		return nil, engine.Invalidf(engine.CodeInvalidField, "force", "force is for mode=replace")
	}
	return nil, nil
}

// absent returns the items that the feed hides, or refuses it.
func (f *feed) absent(s *Server) ([]engine.ItemID, error) {
	absent, shown := f.Absent(s.rec.World().Catalogue)
	if !f.force && !catalogue.Whole(len(absent), shown) {
		return nil, newProblem(409, codeConflict, "nothing was changed: the feed lacks %d of the %d items that are shown, more than %g %%; "+
			"if it is whole, send it with force=true", len(absent), shown, 100*engine.MaxFeedLoss)
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
		f.Add(&i)
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
