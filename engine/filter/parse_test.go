package filter

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

func TestCanonicalForm(t *testing.T) {
	for in, want := range map[string]string{
		`"shoes/running" in categories&&price<80 && brand!='acme' and stock>0 && !bought(90d)`: `"shoes/running" in categories && price < 80 && brand != "acme" && stock > 0 && !bought(90d)`,
		`(a==1 && b==2) && (c==3 || d==4 or (e==5))`:                                           `a == 1 && b == 2 && (c == 3 || d == 4 || e == 5)`,
		`!!organic`:              `organic == true`,
		`not (price < 5)`:        `!(price < 5)`,
		`!price<5`:               `!(price < 5)`,
		`! not ! has( colours )`: `!has(colours)`,
		`brand not in ["a",'b']`: `!(brand in ["a", "b"])`,
		`attributes.brand == "x" && attributes.price > -1.50e1`:        `brand == "x" && attributes.price > -15`,
		"`shoe-size` == 40 && `true` && `a``b` != 'c'":                 "`shoe-size` == 40 && `true` == true && `a``b` != \"c\"",
		`published > now-30d || expires<now + 90m || now < expires`:    `published > now - 30d || expires < now + 90m || now < expires`,
		`viewed(14d) && interacted(48h) && carted() && rated(90s)`:     `viewed(2w) && interacted(2d) && carted() && rated(90s)`,
		`customer.tier in ["gold"] && context.region == customer.home`: `customer.tier in ["gold"] && context.region == customer.home`,
		`größe == "\u00e9\"\\\n" || true`:                              `größe == "é\"\\\n" || true`,
		`has == 1 && bought == 2`:                                      `has == 1 && bought == 2`,
	} {
		e, err := Parse(in)
		if err != nil {
			t.Errorf("Parse(%s): %v", in, err)
			continue
		}
		if e.String() != want {
			t.Errorf("Parse(%s) prints\n%s, want\n%s", in, e, want)
		}
	}
}

// Every refusal says where and what would be right.
func TestRefusedWhenParsed(t *testing.T) {
	for _, c := range []struct {
		in   string
		at   int
		want string
	}{
		{"", 0, "an expression is needed"},
		{"  ", 0, "an expression is needed"},
		{"brand = 'a'", 6, "compare with =="},
		{"a == 1 & b == 2", 7, "join with &&"},
		{"brand == “acme”", 9, "straight quotes"},
		{"a == 1 b == 2", 7, "&&, || or the end"},
		{"brand == 'acme", 9, "closing '"},
		{`brand == "\x"`, 10, "a backslash stands before"},
		{`brand == "\ud800"`, 10, "half a character"},
		{`brand == "\`, 10, "a backslash stands before"},
		{"`brand == 1", 0, "closing backquote"},
		{"`` == 1", 0, "a name is needed"},
		{"price <", 7, "a name or a value is expected here, not the end"},
		{"price < && a == 1", 8, "not &&"},
		{"(price < 5", 10, ") is expected"},
		{"price < 5)", 9, "the end is expected here, not )"},
		{"'x'", 3, "a comparison is expected"},
		{"5", 1, "a comparison is expected"},
		{"title == 'x'", 0, "title cannot be filtered by"},
		{"text in ['x']", 0, "text cannot be filtered by"},
		{"a.b == 1", 0, "`a.b`"},
		{"attributes.a.b == 1", 12, "one point at most"},
		{"context.weather == 'x'", 8, "basket, device, item_id, locale, page, region, store"},
		{"customer. == 1", 10, "a name is expected after the point"},
		{"price < 90d", 8, "bought(90d)"},
		{"price < 90x", 8, "neither a number nor a duration"},
		{"price < 1.5h", 8, "neither a number nor a duration"},
		{"price < 1e999", 8, "too large"},
		{"price < -x", 9, "a number is expected after -"},
		{"published > now - 30", 18, "a duration such as 30d"},
		{"bought(99999999d)", 7, "at most 36500d"},
		{"bought(0d)", 7, "above 0"},
		{"bought(90)", 7, ") is expected"},
		{"purchased()", 0, "purchased is not a function"},
		{"has(customer.x)", 4, "attribute of the item"},
		{"has('x')", 4, "attribute of the item"},
		{"a in []", 5, "at least one value"},
		{"a in [b]", 6, "a list holds strings"},
		{"a in [['b']]", 6, "lists do not nest"},
		{"a in ['b' 'c']", 10, "] is expected"},
		{"a not b", 6, "in is expected after not"},
		{"brand == '\xff'", 0, "UTF-8"},
	} {
		_, err := Parse(c.in)
		checkInvalid(t, c.in, err, engine.CodeInvalidFilter, c.at, c.want)
	}
}

func checkInvalid(t *testing.T, in string, err error, code string, at int, want string) {
	t.Helper()
	var invalid *engine.Invalid
	if !errors.As(err, &invalid) {
		t.Errorf("%s: error %v, want one that says %s", in, err, want)
		return
	}
	if invalid.Code != code || invalid.Offset != at || !strings.Contains(invalid.Want, want) || invalid.Field != "filter" {
		t.Errorf("%s: %s at %d in %q: %s\nwant %s at %d: %s", in, invalid.Code, invalid.Offset, invalid.Field, invalid.Want, code, at, want)
	}
}

func TestLimits(t *testing.T) {
	term := "a==1"
	terms := func(n int) string { return strings.Repeat(term+"||", n-1) + term }
	for name, c := range map[string]struct{ ok, tooMuch string }{
		"terms":       {terms(engine.MaxFilterTerms), terms(engine.MaxFilterTerms + 1)},
		"10000 terms": {terms(1), strings.Repeat(term+"||", 10_000) + term},
		"bytes":       {"a=='" + strings.Repeat("x", engine.MaxFilterBytes-5) + "'", "a=='" + strings.Repeat("x", engine.MaxFilterBytes-4) + "'"},
		"depth":       {nested("(", engine.MaxFilterDepth, ")"), nested("(", engine.MaxFilterDepth+1, ")")},
		"negated":     {nested("!(", engine.MaxFilterDepth, ")"), nested("!(", engine.MaxFilterDepth+1, ")")},
		"deep":        {nested("!", 5000, ""), nested("(", 8000, "")},
		"unclosed":    {term, strings.Repeat("!(a||", 3000)},
		"list":        {"a in [" + strings.Repeat("1,", engine.MaxListValues-1) + "1]", "a in [" + strings.Repeat("1,", engine.MaxListValues) + "1]"},
	} {
		if _, err := Parse(c.ok); err != nil {
			t.Errorf("%s: what is just allowed is refused: %v", name, err)
		}
		start := time.Now()
		_, err := Parse(c.tooMuch)
		var invalid *engine.Invalid
		if !errors.As(err, &invalid) || invalid.Code != engine.CodeLimitExceeded || !strings.Contains(invalid.Want, "at most") {
			t.Errorf("%s: what is too much gives %v", name, err)
		}
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("%s: refused only after %v", name, took)
		}
	}
}

func nested(open string, depth int, closing string) string {
	return strings.Repeat(open, depth) + "a==1" + strings.Repeat(closing, depth)
}

func schema() *catalogue.Snapshot {
	return catalogue.New(catalogue.NewIDs()).With([]catalogue.Entry{
		{Num: 0, Item: &engine.Item{Attributes: engine.Attributes{"brand": "acme", "colours": []string{"red"}, "organic": true, "size": 40.0, "shoe width": "E"}}},
		{Num: 1, Item: &engine.Item{Attributes: engine.Attributes{"size": "XL"}}},
	})
}

func TestRefusedWhenCompiled(t *testing.T) {
	for _, c := range []struct {
		in, code string
		at       int
		want     string
	}{
		{"brnad == 'x'", engine.CodeUnknownAttr, 0, "near it are brand"},
		{"price < 5 && colour == 'x'", engine.CodeUnknownAttr, 13, "near it are colours"},
		{"has(Prices)", engine.CodeUnknownAttr, 4, "near it are price"},
		{"customer.size == widht", engine.CodeUnknownAttr, 17, "there are brand, colours, organic, shoe width, size"},
		{"brand < 5", engine.CodeInvalidFilter, 0, "brand is a string, which has no order"},
		{"size < 'x'", engine.CodeInvalidFilter, 7, "< compares numbers and dates, not a string"},
		{"price == 'x'", engine.CodeInvalidFilter, 9, "price is a number, never a string"},
		{"'x' != price", engine.CodeInvalidFilter, 0, "price is a number, never a string"},
		{"brand == 5", engine.CodeInvalidFilter, 9, "brand is a string, never a number"},
		{"brand", engine.CodeInvalidFilter, 0, "brand is a string, never a bool"},
		{"size == true", engine.CodeInvalidFilter, 8, "size is a string or number, never a bool"},
		{"colours == 'red'", engine.CodeInvalidFilter, 0, "in colours"},
		{"categories == customer.x", engine.CodeInvalidFilter, 0, "in categories"},
		{"5 in colours", engine.CodeInvalidFilter, 0, "colours is a list, and never holds a number"},
		{"brand in ['x', 5]", engine.CodeInvalidFilter, 15, "never holds a number"},
		{"'x' in 'xyz'", engine.CodeInvalidFilter, 7, "a list is expected right of in"},
		{"['x'] in colours", engine.CodeInvalidFilter, 0, "one value stands left of in"},
		{"brand == ['x']", engine.CodeInvalidFilter, 9, "a list stands right of in"},
		{"context.basket == 'x'", engine.CodeInvalidFilter, 0, "item_id in context.basket"},
		{"price < size", engine.CodeInvalidFilter, 8, "not with another field"},
		{"brand in colours", engine.CodeInvalidFilter, 9, "not in another field"},
		{"1 == 1", engine.CodeInvalidFilter, 0, "two literals"},
		{"1 in [1]", engine.CodeInvalidFilter, 0, "two literals"},
		{"published > 'yesterday'", engine.CodeInvalidFilter, 12, "a date is expected"},
		{"published in ['2026-05-01', 'x']", engine.CodeInvalidFilter, 28, "a date is expected"},
		{"published > 5", engine.CodeInvalidFilter, 12, "published is a date, never a number"},
		{"size > now", engine.CodeInvalidFilter, 7, "not compared with a date"},
	} {
		e, err := Parse(c.in)
		if err != nil {
			t.Errorf("Parse(%s): %v", c.in, err)
			continue
		}
		_, err = Compile(e, schema())
		checkInvalid(t, c.in, err, c.code, c.at, c.want)
	}
}

func TestAcceptedWhenCompiled(t *testing.T) {
	for _, in := range []string{
		"size < 5 && size == 'XL'", "'red' in colours", "'acme' in brand", "organic && !sensitive", "`shoe width` in ['E', 'F']",
		"price < customer.budget", "customer.tags in categories", "'vip' in customer.tags", "customer.vip", "context.region in ['de', 'at']",
		"published > '2026-05-01'", "expires > now + 2w", "published > customer.since", "customer.since < now - 30d", "item_id == customer.last", "context.item_id in applies_to", "item_id not in context.basket", "'i1' in context.basket", "price in [5, 6]",
	} {
		e, err := Parse(in)
		if err != nil {
			t.Errorf("Parse(%s): %v", in, err)
			continue
		}
		if _, err := Compile(e, schema()); err != nil {
			t.Errorf("Compile(%s): %v", in, err)
		}
	}
}

// A filter never panics, and what it prints is what it means.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`"shoes/running" in categories && price < 80 && brand != "acme" && stock > 0 && !bought(90d)`,
		"`shoe-size` not in [40, -41.5e1] or not (a.b == 'x\\u00e9\\'') and published >= now - 30d",
		"customer.size == size || context.region in ['de', \"at\"] || !!has(attributes.price)",
	} {
		f.Add(seed)
	}
	s := schema()
	f.Fuzz(func(t *testing.T, in string) {
		e, err := Parse(in)
		if err != nil {
			var invalid *engine.Invalid
			if !errors.As(err, &invalid) || invalid.Offset < 0 || invalid.Offset > len(in) && len(in) <= engine.MaxFilterBytes {
				t.Fatalf("Parse(%q): %#v", in, err)
			}
			return
		}
		printed := e.String()
		if len(printed) > engine.MaxFilterBytes {
			return // spelled out, it is too long to be sent
		}
		again, err := Parse(printed)
		if err != nil || again.String() != printed {
			t.Fatalf("%q prints as %q, which prints as %v (%v)", in, printed, again, err)
		}
		plan, err := Compile(e, s)
		if err != nil {
			return
		}
		env := &Env{Catalogue: s, Now: now}
		items, err := plan.Bitmap(env)
		if err != nil {
			t.Fatal(err)
		}
		for n := range engine.ItemNum(3) {
			if items.Contains(uint32(n)) != plan.Match(env, n) {
				t.Fatalf("%s: Bitmap and Match differ at %d", plan, n)
			}
		}
	})
}

func ExampleParse() {
	_, err := Parse(`price < 80 && brand = "acme"`)
	var invalid *engine.Invalid
	errors.As(err, &invalid)
	fmt.Println(invalid.Offset, invalid.Want)
	// Output: 20 '=' means nothing here: compare with ==
}
