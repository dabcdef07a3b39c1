package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/rapportengine/rapport/cmd/rapport/embedder"
	terms "github.com/rapportengine/rapport/engine/text"
)

// commands is the command line: a field a command, and a file of its own for each.
type commands struct {
	Demo          demoCommand          `cmd:"" help:"Serve a sample shop: import, train, answer."`
	Serve         serveCommand         `cmd:"" help:"Answer over HTTP."`
	Import        importCommand        `cmd:"" help:"Take in items, customers, events or tickets from files."`
	Export        exportCommand        `cmd:"" help:"Write items, customers, events, tickets or a model's factors to a file."`
	Train         trainCommand         `cmd:"" help:"Make a model of what happened."`
	Recommend     recommendCommand     `cmd:"" help:"Write lists for many customers to a file."`
	Suggest       suggestCommand       `cmd:"" help:"Find the fix for a ticket's text."`
	Eval          evalCommand          `cmd:"" help:"Measure models on held-out events of a file."`
	Metrics       metricsCommand       `cmd:"" help:"Measure lists that any system made."`
	Tune          tuneCommand          `cmd:"" help:"Look for better settings of a source, on held-out events."`
	EvalSolutions evalSolutionsCommand `cmd:"" help:"Measure how well questions find the solution that ends them."`
	EvalPolicy    evalPolicyCommand    `cmd:"" help:"Estimate what another policy would have earned, by a log with propensities."`
	Check         checkCommand         `cmd:"" help:"Verify a store."`
	Backup        backupCommand        `cmd:"" help:"Write everything to a file, while the workspace goes on."`
	Restore       restoreCommand       `cmd:"" help:"Make a workspace of backups."`
	Upgrade       upgradeCommand       `cmd:"" help:"Bring a workspace up to this version's form."`
	Rollback      rollbackCommand      `cmd:"" help:"Serve an earlier model."`
	Version       versionCommand       `cmd:"" help:"Print the version."`
	TrainApart    trainApartCommand    `cmd:"" hidden:""`
	EncodeApart   encodeApartCommand   `cmd:"" hidden:""`
}

// directory is the flag of every command that needs a store.
type directory struct {
	Dir string `default:"./rapport-data" env:"RAPPORT_DIR" help:"The workspace's directory."`
}

// embedding is the flags of a service that makes the vectors of texts.
type embedding struct {
	URL     string `env:"RAPPORT_EMBEDDER_URL" placeholder:"URL" help:"Have a service make the vectors of texts, as OpenAI's /v1/embeddings does, instead of the encoder of English sentences that is part of the program. The texts of fixes and tickets go there."`
	Model   string `env:"RAPPORT_EMBEDDER_MODEL" placeholder:"NAME" help:"The service's model."`
	Dims    int    `env:"RAPPORT_EMBEDDER_DIMS" placeholder:"N" help:"How many numbers a vector of the model has."`
	KeyFile string `placeholder:"FILE" help:"File that holds the service's key; else RAPPORT_EMBEDDER_KEY does."`

	key string // known once it was asked for: a file may be gone, or be a pipe, when it is wanted again
}

// embedderKeyEnv holds the service's key, where no file does.
const embedderKeyEnv = "RAPPORT_EMBEDDER_KEY"

// ask returns the embedder of the service, nil where none is named.
func (e *embedding) ask() (terms.Embedder, error) {
	if e.URL == "" {
		return nil, nil
	}
	e.key = strings.TrimSpace(os.Getenv(embedderKeyEnv))
	if e.KeyFile != "" {
		held, err := os.ReadFile(e.KeyFile)
		if err != nil {
			return nil, usagef("--embedder-key-file: %w", err)
		}
		e.key = strings.TrimSpace(string(held))
	}
	asked, err := embedder.New(embedder.Options{URL: e.URL, Model: e.Model, Dims: e.Dims, Key: e.key})
	if err != nil {
		return nil, usagef("--embedder-url, --embedder-model, --embedder-dims: %w", err)
	}
	return asked, nil
}

// action is a parsed command, ready to run.
type action func(ctx context.Context, c *console) error

// command is what every field of commands is.
type command interface {
	Run(ctx context.Context, c *console) error
}

// parse reads the arguments. The action is nil where help was asked for and given.
func parse(args []string, stdout, stderr io.Writer) (action, error) {
	var (
		cli    commands
		helped bool
	)
	parser, err := kong.New(&cli,
		kong.Name("rapport"),
		kong.Description("Rapport learns from what customers bought, looked at and needed help with, and answers which product, which article, which fix."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }), // kong ends the process after --help, unless told otherwise
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err != nil {
		return nil, fmt.Errorf("command line: %w", err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	switch {
	case helped:
		return nil, nil
	case err != nil:
		return nil, &usageError{err}
	}
	chosen, ok := parsed.Selected().Target.Addr().Interface().(command)
	if !ok {
		return nil, fmt.Errorf("command line: %s does nothing", parsed.Command())
	}
	return chosen.Run, nil
}
