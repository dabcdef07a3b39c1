package sampleshop

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// totals are stated in README.md and printed by the generator, so that a changed
// file is noticed in all three places.
type totals struct {
	lines, returns, anonymous, customers, products, articles, tickets int
	bought, returned, soldPence, refundedPence                        int
}

var want = totals{
	lines: 181647, returns: 3048, anonymous: 37349, customers: 2755, products: 2500, articles: 64, tickets: 172,
	bought: 1997959, returned: 47222, soldPence: 352129317, refundedPence: 9216347,
}

type item struct {
	ID         string         `json:"item_id"`
	Kind       string         `json:"kind"`
	Title      string         `json:"title"`
	Text       string         `json:"text"`
	Categories []string       `json:"categories"`
	Attributes map[string]any `json:"attributes"`
	Price      json.Number    `json:"price"`
	Currency   string         `json:"currency"`
	AppliesTo  []string       `json:"applies_to"`
	Language   string         `json:"language"`
	Visibility string         `json:"visibility"`
}

type ticket struct {
	ID       string `json:"ticket_id"`
	Customer string `json:"customer_id"`
	Product  string `json:"product_id"`
	Order    string `json:"order_id"`
	Channel  string `json:"channel"`
	Subject  string `json:"subject"`
	Messages []struct {
		From string    `json:"from"`
		Text string    `json:"text"`
		At   time.Time `json:"at"`
	} `json:"messages"`
	State     string `json:"state"`
	Priority  string `json:"priority"`
	Language  string `json:"language"`
	Solutions []struct {
		Item    string `json:"item_id"`
		Outcome string `json:"outcome"`
	} `json:"solutions"`
	CSAT     int        `json:"csat"`
	OpenedAt time.Time  `json:"opened_at"`
	ClosedAt *time.Time `json:"closed_at"`
}

type event struct {
	kind, customer, order, item string
	at                          time.Time
	quantity, pence             int
}

func TestShop(t *testing.T) {
	items := readItems(t)
	events := readEvents(t)
	tickets := readNDJSON[ticket](t, "tickets.ndjson")

	got := totals{lines: len(events), tickets: len(tickets)}
	for _, it := range items {
		if it.Kind == "product" {
			got.products++
		} else {
			got.articles++
		}
	}
	bought := map[string]bool{} // customer, order and item of every purchase
	customers := map[string]bool{}
	var newest time.Time
	for _, e := range events {
		if it, ok := items[e.item]; !ok || it.Kind != "product" {
			t.Fatalf("event about %q, which is not a product of the shop", e.item)
		}
		if e.customer == "" {
			got.anonymous++
		} else {
			customers[e.customer] = true
		}
		switch e.kind {
		case "purchase":
			got.bought += e.quantity
			got.soldPence += e.quantity * e.pence
			bought[e.customer+"|"+e.order+"|"+e.item] = true
			bought[e.customer+"|"+e.order] = true
			bought[e.customer+"||"+e.item] = true
		case "return":
			got.returns++
			got.returned += e.quantity
			got.refundedPence += e.quantity * e.pence
		default:
			t.Fatalf("event of type %q", e.kind)
		}
		if e.at.After(newest) {
			newest = e.at
		}
	}
	got.customers = len(customers)
	if got != want {
		t.Errorf("totals are %+v\nwant %+v", got, want)
	}
	if !newest.Equal(NewestEvent) {
		t.Errorf("newest event is of %v, NewestEvent says %v", newest, NewestEvent)
	}
	checkTickets(t, tickets, items, bought)

	if !bought[LampCustomer+"||"+Lamp] || !slices.Contains(items[LampFix].AppliesTo, Lamp) {
		t.Errorf("customer %s should have bought %s, to which %s applies", LampCustomer, Lamp, LampFix)
	}
	n := 0
	for _, e := range events {
		if e.customer == Customer && e.kind == "purchase" {
			n++
		}
	}
	if n < 30 || n > 100 {
		t.Errorf("the demo customer %s has %d purchases, want 30 to 100", Customer, n)
	}
}

func checkTickets(t *testing.T, tickets []ticket, items map[string]item, bought map[string]bool) {
	ids := map[string]bool{}
	for _, k := range tickets {
		if ids[k.ID] || !strings.HasPrefix(k.ID, "demo-") {
			t.Errorf("ticket id %q is repeated or does not say that it is a demo", k.ID)
		}
		ids[k.ID] = true
		about := k.Customer + "|" + k.Order
		if k.Product != "" {
			about += "|" + k.Product
		}
		if !bought[about] {
			t.Errorf("%s: customer %s did not buy %s in order %s", k.ID, k.Customer, k.Product, k.Order)
		}
		for _, s := range k.Solutions {
			if items[s.Item].Kind != "solution" || s.Outcome != "solved" && s.Outcome != "not_solved" {
				t.Errorf("%s: solution %q with outcome %q", k.ID, s.Item, s.Outcome)
			}
		}
		if !slices.Contains([]string{"solved", "open", "reopened", "escalated"}, k.State) || (k.State == "solved" || k.State == "escalated") != (k.ClosedAt != nil) {
			t.Errorf("%s: state %q, closed at %v", k.ID, k.State, k.ClosedAt)
		}
		if k.State == "escalated" && len(k.Solutions) > 0 {
			t.Errorf("%s: a fix was tried on what none fits", k.ID)
		}
		last := k.OpenedAt
		texts := []string{k.Subject}
		for _, m := range k.Messages {
			if m.At.Before(last) || m.From != "customer" && m.From != "agent" {
				t.Errorf("%s: message by %q of %v after one of %v", k.ID, m.From, m.At, last)
			}
			last = m.At
			texts = append(texts, m.Text)
		}
		if k.ClosedAt != nil {
			last = *k.ClosedAt
		}
		if last.After(NewestEvent) {
			t.Errorf("%s ends at %v, after the newest event", k.ID, last)
		}
		noPersonalData(t, k.ID, texts...)
	}
}

// readItems also checks what an item must have by itself.
func readItems(t *testing.T) map[string]item {
	t.Helper()
	all := append(readNDJSON[item](t, "items.ndjson"), readNDJSON[item](t, "articles.ndjson")...)
	byID := map[string]item{}
	for _, it := range all {
		if _, twice := byID[it.ID]; twice || it.ID == "" {
			t.Errorf("item id %q is empty or repeated", it.ID)
		}
		byID[it.ID] = it
		if it.Title == "" || len(it.Categories) == 0 {
			t.Errorf("item %s has no title or no category", it.ID)
		}
		switch it.Kind {
		case "product":
			if price, err := it.Price.Float64(); err != nil || price <= 0 || it.Currency != "GBP" {
				t.Errorf("product %s costs %s %s", it.ID, it.Price, it.Currency)
			}
		case "content", "solution":
			if words := len(strings.Fields(it.Text)); words < 75 || words > 200 || it.Language != "en" || it.Attributes["written_for"] != "demo" {
				t.Errorf("article %s: %d words, language %q, attributes %v", it.ID, words, it.Language, it.Attributes)
			}
			noPersonalData(t, it.ID, it.Title, it.Text)
		default:
			t.Errorf("item %s is of kind %q", it.ID, it.Kind)
		}
	}
	for _, it := range all {
		for _, id := range it.AppliesTo {
			if byID[id].Kind != "product" {
				t.Errorf("%s applies to %q, which is not a product", it.ID, id)
			}
		}
	}
	return byID
}

func readEvents(t *testing.T) []event {
	t.Helper()
	f := open(t, "events.csv")
	defer f.Close()
	r := csv.NewReader(f)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil || strings.Join(header, ",") != "event_id,type,customer_id,session_id,order_id,item_id,at,quantity,price,currency" {
		t.Fatalf("events.csv starts with %v, error %v", header, err)
	}
	var events []event
	ids := map[string]bool{}
	for {
		rec, err := r.Read()
		if err == io.EOF {
			return events
		}
		if err != nil {
			t.Fatal(err)
		}
		if ids[rec[0]] || rec[0] == "" {
			t.Fatalf("event id %q is empty or repeated", rec[0])
		}
		ids[rec[0]] = true
		at, err1 := time.Parse(time.RFC3339, rec[6])
		quantity, err2 := strconv.Atoi(rec[7])
		pence, err3 := strconv.Atoi(strings.Replace(rec[8], ".", "", 1))
		if err1 != nil || err2 != nil || err3 != nil || quantity <= 0 || pence <= 0 || at.Location() != time.UTC ||
			rec[3] == "" || rec[3] != rec[4] || rec[9] != "GBP" {
			t.Fatalf("event %v: %v %v %v", rec, err1, err2, err3)
		}
		events = append(events, event{rec[1], rec[2], rec[4], rec[5], at, quantity, pence})
	}
}

func readNDJSON[T any](t *testing.T, name string) []T {
	t.Helper()
	f := open(t, name)
	defer f.Close()
	var all []T
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var one T
		dec := json.NewDecoder(strings.NewReader(lines.Text()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&one); err != nil {
			t.Fatalf("%s line %d: %v", name, len(all)+1, err)
		}
		all = append(all, one)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func open(t *testing.T, name string) io.ReadCloser {
	t.Helper()
	f, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// personal finds mail addresses, and digits long enough for a phone or card number.
var personal = regexp.MustCompile(`\S@\S|\+?\d(?:[ -]?\d){7,}`)

func noPersonalData(t *testing.T, id string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if found := personal.FindString(text); found != "" {
			t.Errorf("%s contains %q, which looks like personal data", id, found)
		}
	}
}

func TestReadmeStatesTheTotals(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{
		want.lines, want.returns, want.anonymous, want.customers, want.products,
		want.articles, want.tickets, want.bought, want.returned,
	} {
		if !strings.Contains(string(readme), " "+grouped(n)+" ") {
			t.Errorf("README.md does not mention %s", grouped(n))
		}
	}
	for _, pence := range []int{want.soldPence, want.refundedPence} {
		if amount := fmt.Sprintf("%s.%02d", grouped(pence/100), pence%100); !strings.Contains(string(readme), amount) {
			t.Errorf("README.md does not mention %s", amount)
		}
	}
	for _, id := range []string{Customer, LampCustomer, Lamp, LampFix} {
		if !strings.Contains(string(readme), "`"+id+"`") {
			t.Errorf("README.md does not mention %s", id)
		}
	}
}

// grouped writes 181647 as 181,647.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

func TestFilesOpen(t *testing.T) {
	for _, f := range Files {
		for _, name := range []string{f.Name, f.Name + ".gz"} {
			r, err := Open(name)
			if err != nil {
				if name == f.Name {
					t.Errorf("Open(%q): %v", name, err)
				}
				continue
			}
			if text, err := io.ReadAll(r); err != nil || len(text) == 0 || text[0] != '{' && f.Format == "ndjson" {
				t.Errorf("Open(%q) gives %d bytes, error %v", name, len(text), err)
			}
			if err := r.Close(); err != nil {
				t.Errorf("closing %q: %v", name, err)
			}
		}
	}
	if _, err := Open("nothing.csv"); err == nil {
		t.Error("Open of a file that does not exist gives no error")
	}
}
