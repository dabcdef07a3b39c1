// Command sentence measures the sentence encoder, engine/sentence, and appends one JSON
// line to the results:
//
//	go run ./benchmarks/sentence
//	go run ./benchmarks/sentence -kernels avx2    # or plain; avx512 where there is one
//
// Costs are CPU time of all threads. One text is a piece of a ticket of some tokens, on one
// core: the median of many rounds and the 99th percentile. Many texts are pieces of 7 to 22
// words in one call. The first call reads the model: its cost, and the memory that stays.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine/sentence"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

// report is one run.
type report struct {
	Kernels string  `json:"kernels"`
	Model   string  `json:"model"`
	FirstMS float64 `json:"first_cpu_ms"` // of the first call, which reads the model
	KeptMiB float64 `json:"kept_mib"`
	One     []one   `json:"one"`
	Many    []many  `json:"many"`
}

// one is a text at a time.
type one struct {
	Tokens   int     `json:"tokens"`
	MedianMS float64 `json:"cpu_ms"`
	WorstMS  float64 `json:"p99_cpu_ms"`
}

// many is texts in one call.
type many struct {
	Texts     int     `json:"texts"`
	Workers   int     `json:"workers"`
	EachMS    float64 `json:"cpu_ms"` // of a text
	PerSecond float64 `json:"per_second"`
}

type options struct {
	rounds, texts    int
	quick            bool
	kernels, results string
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 300, "how often each text is embedded")
	flag.IntVar(&o.texts, "texts", 2000, "how many texts a call for many has")
	flag.StringVar(&o.kernels, "kernels", "", "the kernels to use in place of the best: "+strings.Join(vector.Paths(), ", "))
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.BoolVar(&o.quick, "quick", false, "a smoke test: few rounds, seconds")
	measure.Main("sentence", "What does a sentence's vector cost?", func(ctx context.Context) error { return o.run(ctx) })
}

func (o *options) run(ctx context.Context) error {
	if o.quick {
		if err := measure.Quick(map[string]string{"rounds": "10", "texts": "50", "results": os.DevNull}); err != nil {
			return err
		}
	}
	if o.kernels != "" {
		if err := vector.Use(o.kernels); err != nil {
			return err
		}
	}
	r := report{Kernels: vector.Path(), Model: sentence.Name}
	if err := r.first(ctx); err != nil {
		return err
	}
	for _, length := range lengths {
		measure.Say("a text of %d tokens", length.tokens)
		if err := r.one(ctx, length.words, length.tokens, o.rounds); err != nil {
			return err
		}
	}
	for _, workers := range []int{1, runtime.NumCPU()} {
		measure.Say("%d texts with %d workers", o.texts, workers)
		if err := r.many(ctx, o.texts, workers); err != nil {
			return err
		}
	}
	out, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "%s\n", out)
	return measure.Append(o.results, "sentence", r.Kernels, r)
}

// first embeds the first text.
func (r *report) first(ctx context.Context) error {
	before := heap()
	c, err := cost(ctx, sentence.New(1), []string{"hello"})
	if err != nil {
		return err
	}
	r.FirstMS = 1e3 * c.CPU
	r.KeptMiB = float64(heap()-before) / (1 << 20)
	return nil
}

// heap is what is in use on the heap.
func heap() int64 {
	runtime.GC()
	runtime.GC() // the second empties pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// lengths are how many tokens the model makes of the first words of the ticket.
var lengths = []struct{ words, tokens int }{{8, 8}, {15, 16}, {57, 64}, {106, 128}}

func (r *report) one(ctx context.Context, words, tokens, rounds int) error {
	e, texts := sentence.New(1), []string{strings.Join(ticket(words), " ")}
	var all []float64
	for range rounds {
		c, err := cost(ctx, e, texts)
		if err != nil {
			return err
		}
		all = append(all, 1e3*c.CPU)
	}
	slices.Sort(all)
	r.One = append(r.One, one{tokens, all[len(all)/2], all[len(all)*99/100]})
	return nil
}

func (r *report) many(ctx context.Context, count, workers int) error {
	texts := make([]string, count)
	for i := range texts {
		all := ticket(i%100 + 24)
		texts[i] = strings.Join(all[i%100:][:7+i%16], " ")
	}
	e := sentence.New(workers)
	var all []measure.Cost
	for range 3 {
		c, err := cost(ctx, e, texts)
		if err != nil {
			return err
		}
		all = append(all, c.Per(count))
	}
	c := measure.MedianCost(all)
	r.Many = append(r.Many, many{count, workers, 1e3 * c.CPU, 1 / c.Seconds})
	return nil
}

func cost(ctx context.Context, e text.Embedder, texts []string) (measure.Cost, error) {
	return measure.Timed(func() error {
		_, err := e.Embed(ctx, texts)
		return err
	})
}

// ticket is the first words of one.
func ticket(words int) []string {
	all := strings.Fields(strings.Repeat(`My order from last Tuesday has still not arrived although the tracking page says
		that it was delivered to a neighbour on Friday. I have asked everybody in the house and nobody has seen it. When I
		press the power button the screen lights up for two seconds, shows the logo, and goes dark again; I have already
		tried another cable, another socket, and holding the button for thirty seconds as the manual says on page 12. Can
		you send me a new one, or refund the 79.90 that I paid by card? I also wrote to you last week about the missing
		invoice and have had no answer.`, 2))
	return all[:words]
}
