package record

import (
	"bytes"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// flat returns the lines of all events.
func flat(entries []Entry[engine.RecordEvent]) []engine.Interaction {
	var out []engine.Interaction
	for _, e := range entries {
		out = append(out, e.Value.Lines...)
	}
	return out
}

// TestOrders: an order is the same event as one object, as an object a line of it, and
// as rows of a table, also where they stand apart.
func TestOrders(t *testing.T) {
	line := engine.Interaction{EventID: "o1", Type: engine.Purchase, Customer: "ann", Item: "lamp", At: now, Quantity: 2, Price: 9.5, Currency: "EUR", OrderID: "o1"}
	want := []engine.Interaction{line, line, line}
	want[1].Line = 1 // one like the first: bought twice
	want[2].Line, want[2].Type, want[2].Item, want[2].Quantity = 2, engine.Return, "bulb", 1
	const at = `"at":"2024-05-01T12:00:00Z"`
	rest := `"customer_id":"ann","currency":"EUR",` + at
	lamp, bulb := `"item_id":"lamp","quantity":2,"price":9.5`, `"item_id":"bulb","quantity":-1,"price":9.5`
	header := "order_id,customer_id,at,currency,item_id,quantity,price\n"
	row := "o1,ann,2024-05-01T12:00:00Z,EUR,"
	for name, in := range map[string]string{
		"object":     `{"order_id":"o1",` + rest + `,"items":[{` + lamp + `},{` + lamp + `},{` + bulb + `}]}`,
		"lines":      `{"orderId":"o1",` + rest + `,"lines":[{` + lamp + `},{` + lamp + `},{` + bulb + `}]}`,
		"row by row": `{"order_id":"o1",` + rest + `,` + lamp + "}\n" + `{"order_id":"o1",` + rest + `,` + lamp + "}\n" + `{"order_id":"o1",` + rest + `,` + bulb + "}\n",
		"table":      header + row + "lamp,2,9.5\n" + row + "lamp,2,9.5\n" + row + "bulb,-1,9.5\n",
		"apart":      header + row + "lamp,2,9.5\n" + strings.ReplaceAll(row, "o1", "o2") + "x,1,1\n" + row + "lamp,2,9.5\n" + row + "bulb,-1,9.5\n",
	} {
		for range 2 { // read again, the ids are the same
			got, refused, end := gather(Orders(strings.NewReader(in), Options{Source: "digest"}))
			var o1 []engine.Interaction
			for _, l := range flat(got) {
				if l.OrderID == "o1" {
					o1 = append(o1, l)
				}
			}
			if end != nil || refused != nil || !reflect.DeepEqual(o1, want) {
				t.Errorf("%s: got\n%+v, refused %v, ended with %v\nwant\n%+v", name, o1, refused, end, want)
			}
		}
	}
}

func TestOrdersOfNobody(t *testing.T) {
	in := "order_id,at,item_id,quantity,price\no1,2024-05-01T12:00:00Z,a,1,2\n,2024-05-01T12:00:00Z,a,1,2\no2,2024-05-01T12:00:00Z,a,0,2\no2,2024-05-01T12:00:00Z,a,1,-3\n"
	got, refused, end := gather(Orders(strings.NewReader(in), Options{}))
	lines := flat(got)
	if end != nil || len(lines) != 2 || lines[0].Session != "o1" || lines[1].Price != -3 {
		t.Errorf("got %+v, ended with %v", lines, end)
	}
	if len(refused) != 2 || refused[0].Field != "order_id" || refused[0].Line != 3 || refused[1].Field != "quantity" || refused[1].Line != 4 {
		t.Errorf("refused %v, want line 3 for its order_id and line 4 for its quantity", refused)
	}
	_, refused, _ = gather(Events(strings.NewReader("type,customer_id,item_id,at,quantity,price\npurchase,a,b,2024-05-01T12:00:00Z,-1,2\npurchase,a,b,2024-05-01T12:00:00Z,1,-2\n"), Options{}))
	if len(refused) != 1 || refused[0].Line != 2 || refused[0].Field != "quantity" {
		t.Errorf("an event of pieces below 0: refused %v, want line 2 for its quantity", refused)
	}
}

// TestShift: the newest event of a file is moved to now, and all others with it.
func TestShift(t *testing.T) {
	in := ev("") + "\n" + strings.Replace(ev(""), "2024", "2023", 1) + "\n{\n"
	newest, err := Newest(Events(strings.NewReader(in), Options{}))
	if err != nil || !newest.Equal(now) {
		t.Fatalf("newest %v, %v", newest, err)
	}
	later := now.AddDate(2, 0, 0)
	got, _, _ := gather(Events(strings.NewReader(in), Options{Shift: later.Sub(newest), Now: later}))
	if len(got) != 2 || !got[0].Value.Lines[0].At.Equal(later) || got[0].Value.Lines[0].At.Sub(got[1].Value.Lines[0].At) != now.Sub(now.AddDate(-1, 0, 0)) {
		t.Errorf("got %+v", got)
	}
	_, refused, _ := gather(Events(strings.NewReader(in), Options{Shift: time.Hour, Now: now}))
	if len(refused) != 2 || refused[0].Code != engine.CodeTimeInFuture {
		t.Errorf("moved into the future: refused %v", refused)
	}
	item, err := One(Items(strings.NewReader(`{"item_id":"a","published":"2024-05-01T12:00:00Z"}`), Options{Shift: time.Hour}))
	if err != nil || !item.Published.Equal(now.Add(time.Hour)) {
		t.Errorf("item %+v, %v", item, err)
	}
	tickets := `{"ticket_id":"t","opened_at":"2024-05-01T12:00:00Z","messages":[{"from":"agent","text":"x","at":"2024-05-01T13:00:00Z"}]}`
	ticket, err := One(Tickets(strings.NewReader(tickets), Options{Shift: time.Hour}))
	if err != nil || !ticket.OpenedAt.Equal(now.Add(time.Hour)) || !ticket.Messages[0].At.Equal(now.Add(2*time.Hour)) {
		t.Errorf("ticket %+v, %v", ticket, err)
	}
}

// TestRetailTotals: UCI Online Retail, through every format: all rows are kept, and
// quantities and revenue come to the file's own totals, returns and credits taken off.
// RAPPORT_RETAIL names the file, online_retail.csv.gz.
func TestRetailTotals(t *testing.T) {
	path := os.Getenv("RAPPORT_RETAIL")
	if path == "" {
		t.Skip("RAPPORT_RETAIL is not set")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, refused, end := gather(Orders(bytes.NewReader(b), Options{Preset: "uci-online-retail"}))
	if end != nil || refused != nil {
		t.Fatalf("refused %v, ended with %v", refused, end)
	}
	lines := flat(got)
	for name, f := range allFormats {
		again, refused, end := gather(Events(bytes.NewReader(zstded(t, written(t, EventWriter, f, lines))), Options{}))
		var pieces, revenue float64
		seen := map[[2]string]bool{}
		for _, l := range flat(again) {
			sign := 1.0
			if l.Type == engine.Return {
				sign = -1
			}
			pieces += sign * l.Quantity
			revenue += sign * l.Quantity * l.Price
			seen[[2]string{l.Subject().String() + " " + l.EventID, string(rune(l.Line))}] = true
		}
		if end != nil || refused != nil || len(again) != 541_909 || len(seen) != len(again) || pieces != 5_176_450 || math.Round(100*revenue) != 974_774_793 {
			t.Errorf("%s: %d rows, %d of them told apart, %v pieces, revenue %.2f, refused %v, ended with %v", name, len(again), len(seen), pieces, revenue, refused, end)
		}
	}
}
