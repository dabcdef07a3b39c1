package record

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/rapportengine/rapport/engine"
)

// shown writes listings as "query/model: item:rank:score:grade ... | relevant".
func shown(t *testing.T, r io.Reader, form ListingForm) (out []string, refused []string) {
	t.Helper()
	number := func(f *float64) string {
		if f == nil {
			return "-"
		}
		return strconv.FormatFloat(*f, 'g', -1, 64)
	}
	for entry, err := range Listings(r, Options{}, form) {
		if rejected, one := errors.AsType[*Rejected](err); one {
			refused = append(refused, rejected.Error())
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		l := entry.Value
		var b strings.Builder
		b.WriteString(l.Query + "/" + l.Model + ":")
		for i, list := range [][]Listed{l.Items, l.Right} {
			if i == 1 && list != nil {
				b.WriteString(" |")
			}
			for _, one := range list {
				b.WriteString(" " + string(one.Item) + ":" + number(one.Rank) + ":" + number(one.Score) + ":" + number(one.Grade))
			}
		}
		out = append(out, b.String())
	}
	return out, refused
}

func TestListingsInEveryForm(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		form ListingForm
		want []string
	}{
		"a TREC run is known by its looks": {
			in:   "q1 Q0 d3 1 9.5 bm25\nq1\tQ0\td4   2 8 bm25\n\n",
			want: []string{"q1/bm25: d3:-:9.5:-", "q1/bm25: d4:-:8:-"},
		},
		"TREC judgements": {in: "q1 0 d3 2\r\nq1 0 d4 0", want: []string{"q1/: d3:-:-:2", "q1/: d4:-:-:0"}},
		"a query id is no number of columns": {
			in: "301 Q0 FR940202-2-00150 104 2.129133 STANDARD\n", form: TREC,
			want: []string{"301/STANDARD: FR940202-2-00150:-:2.129133:-"},
		},
		"AskUbuntu": {
			in: "7\t9 8\t8 5 9\t3.5 2 1\n6\t\t5\t1\n", form: AskUbuntu,
			want: []string{"7/: 8:-:3.5:- 5:-:2:- 9:-:1:- | 9:-:-:- 8:-:-:-", "6/: 5:-:1:- |"},
		},
		"a table": {
			in:   "customer_id,item_id,rank,score,colour\na,x,1,0.5,red\na,y,2,,\n",
			want: []string{"a/: x:1:0.5:-", "a/: y:2:-:-"},
		},
		"graded judgements under other names": {in: "qid\tdocid\tgrade\n1\t2\t3\n", want: []string{"1/: 2:-:-:3"}},
		"events as judgements":                {in: `{"customer_id":"a","item_id":"x","type":"purchase","at":"2026-01-01T00:00:00Z"}`, want: []string{"a/: x:-:-:-"}},
		"a query goes before the customer, the customer before the session": {
			in:   `{"query":"a#2","customer_id":"a","item_id":"x"}` + "\n" + `{"customer_id":"a","session_id":"s","item_id":"x"}` + "\n" + `{"session_id":"s","item_id":"x"}`,
			want: []string{"a#2/: x:-:-:-", "a/: x:-:-:-", "s/: x:-:-:-"},
		},
		"lists": {
			in:   `{"query":"a","items":["x",7],"model":"m"}` + "\n" + `{"query":5,"items":[{"item_id":"y","score":2,"reasons":[]}]}` + "\n",
			want: []string{"a/m: x:1:-:- 7:2:-:-", "5/: y:1:2:-"},
		},
		"relevant, plain and graded": {
			in:   `{"query":"a","relevant":["x"]}` + "\n" + `{"query":"b","relevant":{"x":3,"y":0}}` + "\n" + `{"query":"c","relevant":[{"item":"z","gain":2}]}` + "\n",
			want: []string{"a/: | x:1:-:-", "b/: | x:-:-:3 y:-:-:0", "c/: | z:1:-:2"},
		},
		"an empty list": {in: `{"query":"a","relevant":[],"items":["x"]}`, want: []string{"a/: x:1:-:- |"}},
	} {
		t.Run(name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"plain": strings.NewReader(c.in), "gzip": bytes.NewReader(gzipped(t, []byte(c.in))), "zstd": bytes.NewReader(zstded(t, []byte(c.in))),
			} {
				got, refused := shown(t, r, c.form)
				if strings.Join(got, "\n") != strings.Join(c.want, "\n") || refused != nil {
					t.Errorf("%s: got\n%s\n%v\nwant\n%s", how, strings.Join(got, "\n"), refused, strings.Join(c.want, "\n"))
				}
			}
		})
	}
}

func TestListingsOfParquet(t *testing.T) {
	type row struct {
		Customer string  `parquet:"customer_id"`
		Item     int64   `parquet:"item_id"`
		Rank     int32   `parquet:"rank"`
		Score    float64 `parquet:"score"`
		Model    string  `parquet:"model"`
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, []row{{"a", 5, 1, 2.5, "ease"}}); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]io.Reader{"file": bytes.NewReader(b.Bytes()), "stream": io.MultiReader(bytes.NewReader(b.Bytes())), "gzip": bytes.NewReader(gzipped(t, b.Bytes()))} {
		if got, refused := shown(t, r, AnyListing); len(got) != 1 || got[0] != "a/ease: 5:1:2.5:-" {
			t.Errorf("%s: got %v, %v", name, got, refused)
		}
	}
}

func TestListingsRefuse(t *testing.T) {
	for _, c := range []struct {
		in   string
		form ListingForm
		want string
	}{
		{"q1 Q0 d3 1 nine bm25\n", TREC, "line 1: score: a number is wanted"},
		{"q1 Q0 d3\n", TREC, "six words are wanted"},
		{"1\t2\n", AskUbuntu, "between tabs"},
		{"1\t2\t3 4\t1\n", AskUbuntu, "as many scores"},
		{"query,item_id\n,x\n", AnyListing, "query: whom or what"},
		{"query,item_id\na,\n", AnyListing, "item_id: an item_id is needed"},
		{`{"query":"a","items":[{"score":1}]}`, AnyListing, "items[0].item_id: the item is needed"},
		{`{"query":"a","items":[null]}`, AnyListing, "the item is needed"},
		{`{"query":"a","relevant":{"x":"y"}}`, AnyListing, "relevant.x: a number is wanted"},
		{"q1 Q0 " + strings.Repeat("d", engine.MaxIDBytes+1) + " 1 9 bm25\n", TREC, "at most 256 bytes"},
	} {
		if _, refused := shown(t, strings.NewReader(c.in), c.form); len(refused) != 1 || !strings.Contains(refused[0], c.want) {
			t.Errorf("%q: refused %v, want %q", c.in, refused, c.want)
		}
	}
}

// FuzzListings holds that no bytes bring a reading down, and that every line of TREC is
// either read or refused.
func FuzzListings(f *testing.F) {
	f.Add([]byte("q1 Q0 d3 1 9.5 bm25\n"), 0)
	f.Add([]byte("7\t9 8\t8 5 9\t3.5 2 1\n"), 3)
	f.Add([]byte(`{"query":"a","relevant":{"x":3},"items":["x"]}`), 1)
	f.Add([]byte("a,b\n1,2\n"), 2)
	f.Fuzz(func(t *testing.T, b []byte, form int) {
		if form < 0 || form > int(AskUbuntu) {
			return
		}
		var read, lines int
		for entry, err := range Listings(bytes.NewReader(b), Options{MaxInflated: 1 << 20}, ListingForm(form)) {
			read++
			if err == nil && (entry.Value.Query == "" || entry.Line < 1) {
				t.Errorf("%+v was read", entry)
			}
		}
		for line := range bytes.SplitSeq(b, []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 {
				lines++
			}
		}
		// What has a mark of another encoding, or a byte order, is not counted by lines.
		if plain := len(b) == 0 || b[0] < 0x7f && b[0] > 0x1f; plain && form == int(TREC) && read != lines {
			t.Errorf("%d of %d lines", read, lines)
		}
	})
}
