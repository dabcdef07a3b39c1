package solution

import (
	"fmt"
	"io"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// The name and version of the form of Sentences.
const (
	sentencesName    = "sentences"
	sentencesVersion = 1
)

// Save writes the table in the form LoadSentences reads: its items by their numbers, so that it
// is for who numbers them the same way, while a process lasts. Vectors come back bit by bit.
func (s *Sentences) Save(w io.Writer) error {
	f := model.NewWriter(w, sentencesName, sentencesVersion)
	f.JSON(s.dims)
	var rows []byte
	items, steps := make([]uint32, 0, s.count), make([]float32, 0, s.count)
	for c, p := range s.chunks {
		if p == nil {
			continue
		}
		for i := range chunkFixes {
			for range p.starts[i+1] - p.starts[i] {
				items = append(items, uint32(c*chunkFixes+i))
			}
		}
		b, by := p.rows.Raw()
		rows, steps = append(rows, b...), append(steps, by...)
	}
	f.Uint32s(items)
	f.Float32s(steps)
	f.Bytes(rows)
	return f.Close()
}

// LoadSentences reads what Save wrote. Anything truncated or changed is an error.
func LoadSentences(r io.Reader) (*Sentences, error) {
	f, err := model.NewReader(r, sentencesName, sentencesVersion)
	if err != nil {
		return nil, err
	}
	s := new(Sentences)
	f.JSON(&s.dims)
	items := f.Uint32s(-1)
	steps := f.Float32s(len(items))
	rows := f.Bytes()
	switch {
	case f.Err() != nil:
	case s.dims < 1 || s.dims > engine.MaxEmbedding:
		f.Refuse("its vectors have a length that none have")
	case len(items) > 0 && items[len(items)-1] >= engine.MaxCatalogue || !slices.IsSorted(items):
		f.Refuse("its items are not in their order")
	case len(items) > 0 && len(rows)%len(items) > 0:
		f.Refuse("a row is not whole")
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	for at := 0; at < len(items); {
		c := int(items[at] / chunkFixes)
		s.chunks = append(s.chunks, make([]*passages, c+1-len(s.chunks))...)
		p, from := new(passages), at
		for i := range chunkFixes {
			for at < len(items) && int(items[at]) == c*chunkFixes+i {
				at++
			}
			p.starts[i+1] = int32(at - from)
		}
		wide, whole := len(rows)/len(items), false
		if p.rows, whole = vector.BytesOf(s.dims, rows[from*wide:at*wide:at*wide], steps[from:at:at]); !whole {
			return nil, fmt.Errorf("%w: rows of another length than the vectors", model.ErrCorrupt)
		}
		s.chunks[c], s.count = p, s.count+p.len()
	}
	if s.dims > 2*leadDims && s.count >= leadLeast {
		s.lead()
	}
	return s, nil
}
