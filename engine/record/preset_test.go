package record

import (
	"io"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

func taking[T any](read func(io.Reader, Options) iter.Seq2[Entry[T], error]) func(string, string) (any, error) {
	return func(in, preset string) (any, error) {
		var first error
		var all []T
		for e, err := range read(strings.NewReader(in), Options{Preset: preset}) {
			if err != nil && first == nil {
				first = err
			}
			all = append(all, e.Value)
		}
		return all, first
	}
}

func oneLine(i engine.Interaction) []engine.RecordEvent {
	return []engine.RecordEvent{{Lines: []engine.Interaction{i}}}
}

// TestPresets: the first lines of the known files, as their publishers write them.
func TestPresets(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	rating := engine.Interaction{Type: engine.Rating, Customer: "196", Item: "242", Value: 3, At: at(881250949)}
	person := []engine.Customer{{ID: "1", Attributes: engine.Attributes{"age": 24.0, "gender": "M", "occupation": "technician", "zip": "85711"}}}
	read := map[string]func(string, string) (any, error){
		"events": taking(Events), "items": taking(Items), "customers": taking(Customers), "orders": taking(Orders),
	}
	for _, c := range []struct {
		preset, as, in string
		want           any
	}{
		{"movielens", "events", "userId,movieId,rating,timestamp\n196,242,3.0,881250949\n", oneLine(rating)},
		{"movielens", "events", "196\t242\t3\t881250949\n", oneLine(rating)},
		{"movielens", "events", "196::242::3::881250949\n", oneLine(rating)},
		{"movielens", "items", "movieId,title,genres\n1,\"X, The (1995)\",Comedy|Drama\n2,Y,(no genres listed)\n", []engine.Item{
			{ID: "1", Title: "X, The (1995)", Categories: []string{"Comedy", "Drama"}}, {ID: "2", Title: "Y"},
		}},
		{"movielens", "items", "1|Mis\xe9rables, Les \"x\" (1995)|01-Jan-1995||http://us.imdb.com/M|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n", []engine.Item{{
			ID: "1", Title: "Mis\u00e9rables, Les \"x\" (1995)", URL: "http://us.imdb.com/M", Categories: []string{"Animation", "Children's", "Comedy"},
			Attributes: engine.Attributes{"released": "01-Jan-1995"},
		}}},
		{"movielens", "items", "1::Star Wars: \"Episode\" IV (1977)::Action|Sci-Fi\n", []engine.Item{{ID: "1", Title: "Star Wars: \"Episode\" IV (1977)", Categories: []string{"Action", "Sci-Fi"}}}},
		{"movielens", "customers", "1|24|M|technician|85711\n", person},
		{"movielens", "customers", "1::M::24::technician::85711\n", person},
		{"recbole", "events", "user_id:token\titem_id:token\trating:float\ttimestamp:float\n196\t242\t3\t881250949\n", oneLine(rating)},
		{"recbole", "events", "session_id:token\titem_id:token\ttimestamp:float\ns\t242\t881250949.0\n", oneLine(engine.Interaction{Type: engine.View, Session: "s", Item: "242", At: at(881250949)})},
		{"recbole", "items", "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\tweight:float\n1\tToy Story\t1995\tAnimation Comedy\t2.5\n", []engine.Item{{
			ID: "1", Title: "Toy Story", Attributes: engine.Attributes{"release_year": "1995", "class": []string{"Animation", "Comedy"}, "weight": 2.5},
		}}},
		{"recbole", "customers", "user_id:token\tage:float\tgender:token\n1\t24\tM\n", []engine.Customer{{ID: "1", Attributes: engine.Attributes{"age": 24.0, "gender": "M"}}}},
		{"retailrocket", "events", "timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,addtocart,355908,\n", oneLine(engine.Interaction{
			Type: engine.AddToCart, Customer: "257597", Item: "355908", At: time.UnixMilli(1433221332117).UTC(),
		})},
		{"gorse", "events", "feedback_type,user_id,item_id,time_stamp\r\nstar,u,i,2020-01-02 03:04:05.5 +0000 UTC\r\n", oneLine(engine.Interaction{
			Type: "star", Customer: "u", Item: "i", At: time.Date(2020, 1, 2, 3, 4, 5, 5e8, time.UTC),
		})},
		{"gorse", "events", `[{"FeedbackType":"star","UserId":"u","ItemId":"i","Timestamp":"2020-01-02T03:04:05Z","Comment":"nice"}]`, oneLine(engine.Interaction{
			Type: "star", Customer: "u", Item: "i", At: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), Properties: map[string]any{"comment": "nice"},
		})},
		{"gorse", "items", "item_id,is_hidden,categories,time_stamp,labels,description\r\n1,true,a|b,,x|y,Lamp\r\n", []engine.Item{{
			ID: "1", Hidden: true, Categories: []string{"a", "b"}, Title: "Lamp", Attributes: engine.Attributes{"labels": []string{"x", "y"}},
		}}},
		{"gorse", "items", `{"ItemId":"1","IsHidden":false,"Categories":["a"],"Timestamp":null,"Labels":["x"],"Comment":"Lamp"}`, []engine.Item{{
			ID: "1", Categories: []string{"a"}, Title: "Lamp", Attributes: engine.Attributes{"labels": []string{"x"}},
		}}},
		{"gorse", "customers", "user_id,labels\r\nu,x|y\r\n", []engine.Customer{{ID: "u", Attributes: engine.Attributes{"labels": []string{"x", "y"}}}}},
		{"gorse", "customers", `{"UserId":"u","Labels":["x"],"Subscribe":[],"Comment":"c"}`, []engine.Customer{{ID: "u", Attributes: engine.Attributes{"labels": []string{"x"}, "comment": "c"}}}},
		{"uci-online-retail", "orders", "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\nC536379,D,Discount,-1,12/1/2010 9:41,27.5,14527,United Kingdom\n", oneLine(engine.Interaction{
			EventID: "C536379", Type: engine.Return, Customer: "14527", Item: "D", OrderID: "C536379", Quantity: 1, Price: 27.5, Currency: "GBP",
			At: time.Date(2010, 12, 1, 9, 41, 0, 0, time.UTC), Properties: map[string]any{"country": "United Kingdom"},
		})},
		{"uci-online-retail", "items", "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n1,A,,1,x,1,,\n1,A,LAMP,1,x,1,,\n2,A,damaged?,1,x,1,,\n", []engine.Item{{ID: "A"}, {ID: "A", Title: "LAMP"}}},
	} {
		got, err := read[c.as](c.in, c.preset)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s, %s of %q:\ngot  %+v, %v\nwant %+v", c.preset, c.as, c.in, got, err, c.want)
		}
	}
}

// TestPresetsRefused: a file of another kind, or of nobody's, is refused with what it is.
func TestPresetsRefused(t *testing.T) {
	retail := "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
	for _, c := range []struct{ preset, in, want string }{
		{"uci-online-retail", retail, "it holds orders or items"},
		{"movielens", "a,b\n1,2\n", "map its columns by hand"},
		{"movielens", `{"userId":1}`, "only tables"},
		{"movielense", "a,b\n", `did you mean "movielens"`},
		{"movielense", `{}`, `did you mean "movielens"`},
	} {
		if _, err := taking(Events)(c.in, c.preset); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %q: got %v, want ...%s...", c.preset, c.in, err, c.want)
		}
	}
}
