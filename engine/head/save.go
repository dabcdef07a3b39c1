package head

import (
	"math"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// header is the first section of a saved head.
type header struct {
	Options   Options `json:"options"`
	Questions int     `json:"questions"`
	Labels    int     `json:"labels"` // that have a score
	Dims      int     `json:"dims"`   // of the vectors of questions; 0 for none
}

// Save writes the head as sections of f: what is computed from texts, no text.
func (m *Model) Save(f *model.Writer) {
	f.JSON(header{m.options, m.questions, m.labels, m.dims})
	if m.questions == 0 {
		return
	}
	m.words.save(f)
	m.pieces.save(f)
	has := make([]uint32, m.questions)
	for i, is := range m.has {
		if is {
			has[i] = 1
		}
	}
	f.Uint32s(has)
	f.Float32s(m.vectors)
	m.weights.save(f)
	var ends, labels []uint32
	for _, list := range m.labelsOf {
		for _, l := range list {
			labels = append(labels, uint32(l))
		}
		ends = append(ends, uint32(len(labels)))
	}
	f.Uint32s(ends)
	f.Uint32s(labels)
}

// Load reads what Save wrote: the same likenesses and scores, bit by bit. label says which
// label a saved one is here, -1 for one that is no more; those that stay keep their order.
// What cannot be a head makes f damaged.
func Load(f *model.Reader, label func(saved int) int) *Model {
	var h header
	f.JSON(&h)
	switch o := h.Options; {
	case f.Err() != nil:
		return nil
	case h.Questions < 0 || h.Questions > maxQuestions || h.Labels < 0 || h.Labels > maxCells || h.Questions*h.Labels > maxCells || h.Dims < 0 || h.Dims > engine.MaxEmbedding:
		f.Refuse("a head of a size that none is fitted to")
		return nil
	case !(o.Pieces >= 0 && o.Pieces <= 1 && o.Meaning >= 0 && o.Meaning < 1 && o.Strict >= 0 && o.Sharp >= 0):
		f.Refuse("a head with settings that make no likeness")
		return nil
	}
	m := &Model{options: h.Options, questions: h.Questions, dims: h.Dims}
	if h.Questions == 0 {
		return m
	}
	m.words, m.pieces = loadBlock(f, h.Questions), loadBlock(f, h.Questions)
	has := f.Uint32s(h.Questions)
	m.vectors = f.Float32s(h.Questions * h.Dims)
	m.weights = loadWeights(f, h.Questions, h.Labels, label)
	ends, labels := f.Uint32s(h.Questions), f.Uint32s(-1)
	if f.Err() != nil {
		return nil
	}
	m.has = make([]bool, h.Questions)
	for i, is := range has {
		if is > 1 || is == 1 && h.Dims == 0 {
			f.Refuse("a question with a vector of no length")
			return nil
		}
		m.has[i] = is == 1
	}
	m.labels = len(m.weights.ends)
	m.labelsOf = make([][]int, h.Questions)
	from := uint32(0)
	for i, end := range ends {
		if end < from || int64(end) > int64(len(labels)) {
			f.Refuse("labels that do not follow one another")
			return nil
		}
		for _, l := range labels[from:end] {
			if int64(l) >= int64(h.Labels) {
				f.Refuse("a label without a score")
				return nil
			}
			if here := label(int(l)); here >= 0 {
				m.labelsOf[i] = append(m.labelsOf[i], here)
			}
		}
		from = end
	}
	if int64(from) != int64(len(labels)) {
		f.Refuse("labels of no question")
		return nil
	}
	return m
}

// save writes a block: features as their halves, lists by list.
func (b *block) save(f *model.Writer) {
	features := make([]uint32, 2*len(b.lists))
	for feature, row := range b.rows {
		features[2*row], features[2*row+1] = uint32(feature), uint32(feature>>32)
	}
	ends := make([]uint32, 0, len(b.lists))
	total := 0
	for _, list := range b.lists {
		total += len(list)
		ends = append(ends, uint32(total))
	}
	questions, values := make([]uint32, 0, total), make([]float32, 0, total)
	for _, list := range b.lists {
		for _, p := range list {
			questions, values = append(questions, uint32(p.question)), append(values, p.value)
		}
	}
	f.Uint32s(features)
	f.Uint32s(ends)
	f.Uint32s(questions)
	f.Float32s(values)
}

// loadBlock reads what save wrote, of so many questions.
func loadBlock(f *model.Reader, questions int) *block {
	features, ends, of := f.Uint32s(-1), f.Uint32s(-1), f.Uint32s(-1)
	values := f.Float32s(len(of))
	if f.Err() != nil {
		return nil
	}
	if len(features) != 2*len(ends) || int64(len(of)) > math.MaxInt32 {
		f.Refuse("features without lists")
		return nil
	}
	b := &block{
		rows: make(map[uint64]int32, len(ends)), idf: make([]float32, len(ends)),
		lists: make([][]posting, len(ends)), never: inverse(0, questions),
	}
	all := make([]posting, len(of))
	for i := range of {
		all[i] = posting{int32(of[i]), values[i]}
	}
	from := uint32(0)
	for row, end := range ends {
		if end <= from || int64(end) > int64(len(all)) {
			f.Refuse("a feature that no question has")
			return nil
		}
		list := all[from:end:end]
		for i, p := range list {
			if p.question < 0 || int(p.question) >= questions || i > 0 && p.question <= list[i-1].question || !(p.value > 0 && p.value < 2) {
				f.Refuse("a feature of questions that are not there")
				return nil
			}
		}
		b.rows[uint64(features[2*row])|uint64(features[2*row+1])<<32] = int32(row)
		b.lists[row], b.idf[row] = list, inverse(len(list), questions)
		from = end
	}
	if int(from) != len(all) || len(b.rows) != len(ends) {
		f.Refuse("features that stand twice, or questions of no feature")
		return nil
	}
	b.lay(questions)
	return b
}
