package api

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// drawAnswer draws an answer of which every field may be empty.
func drawAnswer(t *rapid.T) *engine.Answer {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "home", "a\"b\\c", "<b>&\x7f", "\u2028\u2029\ufffd", "\xff\xc3(", "\x00\x08\x0c\n\r\t\x1f"}),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 0.123456789, -1.5e-9, 1234567.000000001, 999999.999999999, 1e6, 1e-6, 9.99e-7, 1e-9, 1e-10, 1e20, 1e21, -1e21, 1e100, 5e-324}))
	texts := rapid.SliceOfN(text, 0, 3)
	a := &engine.Answer{
		RecommendationID: text.Draw(t, "id"), Scenario: text.Draw(t, "scenario"), Basis: engine.Basis(text.Draw(t, "basis")),
		Exact: rapid.Bool().Draw(t, "exact"), Eligible: rapid.Int().Draw(t, "eligible"), Degraded: texts.Draw(t, "degraded"),
		EmptyReason: text.Draw(t, "why"), Continues: text.Draw(t, "continues"), TookMS: number.Draw(t, "took"),
	}
	if rapid.Bool().Draw(t, "models") {
		a.Models = rapid.MapOfN(text, rapid.Int(), 0, 4).Draw(t, "by")
	}
	for range rapid.IntRange(0, 2).Draw(t, "heeded") {
		a.OpenTickets = append(a.OpenTickets, engine.HeededTicket{Ticket: text.Draw(t, "ticket"), Item: engine.ItemID(text.Draw(t, "about"))})
		if rapid.Bool().Draw(t, "helps") {
			a.OpenTickets[len(a.OpenTickets)-1].First = []engine.ItemID{engine.ItemID(text.Draw(t, "first")), "b"}
		}
	}
	if rapid.Bool().Draw(t, "left out") {
		a.LeftOut = []engine.LeftOut{}
		for range rapid.IntRange(0, 2).Draw(t, "left") {
			a.LeftOut = append(a.LeftOut, engine.LeftOut{Item: engine.ItemID(text.Draw(t, "item")), Why: text.Draw(t, "why")})
		}
	}
	if rapid.Bool().Draw(t, "items") {
		a.Items = []engine.Recommended{}
	}
	causes := map[int]engine.Reason{}
	for range rapid.IntRange(0, 3).Draw(t, "length") {
		r := engine.Recommended{
			Item: engine.ItemID(text.Draw(t, "item")), Kind: engine.Kind(text.Draw(t, "kind")), Score: number.Draw(t, "score"),
			Rank: rapid.Int().Draw(t, "rank"), Source: text.Draw(t, "source"), Moved: texts.Draw(t, "moved"), Num: 7,
		}
		if rapid.Bool().Draw(t, "properties") {
			r.Properties = map[string]any{text.Draw(t, "name"): text.Draw(t, "value"), "price": number.Draw(t, "price"), "list": texts.Draw(t, "list")}
		}
		for range rapid.IntRange(0, 3).Draw(t, "reasons") {
			why := engine.Reason{
				Type: text.Draw(t, "type"), Source: text.Draw(t, "source"), Item: engine.ItemID(text.Draw(t, "item")),
				Interaction: engine.Type(text.Draw(t, "interaction")), Contribution: number.Draw(t, "contribution"), Text: text.Draw(t, "text"),
			}
			if rapid.Bool().Draw(t, "at") {
				at := time.UnixMilli(rapid.Int64Range(-1e15, 1e15).Draw(t, "ms")).In(rapid.SampledFrom([]*time.Location{time.UTC, time.FixedZone("", 5400)}).Draw(t, "zone"))
				why.At = &at
			}
			if told := rapid.IntRange(0, 4).Draw(t, "cause"); told > 0 {
				if first, known := causes[told]; known { // all but these is alike
					source, contribution := why.Source, why.Contribution
					why = first
					why.Source, why.Contribution = source, contribution
				}
				why.Cause = uint32(told)
				causes[told] = why
			}
			r.Reasons = append(r.Reasons, why)
		}
		a.Items = append(a.Items, r)
	}
	return a
}

// Answers are written as encoding/json writes them, to the byte, and refused where it
// refuses them.
func TestAnswersAreEncodedAsByReflection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawAnswer(t)
		want, errWanted := encode(a)
		var w answerWriter
		if rapid.Bool().Draw(t, "used") { // what was written before is forgotten
			_, _ = w.append(nil, drawAnswer(t))
		}
		got, err := w.append([]byte("before"), a)
		if (err == nil) != (errWanted == nil) {
			t.Fatalf("%v, want %v", err, errWanted)
		}
		if err == nil && strings.TrimPrefix(string(got), "before") != string(want) {
			t.Fatalf("got\n%s\nwant\n%s", got[len("before"):], want)
		}
	})
}

func FuzzAppendText(f *testing.F) {
	f.Add("a\"\\\u2028\xff<\x1f")
	for _, escaped := range []string{"\"", "\\", "\x1f", "\x00", "<", "\x7f", "ü", "\xff"} { // at each of eight bytes
		for at := range 8 {
			f.Add("!~ plain bytes"[:at+6] + escaped + " ~!~!~!~!")
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := encode(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendText(nil, s); string(got) != string(want) {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

func FuzzAppendNumber(f *testing.F) {
	for _, x := range []float64{0, 1e-7, 1e21, math.NaN(), math.Inf(-1), -1.5e-300, 0.348791199, -12.5, 1e-6, 999999.9999999999} {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, x float64) {
		want, errWanted := encode(x)
		got, err := appendNumber(nil, x)
		if (err == nil) != (errWanted == nil) || err == nil && string(got) != string(want) {
			t.Errorf("%s, %v, want %s, %v", got, err, want, errWanted)
		}
	})
}

// Whoever adds a field to an answer is sent to answerWriter and drawAnswer.
func TestEveryFieldOfAnAnswerIsWritten(t *testing.T) {
	for typ, fields := range map[reflect.Type]int{
		reflect.TypeFor[engine.Answer](): 13, reflect.TypeFor[engine.Recommended](): 9,
		reflect.TypeFor[engine.Reason](): 8, reflect.TypeFor[engine.LeftOut](): 2, reflect.TypeFor[engine.HeededTicket](): 3,
	} {
		if typ.NumField() != fields {
			t.Errorf("%v has %d fields, answerWriter and drawAnswer know %d", typ, typ.NumField(), fields)
		}
	}
}
