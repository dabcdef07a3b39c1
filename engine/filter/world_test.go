package filter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// What follows is the language a third time, written as plainly as it can be: random
// catalogues, people and expressions, each expression with a function that says of an
// item whether it holds. Nothing of the package is used in those functions.

var (
	now    = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	colour = rapid.SampledFrom([]string{"", "red", "green", "blue"})
	path   = rapid.SampledFrom([]string{"shoes", "shoes/running", "shoes/running/men", "hats", "shoe"})
	amount = rapid.SampledFrom([]float64{0, -1, 0.1, 9.99, 80, 80.5, 1e300})
	named  = rapid.SampledFrom([]string{"a", "b", "odd name", "price"}) // attributes
)

const itemCount = 40

func theID(n int) engine.ItemID { return engine.ItemID("i" + strconv.Itoa(n)) }

func pointer[T any](t *rapid.T, g *rapid.Generator[T]) *T {
	if rapid.IntRange(0, 2).Draw(t, "given") == 0 {
		return nil
	}
	v := g.Draw(t, "value")
	return &v
}

var moment = rapid.Custom(func(t *rapid.T) time.Time {
	return now.Add(time.Duration(rapid.IntRange(-4, 4).Draw(t, "hours")) * time.Hour)
})

var attribute = rapid.Custom(func(t *rapid.T) any {
	switch rapid.IntRange(0, 3).Draw(t, "type") {
	case 0:
		return colour.Draw(t, "word")
	case 1:
		return amount.Draw(t, "number")
	case 2:
		return rapid.Bool().Draw(t, "flag")
	}
	return rapid.SliceOfN(colour, 0, 3).Draw(t, "list")
})

var attributes = rapid.Custom(func(t *rapid.T) engine.Attributes {
	out := engine.Attributes{}
	for range rapid.IntRange(0, 4).Draw(t, "attributes") {
		out[named.Draw(t, "name")] = attribute.Draw(t, "attribute")
	}
	return out
})

var anItem = rapid.Custom(func(t *rapid.T) *engine.Item {
	return &engine.Item{
		Kind:       rapid.SampledFrom([]engine.Kind{"", engine.Product, engine.Content}).Draw(t, "kind"),
		Categories: rapid.SliceOfN(path, 0, 2).Draw(t, "categories"),
		Price:      pointer(t, amount),
		Currency:   rapid.SampledFrom([]string{"", "EUR"}).Draw(t, "currency"),
		Stock:      pointer(t, rapid.Int64Range(0, 2)),
		Published:  pointer(t, moment),
		Expires:    pointer(t, moment),
		Hidden:     rapid.IntRange(0, 3).Draw(t, "hidden") == 0,
		Sensitive:  rapid.Bool().Draw(t, "sensitive"),
		Visibility: rapid.SampledFrom([]engine.Visibility{"", engine.Public, engine.AgentOnly}).Draw(t, "visibility"),
		Language:   colour.Draw(t, "language"),
		GroupID:    colour.Draw(t, "group"),
		AppliesTo:  rapid.SliceOfN(rapid.SampledFrom([]engine.ItemID{"i1", "i2", "red"}), 0, 2).Draw(t, "applies to"),
		Attributes: attributes.Draw(t, "attributes"),
	}
})

// changes draws additions, replacements and deletions of items, the numbers in ids.
func changes(t *rapid.T, ids *catalogue.IDs, most int) []catalogue.Entry {
	out := make([]catalogue.Entry, rapid.IntRange(0, most).Draw(t, "changes"))
	for i := range out {
		n := rapid.IntRange(0, itemCount-1).Draw(t, "item")
		out[i].Num, _ = ids.Assign(theID(n))
		if rapid.IntRange(0, 4).Draw(t, "deleted") > 0 {
			out[i].Item = anItem.Draw(t, "item")
			out[i].Item.ID = theID(n)
		}
	}
	return out
}

// folded puts more changes on a snapshot than it carries beside its bitmaps.
func folded(s *catalogue.Snapshot) *catalogue.Snapshot {
	var entries []catalogue.Entry
	for n := range engine.ItemNum(1000) {
		entries = append(entries, catalogue.Entry{Num: n, Item: s.Item(n)})
	}
	return s.With(entries)
}

// world draws a catalogue, part of it in bitmaps and part of it not yet, and a person.
func world(t *rapid.T) *Env {
	ids := catalogue.NewIDs()
	s := catalogue.New(ids).With(changes(t, ids, 30))
	s = folded(s).With(changes(t, ids, 10))
	env := &Env{Catalogue: s, Now: now}
	types := rapid.SampledFrom([]engine.Type{engine.Purchase, engine.View, engine.Click, engine.AddToCart, engine.Dismiss, engine.Seen, engine.Return, engine.Rating, "own"})
	for range rapid.IntRange(0, 10).Draw(t, "rows") {
		id := theID(rapid.IntRange(0, itemCount-1).Draw(t, "of"))
		n, _ := ids.Assign(id)
		row := engine.Row{Num: n, Interaction: engine.Interaction{Item: id, Type: types.Draw(t, "did"), At: moment.Draw(t, "at")}}
		if rapid.IntRange(0, 9).Draw(t, "itemless") == 0 {
			row.Item = ""
		}
		env.History = append(env.History, row)
	}
	bits := rapid.Custom(func(t *rapid.T) *roaring.Bitmap {
		return roaring.BitmapOf(rapid.SliceOfN(rapid.Uint32Range(0, itemCount+5), 0, 5).Draw(t, "set")...)
	})
	if rapid.Bool().Draw(t, "complete") {
		env.Bought, env.Dismissed = bits.Draw(t, "bought"), bits.Draw(t, "dismissed")
		for _, row := range env.History {
			switch {
			case row.Item == "":
			case row.Type == engine.Purchase:
				env.Bought.Add(uint32(row.Num))
			case row.Type == engine.Dismiss:
				env.Dismissed.Add(uint32(row.Num))
			}
		}
	}
	env.Item = rapid.SampledFrom([]engine.ItemID{"", "i1", "i2"}).Draw(t, "on the page")
	env.Basket = rapid.SliceOfN(rapid.SampledFrom([]engine.ItemID{"i1", "i3", "red"}), 0, 2).Draw(t, "basket")
	env.Context = engine.Context{Region: colour.Draw(t, "region"), Store: colour.Draw(t, "store")}
	if rapid.Bool().Draw(t, "customer") {
		env.Customer = &engine.Customer{ID: "red", Attributes: attributes.Draw(t, "of the customer")}
		if rapid.Bool().Draw(t, "with date") {
			env.Customer.Attributes["since"] = moment.Draw(t, "since").Format(time.RFC3339)
		}
	}
	return env
}

// said is an expression with its meaning.
type said struct {
	text  string
	holds func(env *Env, n engine.ItemNum, it *engine.Item) bool
}

// value is one side of a comparison: its text, and the values it has for an item. A
// time is a time.Time. scalar tells a value from a list of one.
type value struct {
	text string
	of   func(env *Env, it *engine.Item) (values []any, scalar bool)
}

func one(v any) ([]any, bool) { return []any{v}, true }

func anys[T ~string](list []T) []any {
	var out []any
	for _, s := range list {
		out = append(out, string(s))
	}
	return out
}

func own(v any) ([]any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, false
	case []string:
		return anys(v), false
	}
	return one(v)
}

func notEmpty[T ~string](s T) ([]any, bool) {
	if s == "" {
		return nil, false
	}
	return one(string(s))
}

func spelled(name string) string {
	if strings.Contains(name, " ") {
		return "`" + name + "`"
	}
	return name
}

func attributeOf(name string) value {
	text := spelled(name)
	if name == "price" {
		text = "attributes.price"
	}
	return value{text, func(_ *Env, it *engine.Item) ([]any, bool) { return own(it.Attributes[name]) }}
}

func customerOf(name string) value {
	return value{"customer." + spelled(name), func(env *Env, _ *engine.Item) ([]any, bool) {
		if env.Customer == nil {
			return nil, false
		}
		return own(env.Customer.Attributes[name])
	}}
}

func fieldOf(text string, of func(it *engine.Item) ([]any, bool)) value {
	return value{text, func(_ *Env, it *engine.Item) ([]any, bool) { return of(it) }}
}

var words = []value{
	fieldOf("item_id", func(it *engine.Item) ([]any, bool) { return one(string(it.ID)) }),
	fieldOf("kind", func(it *engine.Item) ([]any, bool) {
		if it.Kind == "" {
			return one("product")
		}
		return one(string(it.Kind))
	}),
	fieldOf("currency", func(it *engine.Item) ([]any, bool) { return notEmpty(it.Currency) }),
	fieldOf("language", func(it *engine.Item) ([]any, bool) { return notEmpty(it.Language) }),
	fieldOf("group_id", func(it *engine.Item) ([]any, bool) { return notEmpty(it.GroupID) }),
	fieldOf("visibility", func(it *engine.Item) ([]any, bool) {
		if it.Visibility == engine.AgentOnly {
			return one("agent")
		}
		return one("public")
	}),
}

var lists = []value{
	fieldOf("categories", func(it *engine.Item) ([]any, bool) {
		var out []any
		for _, c := range it.Categories {
			parts := strings.Split(c, "/")
			for i := range parts {
				out = append(out, strings.Join(parts[:i+1], "/"))
			}
		}
		return out, false
	}),
	fieldOf("applies_to", func(it *engine.Item) ([]any, bool) { return anys(it.AppliesTo), false }),
}

var numbers = []value{
	fieldOf("price", func(it *engine.Item) ([]any, bool) {
		if it.Price == nil {
			return nil, false
		}
		return one(*it.Price)
	}),
	fieldOf("stock", func(it *engine.Item) ([]any, bool) {
		if it.Stock == nil {
			return one(float64(1e308))
		}
		return one(float64(*it.Stock))
	}),
}

var datesOf = []value{
	fieldOf("published", func(it *engine.Item) ([]any, bool) {
		if it.Published == nil {
			return nil, false
		}
		return one(*it.Published)
	}),
	fieldOf("expires", func(it *engine.Item) ([]any, bool) {
		if it.Expires == nil {
			return nil, false
		}
		return one(*it.Expires)
	}),
}

var request = []value{
	{"customer.customer_id", func(env *Env, _ *engine.Item) ([]any, bool) {
		if env.Customer == nil {
			return nil, false
		}
		return one("red")
	}},
	customerOf("a"), customerOf("b"), customerOf("odd name"),
	{"context.item_id", func(env *Env, _ *engine.Item) ([]any, bool) { return notEmpty(env.Item) }},
	{"context.region", func(env *Env, _ *engine.Item) ([]any, bool) { return notEmpty(env.Context.Region) }},
	{"context.store", func(env *Env, _ *engine.Item) ([]any, bool) { return notEmpty(env.Context.Store) }},
}

// basket is the one list of the context.
var basket = value{"context.basket", func(env *Env, _ *engine.Item) ([]any, bool) { return anys(env.Basket), false }}

func textLiteral(s string) value {
	return value{strconv.Quote(s), func(*Env, *engine.Item) ([]any, bool) { return one(s) }}
}

func numberLiteral(x float64) value {
	return value{strconv.FormatFloat(x, 'g', -1, 64), func(*Env, *engine.Item) ([]any, bool) { return one(x) }}
}

func flagLiteral(b bool) value {
	return value{strconv.FormatBool(b), func(*Env, *engine.Item) ([]any, bool) { return one(b) }}
}

func listLiteral(list []value) value {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = v.text
	}
	return value{"[" + strings.Join(texts, ",") + "]", func(env *Env, it *engine.Item) ([]any, bool) {
		var out []any
		for _, v := range list {
			of, _ := v.of(env, it)
			out = append(out, of...)
		}
		return out, false
	}}
}

func timeLiteral(t *rapid.T) value {
	hours := rapid.IntRange(-4, 4).Draw(t, "hours")
	at := now.Add(time.Duration(hours) * time.Hour)
	of := func(*Env, *engine.Item) ([]any, bool) { return one(at) }
	switch {
	case rapid.Bool().Draw(t, "written"):
		return value{strconv.Quote(at.In(time.FixedZone("", 3600)).Format(time.RFC3339)), of}
	case hours < 0:
		return value{fmt.Sprintf("now - %dh", -hours), of}
	case hours > 0:
		return value{fmt.Sprintf("now+%dm", 60*hours), of}
	}
	return value{"now", of}
}

// since is a customer's attribute that is a date, or any string where it is not asked
// for as one.
var since = value{"customer.since", func(env *Env, _ *engine.Item) ([]any, bool) {
	if env.Customer == nil || env.Customer.Attributes["since"] == nil {
		return nil, false
	}
	at, err := time.Parse(time.RFC3339, env.Customer.Attributes["since"].(string))
	if err != nil {
		panic(err)
	}
	return one(at)
}}

func compared(op string, a, b any) bool {
	switch a := a.(type) {
	case float64:
		if b, ok := b.(float64); ok {
			return map[string]bool{"==": a == b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]
		}
	case time.Time:
		if b, ok := b.(time.Time); ok {
			sign := a.Compare(b)
			return map[string]bool{"==": sign == 0, "<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0}[op]
		}
	default:
		return op == "==" && a == b
	}
	return false
}

func compareSaid(op string, left, right value) said {
	return said{left.text + " " + op + " " + right.text, func(env *Env, _ engine.ItemNum, it *engine.Item) bool {
		a, scalarA := left.of(env, it)
		b, scalarB := right.of(env, it)
		plain := op
		if op == "!=" {
			plain = "=="
		}
		return (scalarA && scalarB && compared(plain, a[0], b[0])) != (op == "!=")
	}}
}

func inSaid(op string, left, right value) said {
	return said{left.text + " " + op + " " + right.text, func(env *Env, _ engine.ItemNum, it *engine.Item) bool {
		a, _ := left.of(env, it)
		b, _ := right.of(env, it)
		shares := slices.ContainsFunc(a, func(x any) bool {
			return slices.ContainsFunc(b, func(y any) bool { return compared("==", x, y) })
		})
		return shares != (op == "not in")
	}}
}

func pick[T any](t *rapid.T, list ...T) T { return rapid.SampledFrom(list).Draw(t, "pick") }

// term draws one comparison or the like.
func term(t *rapid.T) said {
	equality, order, in := pick(t, "==", "!="), pick(t, "==", "!=", "<", "<=", ">", ">="), pick(t, "in", "not in")
	word := textLiteral(pick(t, "", "red", "green", "blue", "EUR", "product", "content", "public", "agent", "i1", "i7", "shoes", "shoes/running", "hats", "no such"))
	number, flag := numberLiteral(amount.Draw(t, "number")), flagLiteral(rapid.Bool().Draw(t, "flag"))
	an := attributeOf(named.Draw(t, "name"))
	var left, right value
	swap := func() (value, value) {
		if rapid.Bool().Draw(t, "swap") {
			return right, left
		}
		return left, right
	}
	switch rapid.IntRange(0, 12).Draw(t, "term") {
	case 0:
		left, right = pick(t, append(words, an)...), word
		a, b := swap()
		return compareSaid(equality, a, b)
	case 1:
		left, right = pick(t, append(words, append(request, an)...)...), pick(t, request...)
		a, b := swap()
		return compareSaid(equality, a, b)
	case 2:
		left, right = pick(t, append(numbers, an)...), pick(t, append(request, number)...)
		if a, b := swap(); a.text == left.text {
			return compareSaid(order, a, b)
		}
		flipped := map[string]string{"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
		meant := compareSaid(order, left, right)
		return said{right.text + " " + flipped[order] + " " + left.text, meant.holds}
	case 3:
		return compareSaid(order, pick(t, datesOf...), pick(t, append(request, timeLiteral(t), timeLiteral(t), timeLiteral(t), since)...))
	case 4:
		return inSaid(in, word, pick(t, append(lists, append(words, an)...)...))
	case 5:
		return inSaid(in, pick(t, append(lists, append(words, an)...)...), pick(t, append(request, basket, listLiteral([]value{word, textLiteral("red")}))...))
	case 6:
		return inSaid(in, pick(t, append(request, number)...), an)
	case 7:
		return inSaid(in, pick(t, append(request, an)...), listLiteral([]value{number, word, flag}))
	case 8:
		return compareSaid(equality, pick(t, an, customerOf("a")), flag)
	case 9:
		return hasSaid(pick(t, append(words, append(lists, append(datesOf, numbers[0], an)...)...)...))
	case 10:
		return bareSaid(pick(t, an, customerOf("b"), fieldOf("hidden", func(it *engine.Item) ([]any, bool) { return one(it.Hidden) }), fieldOf("sensitive", func(it *engine.Item) ([]any, bool) { return one(it.Sensitive) })))
	case 11:
		always := rapid.Bool().Draw(t, "constant")
		return said{strconv.FormatBool(always), func(*Env, engine.ItemNum, *engine.Item) bool { return always }}
	}
	return didSaid(t)
}

func hasSaid(v value) said {
	return said{"has(" + v.text + ")", func(env *Env, _ engine.ItemNum, it *engine.Item) bool {
		of, _ := v.of(env, it)
		return len(of) > 0
	}}
}

func bareSaid(v value) said {
	meant := compareSaid("==", v, flagLiteral(true))
	return said{v.text, meant.holds}
}

func didSaid(t *rapid.T) said {
	verb := pick(t, "bought", "viewed", "carted", "dismissed", "rated", "returned", "interacted")
	hours := rapid.IntRange(0, 4).Draw(t, "within")
	text := verb + "()"
	if hours > 0 {
		text = fmt.Sprintf("%s(%dh)", verb, hours)
	}
	return said{text, func(env *Env, n engine.ItemNum, _ *engine.Item) bool {
		return did(env, verb, hours, n)
	}}
}

func did(env *Env, verb string, hours int, n engine.ItemNum) bool {
	in := func(set *roaring.Bitmap) bool { return set != nil && set.Contains(uint32(n)) }
	if hours == 0 && (in(env.Bought) && (verb == "bought" || verb == "interacted") || in(env.Dismissed) && (verb == "dismissed" || verb == "interacted")) {
		return true
	}
	words := map[engine.Type]string{engine.Purchase: "bought", engine.View: "viewed", engine.Click: "viewed", engine.AddToCart: "carted", engine.Dismiss: "dismissed", engine.Rating: "rated", engine.Return: "returned"}
	for _, row := range env.History {
		if row.Item != "" && row.Num == n && (hours == 0 || env.Now.Sub(row.At) <= time.Duration(hours)*time.Hour) &&
			(words[row.Type] == verb || verb == "interacted" && row.Type != engine.Seen) {
			return true
		}
	}
	return false
}

// sentence draws an expression with at most depth levels of parentheses.
func sentence(t *rapid.T, depth int) said {
	if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
		return term(t)
	}
	if rapid.IntRange(0, 3).Draw(t, "negate") == 0 {
		part := sentence(t, depth-1)
		return said{pick(t, "!", "not ") + "(" + part.text + ")", func(env *Env, n engine.ItemNum, it *engine.Item) bool { return !part.holds(env, n, it) }}
	}
	parts := make([]said, rapid.IntRange(2, 4).Draw(t, "parts"))
	texts := make([]string, len(parts))
	for i := range parts {
		parts[i] = sentence(t, depth-1)
		texts[i] = "(" + parts[i].text + ")"
	}
	and := rapid.Bool().Draw(t, "and")
	word := pick(t, " || ", " or ")
	if and {
		word = pick(t, "&&", " and ")
	}
	return said{strings.Join(texts, word), func(env *Env, n engine.ItemNum, it *engine.Item) bool {
		for _, part := range parts {
			if part.holds(env, n, it) != and {
				return !and
			}
		}
		return and
	}}
}
