package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

type suggestCommand struct {
	target
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
	r, err := s.reach(ctx, c, openOptions{sense: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	var answer engine.SuggestAnswer
	err = r.post(ctx, "/v1/solutions/suggest", &engine.SuggestRequest{
		Text: s.Text, Customer: s.Customer, Product: s.Product, Count: s.Count,
		Record: new(false), ReturnProperties: []string{"title"},
	}, &answer)
	if err != nil {
		return err
	}
	return writeFixes(c.out, &answer)
}

func writeFixes(out io.Writer, a *engine.SuggestAnswer) error {
	var b strings.Builder
	for _, r := range a.Items {
		fmt.Fprintf(&b, "%d. %v (%s, %.3f)\n", r.Rank, r.Properties["title"], r.Item, r.Score)
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
	fmt.Fprintf(&b, "action: %s (%s)\n", a.Action, strings.Join(a.Because, "; "))
	if len(a.Degraded) > 0 {
		fmt.Fprintf(&b, "it went without: %s\n", strings.Join(a.Degraded, ", "))
	}
	_, err := io.WriteString(out, b.String())
	return err
}
