// Command intent measures how well a question finds its answer, on public questions, by
// the code of rapport eval-solutions, and appends one JSON line for each protocol to the
// results:
//
//	go run ./benchmarks/intent -data ../data
//	go run ./benchmarks/intent -data ../data -only banking77-10shot
//
// The protocols: BANKING77's training questions in five folds, on all the others and on 10
// of each intent; CLINC150 learnt from train and oos_train, asked val and oos_val; Ask
// Ubuntu and Web Applications of the NLU evaluation corpora, where the accepted answer is
// to be found among all, and no answer was ever given to another question.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine/sentence"
	"github.com/rapportengine/rapport/training/desk"
)

// protocol is one way to ask.
type protocol struct {
	name  string
	read  func(folder string) (*desk.Evaluation, error)
	folds int
	shots int
}

var protocols = []protocol{
	{"banking77", banking, 5, 0},
	{"banking77-10shot", banking, 5, 10},
	{"clinc150", clinc, 0, 0},
	{"askubuntu-answers", func(f string) (*desk.Evaluation, error) { return answers(f, "AskUbuntu") }, 5, 0},
	{"webapps-answers", func(f string) (*desk.Evaluation, error) { return answers(f, "WebApplications") }, 5, 0},
}

func main() {
	folder := flag.String("data", "../data", "folder of the data sets")
	only := flag.String("only", "", "protocols to run, comma between them; empty for all")
	seed := flag.Uint64("seed", 0, "of folds and draws")
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "goroutines")
	results := flag.String("results", measure.Results, "file to append the JSON lines to")
	measure.Main("intent", "How well does a question find its answer?", func(ctx context.Context) error {
		for _, p := range protocols {
			if *only != "" && !strings.Contains(","+*only+",", ","+p.name+",") {
				continue
			}
			e, err := p.read(*folder)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			e.Folds, e.Shots, e.K = p.folds, p.shots, []int{1, 3, 5, 10}
			e.Embedder = sentence.New(*workers)
			e.Seed, e.Workers = *seed, *workers
			e.Progress = func(share float64, what string) { measure.Say("%s: %.0f %%, %s", p.name, 100*share, what) }
			report, err := e.Run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			fmt.Println("==", p.name)
			if err := report.WriteTable(os.Stdout); err != nil {
				return err
			}
			if err := measure.Append(*results, "intent", p.name, report); err != nil {
				return err
			}
		}
		return nil
	})
}
