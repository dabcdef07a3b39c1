package record

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

const benchRows = 20_000

func benchInput(header string, row func(b *bytes.Buffer, i int)) []byte {
	var b bytes.Buffer
	b.WriteString(header)
	for i := range benchRows {
		row(&b, i)
	}
	return b.Bytes()
}

func benchEvents(b *testing.B, in []byte, o Options) {
	b.Helper()
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for e, err := range Events(bytes.NewReader(in), o) {
			if err != nil {
				b.Fatal(err)
			}
			n += len(e.Value.Lines)
		}
		if n != benchRows {
			b.Fatalf("read %d of %d", n, benchRows)
		}
	}
	b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkEventsCSV(b *testing.B) {
	in := benchInput("event_id,type,customer_id,session_id,order_id,item_id,at,quantity,price,currency\n", func(b *bytes.Buffer, i int) {
		fmt.Fprintf(b, "558638-%d,purchase,16317,558638,558638,%d,%s,12,1.25,GBP\n", i, 20000+i%3000, now.Add(time.Duration(i)*time.Second).Format(time.RFC3339))
	})
	benchEvents(b, in, Options{})
}

func BenchmarkEventsMovieLens(b *testing.B) {
	in := benchInput("userId,movieId,rating,timestamp\n", func(b *bytes.Buffer, i int) {
		fmt.Fprintf(b, "%d,%d,3.5,%d\n", i/100, i%9000, 881250949+i)
	})
	benchEvents(b, in, Options{Preset: "movielens", Source: "0123456789abcdef"})
}

func BenchmarkEventsNDJSON(b *testing.B) {
	in := benchInput("", func(b *bytes.Buffer, i int) {
		fmt.Fprintf(b, `{"event_id":"558638-%d","type":"purchase","customer_id":"16317","session_id":"558638","item_id":"%d","at":"2011-07-01T08:16:00Z","quantity":12,"price":1.25,"currency":"GBP","channel":"web"}`+"\n", i, 20000+i%3000)
	})
	benchEvents(b, in, Options{Now: now})
}

func BenchmarkItemsNDJSON(b *testing.B) {
	in := benchInput("", func(b *bytes.Buffer, i int) {
		fmt.Fprintf(b, `{"item_id":"%d","kind":"product","title":"Groovy Cactus Inflatable","categories":["toys/children"],"attributes":{"colour":"red","size":38},"price":0.39,"currency":"GBP","stock":5}`+"\n", i)
	})
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		for _, err := range Items(bytes.NewReader(in), Options{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "items/s")
}

func BenchmarkRequest(b *testing.B) {
	in := []byte(`{"customer_id":"u","scenario":"home","count":10,"filter":"price < 80","context":{"region":"north"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Request(bytes.NewReader(in)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRedact(b *testing.B) {
	text := "Hello, my lamp from order 536365 (item 85123A) arrived broken on 01.05.2024. Call 0171 1234567 or write to ann@mail.example. "
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Redact(text)
	}
}
