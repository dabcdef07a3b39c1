package record

import (
	"bytes"
	"cmp"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// Listing is what one record says of one question, a customer's or a query's: items
// that some system listed for it, or items that are right.
type Listing struct {
	Query string
	Whose string // session, else customer, that asks; "" where the record does not say
	Model string // who listed, "" where the record does not say
	Items []Listed
	Right []Listed // what a record says is relevant; nil where it does not say
}

// Listed is an item of a listing.
type Listed struct {
	Item  engine.ItemID
	Rank  *float64 // smaller is better; in a record with a whole list its place, from 1
	Score *float64 // greater is better
	Grade *float64 // how right the item is, 0 or less for wrong
}

// ListingForm says how lists and judgements are written, beside what Format says.
type ListingForm int

// The forms.
const (
	// AnyListing looks: four or six words a line, the second of them 0 or Q0, are
	// TREC's, all else is Columns.
	AnyListing ListingForm = iota
	// ListingColumns are records of any Format: a row an item (query, item_id, and
	// rank, score or relevance), or an object a query with the lists items, relevant.
	ListingColumns
	// TREC are lines of words: "query Q0 item rank score name" of a run, whose order
	// is that of the scores, as trec_eval takes it; "query 0 item grade" of judgements.
	TREC
	// AskUbuntu has a query a line, between tabs: its id, the similar questions, the
	// candidates, and the candidates' scores (Lei et al. 2016).
	AskUbuntu
)

// Listings reads lists, or judgements of what belongs into them. Names of other systems
// stand for ours: relevance may be called grade or gain. A record without a query is of
// its customer_id, else of its session_id. What a record says beyond that is passed over,
// so that what rapport recommend writes, and a log of events, are read as they are.
func Listings(r io.Reader, o Options, form ListingForm) iter.Seq2[Entry[Listing], error] {
	return func(yield func(Entry[Listing], error) bool) {
		in, err := open(r, o.MaxInflated)
		if err != nil {
			yield(Entry[Listing]{}, err)
			return
		}
		head, _, _ := bytes.Cut(in.peek(windowBytes/16), []byte{'\n'})
		if form == AnyListing && looksTREC(string(head)) {
			form = TREC
		}
		switch form {
		case TREC:
			eachLine(in, trecLine, yield)
		case AskUbuntu:
			eachLine(in, askUbuntuLine, yield)
		default:
			whole := r
			if strings.HasPrefix(string(head), parquetMagic) {
				o.Format = Parquet // found here, for r has been read from
			}
			if _, ok := r.(File); !ok || o.Format != Parquet || in.r != r {
				whole = io.MultiReader(bytes.NewReader(in.rest()), &failing{in})
			}
			o.MaxInflated = 0 // it is inflated already, up to its bound
			read(whole, o, listingSchema, finishListing)(yield)
		}
	}
}

// looksTREC reports whether a line is one of a run or of judgements.
func looksTREC(line string) bool {
	words := strings.Fields(line)
	return len(words) == 6 && words[1] == "Q0" || len(words) == 4 && (words[1] == "0" || words[1] == "Q0")
}

// listing is a listing as it is written: a row has one item.
type listing struct {
	Listing
	customer, session string
	one               Listed
}

var listingSchema = &schema[listing]{
	what: "field of a list",
	own:  true,
	fields: []field[listing]{
		{name: "query", set: func(l *listing, v value) (p problem) { l.Query, p = v.anyID(); return p }},
		{name: "customer_id", set: func(l *listing, v value) (p problem) { l.customer, p = v.anyID(); return p }},
		{name: "session_id", set: func(l *listing, v value) (p problem) { l.session, p = v.anyID(); return p }},
		textField("model", engine.MaxIDBytes, func(l *listing) *string { return &l.Model }),
		itemOf(func(l *listing) *Listed { return &l.one }),
		measureOf("rank", func(l *listing) **float64 { return &l.one.Rank }),
		measureOf("score", func(l *listing) **float64 { return &l.one.Score }),
		measureOf("relevance", func(l *listing) **float64 { return &l.one.Grade }),
		{name: "items", set: func(l *listing, v value) (p problem) {
			l.Items, p = v.listed()
			return p
		}},
		{name: "relevant", set: func(l *listing, v value) (p problem) {
			l.Right, p = v.listed()
			return p
		}},
	},
	aliases: listingAliases,
	rest:    func(*listing, string, value) problem { return nil },
}

// listingAliases are the names of other systems, and ours of other records.
var listingAliases = map[string]string{
	"query_id": "query", "qid": "query",
	"customerId": "customer_id", "user_id": "customer_id", "userId": "customer_id", "sessionId": "session_id",
	"item": "item_id", "itemId": "item_id", "productId": "item_id", "doc_id": "item_id", "docid": "item_id", "docno": "item_id",
	"grade": "relevance", "gain": "relevance", "label": "relevance", "rel": "relevance",
}

// listedSchema is that of an item in a list.
var listedSchema = &schema[Listed]{
	what: "field of a listed item",
	own:  true,
	fields: []field[Listed]{
		itemOf(func(l *Listed) *Listed { return l }),
		measureOf("score", func(l *Listed) **float64 { return &l.Score }),
		measureOf("relevance", func(l *Listed) **float64 { return &l.Grade }),
	},
	aliases: listingAliases,
	rest:    func(*Listed, string, value) problem { return nil },
}

func itemOf[T any](of func(*T) *Listed) field[T] {
	return field[T]{name: "item_id", set: func(t *T, v value) problem {
		s, p := v.anyID()
		of(t).Item = engine.ItemID(s)
		return p
	}}
}

func measureOf[T any](name string, into func(*T) **float64) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem { return optionalNumber(into(t), v) }}
}

func optionalNumber(into **float64, v value) problem {
	f, p := v.num()
	return optional(v, into, f, p)
}

// anyID decodes an id, also one that somebody wrote as a number.
func (v value) anyID() (string, problem) {
	if v.kind == number {
		v.kind = cell
	}
	return v.id()
}

// listed decodes a list of ids or of objects, or an object of ids with their grades.
// Places in a list are ranks.
func (v value) listed() (out []Listed, p problem) {
	if v.kind == null {
		return nil, nil
	}
	out = []Listed{}
	if v.kind == object {
		p = v.members(func(name string, v value) problem {
			one := Listed{Item: engine.ItemID(v.kept(name))}
			if p := checkID(name); p != nil {
				return p
			}
			out = append(out, one)
			return optionalNumber(&out[len(out)-1].Grade, v)
		})
		return out, p
	}
	d := listedSchema.decoder()
	p = v.each(engine.MaxRecordBytes, "a list of ids", func(i int, e value) problem {
		var one Listed
		if e.kind == object {
			if p := d.object(&one, e); p != nil {
				return p
			}
		} else {
			s, p := e.anyID()
			if p != nil {
				return p
			}
			one.Item = engine.ItemID(s)
		}
		if one.Item == "" {
			return missing("item_id", "the item is needed")
		}
		one.Rank = new(float64(i + 1))
		out = append(out, one)
		return nil
	})
	return out, p
}

func finishListing(l *listing, _ *reading) (Listing, problem) {
	l.Query, l.Whose = cmp.Or(l.Query, l.customer, l.session), cmp.Or(l.session, l.customer)
	switch {
	case l.Query == "":
		return l.Listing, missing("query", "whom or what the list is for is needed, as query or customer_id")
	case l.one.Item != "":
		l.Items = append(l.Items, l.one)
	case l.Items == nil && l.Right == nil:
		return l.Listing, missing("item_id", "an item_id is needed, or a list: items or relevant")
	}
	return l.Listing, nil
}

// eachLine reads a record a line. Empty lines are passed over.
func eachLine(in *input, parse func(string) (Listing, problem), yield func(Entry[Listing], error) bool) {
	for {
		line := in.line
		n, found := in.endOf('\n')
		if !found && in.failed() != nil {
			yield(Entry[Listing]{Line: line}, in.failed())
			return
		}
		if n == 0 {
			return
		}
		var (
			got Listing
			bad problem
		)
		if !found && in.full() {
			in.skipPast('\n')
			bad = tooLong()
		} else {
			text := strings.TrimRight(string(in.rest()[:n]), "\r\n")
			in.take(n)
			if strings.TrimSpace(text) == "" {
				continue
			}
			got, bad = parse(text)
		}
		var err error
		if bad != nil {
			err = &Rejected{line, bad.Field, bad.Code, bad.Want}
		}
		if !yield(Entry[Listing]{line, got}, err) {
			return
		}
	}
}

// trecLine reads a line of a run, or of judgements.
func trecLine(line string) (l Listing, p problem) {
	words := strings.Fields(line)
	one := Listed{}
	switch len(words) {
	case 6:
		l.Model = words[5]
		one.Score, p = wordNumber(words[4])
		p = at("score", p)
	case 4:
		one.Grade, p = wordNumber(words[3])
		p = at("grade", p)
	default:
		return l, refuse("six words are wanted of a run (query Q0 item rank score name), four of judgements (query 0 item grade), got %d", len(words))
	}
	l.Query, one.Item = words[0], engine.ItemID(words[2])
	l.Items = []Listed{one}
	return l, cmp.Or(p, at("query", checkID(l.Query)), at("item", checkID(words[2])))
}

// askUbuntuLine reads a query with what is similar, and the candidates with their scores.
func askUbuntuLine(line string) (l Listing, p problem) {
	columns := strings.Split(line, "\t")
	if len(columns) < 3 {
		return l, refuse("a query, the similar ones and the candidates are wanted between tabs, got %d columns", len(columns))
	}
	l.Query, l.Right = columns[0], []Listed{}
	for id := range strings.FieldsSeq(columns[1]) {
		l.Right = append(l.Right, Listed{Item: engine.ItemID(id)})
	}
	var scores []string
	if len(columns) > 3 {
		scores = strings.Fields(columns[3])
	}
	for i, id := range strings.Fields(columns[2]) {
		one := Listed{Item: engine.ItemID(id)}
		if len(scores) > 0 {
			if i >= len(scores) {
				return l, refuse("as many scores as candidates are wanted, got %d", len(scores))
			}
			if one.Score, p = wordNumber(scores[i]); p != nil {
				return l, at("score", p)
			}
		}
		l.Items = append(l.Items, one)
	}
	for _, one := range slices.Concat(l.Items, l.Right) {
		if p := checkID(string(one.Item)); p != nil {
			return l, at("candidate", p)
		}
	}
	return l, at("query", checkID(l.Query))
}

func wordNumber(word string) (*float64, problem) {
	f, p := value{kind: cell, raw: word}.num()
	return &f, p
}
