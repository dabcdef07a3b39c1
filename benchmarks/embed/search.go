package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/rapportengine/rapport/engine/embed"
)

// variation is one setting that is not as the defaults have it.
type variation struct {
	name   string
	change func(p *embed.Params)
}

// vary returns a variation for each value of one setting.
func vary[T any](name string, set func(p *embed.Params, value T), values ...T) []variation {
	var out []variation
	for _, v := range values {
		out = append(out, variation{fmt.Sprintf("%s %v", name, v), func(p *embed.Params) { set(p, v) }})
	}
	return out
}

// variations returns what is tried with a method.
func variations(method string) []variation {
	out := []variation{{"defaults", func(*embed.Params) {}}}
	add := func(more []variation) { out = append(out, more...) }
	add(vary("dims", func(p *embed.Params, v int) { p.Dims = v }, 32, 128))
	add(vary("window", func(p *embed.Params, v int) { p.Window = v }, 2, 5, 10))
	add(vary("min_count", func(p *embed.Params, v int) { p.MinCount = v }, 3))
	add(vary("subsample", func(p *embed.Params, v float64) { p.Subsample = v }, 1e-4, 1e-2, 1))
	add(vary("decay", func(p *embed.Params, v float64) { p.Decay = v }, 0.3, 0.4, 0.6, 0.8, 1))
	add(vary("causes", func(p *embed.Params, v int) { p.Causes = v }, 1, 3, 10, 50))
	if method == embed.PPMI {
		add(vary("smoothing", func(p *embed.Params, v float64) { p.Smoothing = v }, 0.25, 0.75, 1))
		add(vary("shift", func(p *embed.Params, v float64) { p.Shift = v }, 0.5, 2, 5))
		add(vary("power", func(p *embed.Params, v float64) { p.Power = v }, 0.25, 0.5, 0.75, 1.25))
		return out
	}
	add(vary("epochs", func(p *embed.Params, v int) { p.Epochs = v }, 5, 10, 40))
	add(vary("negatives", func(p *embed.Params, v int) { p.Negatives = v }, 2, 10))
	add(vary("learning_rate", func(p *embed.Params, v float64) { p.LearningRate = v }, 0.025, 0.05, 0.2))
	add(vary("negative_power", func(p *embed.Params, v float64) { p.NegativePower = v }, -1, -0.75, -0.25, 1e-9, 0.5, 0.75))
	return out
}

// search judges every variation on the last tenth of the training sessions.
func search(ctx context.Context, c *clicks) error {
	before, last := cut(c.train)
	data := sequences(before, c.ids)
	show := func(method, name string, propose proposer) {
		j := judge(propose, data.Rows, last, true)
		fmt.Printf("%-8s %-22s HR@20 %.4f  MRR@20 %.4f\n", method, name, mean(j.hr), mean(j.mrr))
	}
	show("popular", "", popularity(data))
	for _, method := range []string{embed.PPMI, embed.SGNS} {
		for _, v := range variations(method) {
			p := embed.Params{Method: method, Seed: 1, Workers: runtime.GOMAXPROCS(0)}
			v.change(&p)
			m, err := embed.Fit(ctx, data, p)
			if err != nil {
				return err
			}
			show(method, v.name, embedding(m))
		}
	}
	return nil
}
