package solution

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/rapportengine/rapport/engine"
)

// claim says how the products a fix applies to meet this ticket and its customer. The
// zero claim is that of a fix for every product.
type claim struct {
	about   bool           // it applies to what the ticket is about: product
	owned   bool           // it applies to something the customer bought: bought, at
	foreign bool           // it applies to other products only
	product engine.ItemNum // meaningless unless about
	bought  engine.ItemNum // meaningless unless owned
	at      time.Time      // of the newest purchase; zero where the rows do not reach back to it
}

// claims knows the products of a ticket and of its customer. Empty, no fix is foreign.
type claims struct {
	products map[engine.ItemID]*product
	about    bool // the ticket is about any of them
}

type product struct {
	num    engine.ItemNum
	about  bool
	bought bool
	at     time.Time // of the newest purchase in the rows
}

func newClaims(in *Input) claims {
	c := claims{products: make(map[engine.ItemID]*product)}
	of := func(n engine.ItemNum) *product {
		id := in.Catalogue.IDs().ID(n)
		if c.products[id] == nil {
			c.products[id] = &product{num: n}
		}
		return c.products[id]
	}
	for _, n := range slices.Concat(in.Products, spoken(in)) {
		of(n).about = true
		c.about = true
	}
	if in.Bought != nil {
		for all := in.Bought.Iterator(); all.HasNext(); {
			of(engine.ItemNum(all.Next())).bought = true
		}
	}
	for i := range in.Rows {
		if r := &in.Rows[i]; r.Type == engine.Purchase && r.Item != "" {
			p := of(r.Num)
			p.bought = true
			if r.At.After(p.at) {
				p.at = r.At
			}
		}
	}
	return c
}

// minNumber is how long a product number must be to be taken for one in running text:
// "5" is an amount.
const minNumber = 4

// spoken returns the products whose number stands in the ticket, as it is or in small
// letters where the shop writes capitals.
func spoken(in *Input) []engine.ItemNum {
	var out []engine.ItemNum
	for word := range strings.FieldsSeq(in.Text) {
		word = strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if len(word) < minNumber || len(word) > engine.MaxIDBytes || !strings.ContainsFunc(word, unicode.IsDigit) {
			continue
		}
		for _, id := range []string{word, strings.ToUpper(word)} {
			n, known := in.Catalogue.IDs().Num(engine.ItemID(id))
			if known && in.Catalogue.Item(n) != nil {
				out = append(out, n)
				break
			}
		}
	}
	return out
}

// of returns the claim of a fix. Of several products the ticket's come first, then the
// one bought last, then the lowest number.
func (c *claims) of(fix *engine.Item) claim {
	if len(fix.AppliesTo) == 0 || len(c.products) == 0 {
		return claim{}
	}
	var about, bought *product
	for _, id := range fix.AppliesTo {
		p := c.products[id]
		if p == nil {
			continue
		}
		if p.about && (about == nil || p.num < about.num) {
			about = p
		}
		if p.bought && (bought == nil || p.nearer(bought)) {
			bought = p
		}
	}
	out := claim{about: about != nil, owned: bought != nil, foreign: about == nil && bought == nil}
	if about != nil {
		out.product = about.num
	}
	if bought != nil {
		out.bought, out.at = bought.num, bought.at
	}
	return out
}

// nearer reports whether p is the better of two bought products to name.
func (p *product) nearer(other *product) bool {
	if p.about != other.about {
		return p.about
	}
	if d := p.at.Compare(other.at); d != 0 {
		return d > 0
	}
	return p.num < other.num
}
