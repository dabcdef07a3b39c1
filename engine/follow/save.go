package follow

import (
	"fmt"
	"io"

	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// version is of the saved form.
const version = 1

// Save implements model.Saver: 8 bytes a follower.
func (m *Model) Save(w io.Writer) error {
	f := model.NewWriter(w, m.name, version)
	f.JSON(m.params)
	m.rows.Save(f)
	m.next.Save(f)
	return f.Close()
}

// LoadMarkov is the model.Loader of the source "markov".
func LoadMarkov(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	return load(MarkovName, r, ids)
}

// Load is the model.Loader of the source "rules".
func Load(r io.Reader, ids *catalogue.IDs) (model.Source, error) { return load(RulesName, r, ids) }

func load(name string, r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	f, err := model.NewReader(r, name, version)
	if err != nil {
		return nil, err
	}
	var p Params
	f.JSON(&p)
	p.Workers = 1
	rows, from, saved := model.LoadRows(f, ids)
	next := model.LoadEdges(f, saved)
	if err := p.check(name); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return newModel(name, p, rows, next.Laid(from, saved)), nil
}
