package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The page and the plots say what the results file says, and nothing is left over.
func TestPagesAreOfTheResults(t *testing.T) {
	files, err := pages("../results.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	const mend = "run go run ./benchmarks/report"
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("benchmarks/%s is not what the results are (%v): %s", name, err, mend)
		}
	}
	drawn, err := filepath.Glob("../plots/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range drawn {
		if _, known := files["plots/"+filepath.Base(name)]; !known {
			t.Errorf("%s is a plot of nothing", name)
		}
	}
}

// A line counts by when it was measured, wherever it stands in the file.
func TestTheNewestLineIsShown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.jsonl")
	lines := `{"benchmark":"growth","data":"S","at":"2026-03-02T09:00:00Z","commit":"new","report":{"fits":[]}}
{"benchmark":"growth","data":"S","at":"2026-03-01T09:00:00.5Z","commit":"old","report":{"fits":[]}}
`
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := newest(file)
	if err != nil || found["growth"]["S"].Commit != "new" {
		t.Errorf("shown is %+v, %v; want what was measured last", found, err)
	}
}

// Every section is written from lines as the commands append them.
func TestEverySection(t *testing.T) {
	files, err := pages("testdata/results.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	page := string(files["README.md"])
	for _, bad := range []string{"NaN", "Not measured yet", "no value", "%!"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page says %q:\n%s", bad, page)
		}
	}
	if strings.Count(page, ", `go run ./benchmarks/growth -quick`)") != 1 {
		t.Error("the page does not say by which command the growth was measured")
	}
	for _, figure := range []string{
		" MiB serving, still rising, ", " MiB serving for 10 s, still rising, ", " MiB while it starts, ",
		"Beside a training: 219, known after ", "| beside one | ", "| beside one, 11 s | ", "| within 5 s of the training's end, at 9 s | ",
	} {
		if strings.Count(page, figure) != 1 {
			t.Errorf("the page says %q %d times: want once, of a line of older or of present code", figure, strings.Count(page, figure))
		}
	}
	for _, name := range []string{"growth-fit", "growth-answer", "filter", "memory-tiny", "memory-older"} {
		text, drawn := files["plots/"+name+".svg"]
		if !drawn || !strings.Contains(page, "plots/"+name+".svg") {
			t.Errorf("%s is not drawn, or not on the page", name)
		}
		for d := xml.NewDecoder(bytes.NewReader(text)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if bytes.Contains(text, []byte("NaN")) || bytes.Contains(text, []byte("Inf")) {
			t.Errorf("%s has places that are none", name)
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 1234567.6: "1,234,568", -123: "-123", -1234: "-1,234"} {
		if got := whole(v); got != want {
			t.Errorf("whole(%v) = %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0", 0.01: "0.01", 2000: "2k", 1e6: "1M", 2.5e6: "2.5M"} {
		if got := short(v); got != want {
			t.Errorf("short(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestAxis(t *testing.T) {
	x := newAxis(true, []float64{20, 3000}, 0, 100)
	if x.at(10) != 0 || math.Abs(x.at(10_000)-100) > 1e-9 || len(x.ticks()) != 4 {
		t.Errorf("from 10 to 10,000: %v, %v, ticks %v", x.at(10), x.at(10_000), x.ticks())
	}
	x = newAxis(false, []float64{3, 470}, 0, 100)
	if x.at(0) != 0 || x.at(500) != 100 || len(x.ticks()) != 6 {
		t.Errorf("from 0 to 500: %v, %v, ticks %v", x.at(0), x.at(500), x.ticks())
	}
}
