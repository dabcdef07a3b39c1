package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

type suggestCommand struct {
	directory
	Text     string            `arg:"" help:"What the customer wrote."`
	Customer engine.CustomerID `placeholder:"ID" help:"Who wrote it: fixes for what they own come first."`
	Product  engine.ItemID     `placeholder:"ID" help:"What it is about."`
	Count    int               `default:"5" help:"How many fixes."`
}

func (suggestCommand) Help() string {
	return `Examples:

  rapport suggest "my lamp arrived broken"
  rapport suggest "it does not light" --customer 15298 --product 23084`
}

// Run prints the fixes most likely to end a ticket. It leaves no impression.
func (s *suggestCommand) Run(ctx context.Context, c *console) (err error) {
	w, err := open(ctx, openOptions{dir: s.Dir, log: c.log(slog.LevelWarn, "text")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	answer, err := w.recommender.Suggest(ctx, &engine.SuggestRequest{
		Text: s.Text, Customer: s.Customer, Product: s.Product, Count: s.Count, Record: new(false),
	})
	if _, invalid := errors.AsType[*engine.Invalid](err); invalid {
		return &usageError{err}
	}
	if err != nil {
		return err
	}
	return writeFixes(c.out, &answer, w.recommender.World().Catalogue)
}

func writeFixes(out io.Writer, a *engine.SuggestAnswer, items *catalogue.Snapshot) error {
	var b strings.Builder
	for _, r := range a.Items {
		fmt.Fprintf(&b, "%d. %s (%s, %.3f)\n", r.Rank, items.Item(r.Num).Title, r.Item, r.Score)
		for _, why := range r.Reasons {
			if why.Text != "" {
				fmt.Fprintf(&b, "   %s (%+.3f)\n", why.Text, why.Contribution)
			}
		}
	}
	if len(a.Items) == 0 {
		fmt.Fprintf(&b, "no fix: %s\n", a.EmptyReason)
	}
	if a.Confidence == nil {
		b.WriteString("confidence: not calibrated\n")
	} else {
		fmt.Fprintf(&b, "confidence: %.0f %%\n", 100**a.Confidence)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
