package store

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/rapportengine/rapport/engine"
)

// readItem is json.Unmarshal, and engine.Attributes.Typed, of what json.Marshal wrote of an item, in
// a fifth of the time: a start reads every item. It is false where it does not know its way, which
// json.Unmarshal may: space between tokens, null, a field twice, fields that few items have.
func readItem(data []byte) (it engine.Item, ok bool) {
	in := itemText{data: data}
	seen := 0 // fields, a bit for each
	once := func(field int) {
		in.lost = in.lost || seen>>field&1 == 1
		seen |= 1 << field
	}
	in.object(func(name []byte) {
		switch string(name) {
		case "item_id":
			once(0)
			it.ID = engine.ItemID(in.text())
		case "kind":
			once(1)
			it.Kind = engine.Kind(in.text())
		case "title":
			once(2)
			it.Title = in.text()
		case "text":
			once(3)
			it.Text = in.text()
		case "text_format":
			once(4)
			it.TextFormat = in.text()
		case "url":
			once(5)
			it.URL = in.text()
		case "image":
			once(6)
			it.Image = in.text()
		case "categories":
			once(7)
			it.Categories = in.texts()
		case "attributes":
			once(8)
			it.Attributes = in.attributes()
		case "price":
			once(9)
			price := in.real()
			it.Price = &price
		case "currency":
			once(10)
			it.Currency = in.text()
		case "stock":
			once(11)
			stock, err := strconv.ParseInt(string(in.number()), 10, 64)
			in.lost = in.lost || err != nil
			it.Stock = &stock
		case "published":
			once(12)
			it.Published = in.time()
		case "expires":
			once(13)
			it.Expires = in.time()
		case "visibility":
			once(14)
			it.Visibility = engine.Visibility(in.text())
		case "group_id":
			once(15)
			it.GroupID = in.text()
		case "language":
			once(16)
			it.Language = in.text()
		default:
			in.lost = true
		}
	})
	return it, !in.lost && in.at == len(in.data)
}

// itemText reads JSON token by token. Once it is lost it stays so, and what it returns means nothing.
type itemText struct {
	data []byte
	at   int
	lost bool
}

// next takes a byte, 0 where there is none.
func (in *itemText) next() byte {
	if in.lost || in.at >= len(in.data) {
		in.lost = true
		return 0
	}
	in.at++
	return in.data[in.at-1]
}

// peek returns the byte that next takes.
func (in *itemText) peek() byte {
	if in.lost || in.at >= len(in.data) {
		return 0
	}
	return in.data[in.at]
}

func (in *itemText) expect(b byte) { in.lost = in.next() != b || in.lost }

// list reads what stands between two brackets with commas, by calling one for each.
func (in *itemText) list(open, end byte, one func()) {
	in.expect(open)
	if in.peek() == end {
		in.at++
		return
	}
	for !in.lost {
		one()
		if in.peek() != ',' {
			break
		}
		in.at++
	}
	in.expect(end)
}

// object calls value with the name of each field, to read its value.
func (in *itemText) object(value func(name []byte)) {
	in.list('{', '}', func() {
		name, plain := in.quoted()
		if !plain {
			name = []byte(in.unquoted(name))
		}
		in.expect(':')
		if !in.lost {
			value(name)
		}
	})
}

// quoted returns a string's token without its quotes, and whether it is the string as it stands.
func (in *itemText) quoted() (token []byte, plain bool) {
	in.expect('"')
	from, wide := in.at, false
	plain = true
	for !in.lost {
		switch b := in.next(); {
		case b == '"':
			token = in.data[from : in.at-1]
			return token, plain && (!wide || utf8.Valid(token))
		case b == '\\':
			plain = false
			in.next()
		case b < ' ':
			in.lost = true
		case b >= utf8.RuneSelf:
			wide = true
		}
	}
	return nil, false
}

func (in *itemText) text() string {
	token, plain := in.quoted()
	if plain {
		return string(token)
	}
	return in.unquoted(token)
}

// unquoted returns the string of the token that was just taken.
func (in *itemText) unquoted(token []byte) (s string) {
	if !in.lost {
		in.lost = json.Unmarshal(in.data[in.at-len(token)-2:in.at], &s) != nil
	}
	return s
}

func (in *itemText) texts() []string {
	out := make([]string, 0, 1)
	in.list('[', ']', func() { out = append(out, in.text()) })
	return out
}

// number returns a number's token.
func (in *itemText) number() []byte {
	from := in.at
	digits := func() {
		if b := in.next(); b < '0' || b > '9' {
			in.lost = true
		}
		for b := in.peek(); b >= '0' && b <= '9'; b = in.peek() {
			in.at++
		}
	}
	if in.peek() == '-' {
		in.at++
	}
	if in.peek() == '0' {
		in.at++
	} else {
		digits()
	}
	if in.peek() == '.' {
		in.at++
		digits()
	}
	if b := in.peek(); b == 'e' || b == 'E' {
		in.at++
		if b := in.peek(); b == '+' || b == '-' {
			in.at++
		}
		digits()
	}
	if in.lost {
		return nil
	}
	return in.data[from:in.at]
}

func (in *itemText) real() float64 {
	v, err := strconv.ParseFloat(string(in.number()), 64)
	in.lost = in.lost || err != nil
	return v
}

func (in *itemText) time() *time.Time {
	from := in.at
	in.quoted()
	var t time.Time
	if !in.lost {
		in.lost = t.UnmarshalJSON(in.data[from:in.at]) != nil
	}
	return &t
}

func (in *itemText) word(w string) {
	for i := range len(w) {
		in.expect(w[i])
	}
}

func (in *itemText) attributes() engine.Attributes {
	out := engine.Attributes{}
	in.object(func(token []byte) {
		name := string(token)
		switch b := in.peek(); {
		case b == '"':
			out[name] = in.text()
		case b == '[':
			out[name] = in.texts()
		case b == 't':
			in.word("true")
			out[name] = true
		case b == 'f':
			in.word("false")
			out[name] = false
		default:
			out[name] = in.real()
		}
	})
	return out
}
