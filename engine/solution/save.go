package solution

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/head"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/text"
)

// version is of the saved form of Knowledge: a JSON section, the fixes' ids, and then
//
//	labels: row of each | the head (head.Save) | hashes of its questions' texts, 4 each
//	words: the values of places | the words of questions
//	outcomes: row, solved, tried | row, place, solved, tried
//	habits, thrice: row, place, times
//	trials: end of each question's | 2*row + whether it solved
//	asked: row, questions, end of its words | word, questions that hold it
//
// A row is a place among the ids. Nothing of it names a ticket or a customer.
const version = 2

// told is the JSON section.
type told struct {
	Encoder string             `json:"encoder"`
	Weights map[string]float64 `json:"weights,omitempty"` // by evidence; nil where none are fitted
	Least   map[string]float64 `json:"least,omitempty"`
	Nothing []float64          `json:"nothing,omitempty"`
	Half    float64            `json:"half_words,omitempty"`
	Share   float64            `json:"least_share,omitempty"`
	Sure    *Sure              `json:"sure,omitempty"`
	Things  []string           `json:"things,omitempty"`
}

// Save writes the knowledge in the form Load reads. The same knowledge gives the same bytes.
func (k *Knowledge) Save(w io.Writer) error {
	f := model.NewWriter(w, Name, version)
	f.JSON(k.told())
	rows := model.NewRows(k.known(), k.ids)
	rows.Save(f)
	row := func(n engine.ItemNum) uint32 {
		at, _ := rows.Row(n) // every fix has one
		return uint32(at)
	}
	labels := make([]uint32, len(k.Fixes))
	for l, n := range k.Fixes {
		labels[l] = row(n)
	}
	f.Uint32s(labels)
	k.Head.Save(f)
	var texts []uint32
	for _, h := range k.texts {
		for at := 0; at < len(h); at += 4 {
			texts = append(texts, binary.LittleEndian.Uint32(h[at:]))
		}
	}
	f.Uint32s(texts)
	k.saveCounts(f, row)
	k.saveAsked(f, row)
	return f.Close()
}

func (k *Knowledge) told() told {
	t := told{Encoder: k.Encoder, Sure: k.Sure, Things: slices.Sorted(maps.Keys(k.Things))}
	if w := k.Weights; w != nil {
		t.Weights, t.Least = make(map[string]float64), make(map[string]float64)
		for _, kind := range Kinds() {
			t.Weights[kind.String()], t.Least[kind.String()] = w.Of[kind], w.Least[kind]
		}
		t.Nothing, t.Half, t.Share = w.Nothing[:], w.HalfWords, w.LeastShare
	}
	return t
}

// known are all fixes that anything is known of.
func (k *Knowledge) known() []engine.ItemNum {
	out := slices.Concat(k.Fixes, slices.Collect(maps.Keys(k.Outcomes.byFix)), slices.Collect(maps.Keys(k.Asked)))
	for f := range places {
		out = slices.AppendSeq(out, maps.Keys(k.Habits.fixes[f]))
	}
	return out
}

// vocabulary numbers words in their order.
func vocabulary(words map[string]uint32) []string {
	out := slices.Sorted(maps.Keys(words))
	for i, w := range out {
		words[w] = uint32(i)
	}
	return out
}

func (k *Knowledge) saveCounts(f *model.Writer, row func(engine.ItemNum) uint32) {
	values := make(map[string]uint32)
	for at := range k.Outcomes.byPlace {
		values[at.product] = 0
	}
	for at := range places {
		for value := range k.Habits.totals[at] {
			values[value] = 0
		}
	}
	f.Texts(vocabulary(values))
	var out []uint32
	for _, n := range slices.Sorted(maps.Keys(k.Outcomes.byFix)) {
		c := k.Outcomes.byFix[n]
		out = append(out, row(n), uint32(c.solved), uint32(c.tried))
	}
	f.Uint32s(out)
	out = out[:0]
	byPlace := slices.SortedFunc(maps.Keys(k.Outcomes.byPlace), func(a, b fixAt) int {
		return cmp.Or(cmp.Compare(a.fix, b.fix), cmp.Compare(a.product, b.product))
	})
	for _, at := range byPlace {
		c := k.Outcomes.byPlace[at]
		out = append(out, row(at.fix), values[at.product], uint32(c.solved), uint32(c.tried))
	}
	f.Uint32s(out)
	for at := range places {
		out = out[:0]
		for _, n := range slices.Sorted(maps.Keys(k.Habits.fixes[at])) {
			for _, value := range slices.Sorted(maps.Keys(k.Habits.fixes[at][n])) {
				out = append(out, row(n), values[value], uint32(k.Habits.fixes[at][n][value]))
			}
		}
		f.Uint32s(out)
	}
	var ends, trials []uint32
	for _, of := range k.trials {
		for _, t := range of {
			trial := 2 * row(t.Fix)
			if t.Solved {
				trial++
			}
			trials = append(trials, trial)
		}
		ends = append(ends, uint32(len(trials)))
	}
	f.Uint32s(ends)
	f.Uint32s(trials)
}

func (k *Knowledge) saveAsked(f *model.Writer, row func(engine.ItemNum) uint32) {
	words := make(map[string]uint32)
	for _, of := range k.Asked {
		for w := range of.Holding {
			words[w] = 0
		}
	}
	f.Texts(vocabulary(words))
	var fixes, held []uint32
	for _, n := range slices.Sorted(maps.Keys(k.Asked)) {
		of := k.Asked[n]
		for _, w := range slices.Sorted(maps.Keys(of.Holding)) {
			held = append(held, words[w], uint32(of.Holding[w]))
		}
		fixes = append(fixes, row(n), uint32(of.Questions), uint32(len(held)))
	}
	f.Uint32s(fixes)
	f.Uint32s(held)
}

// Load reads what Save wrote and lays the fixes by the numbers in ids: the same suggestions,
// bit by bit, where the catalogue is the same. Of a fix that has no number here nothing is
// known any more. It refuses what is truncated, corrupt or of another version, with an error.
func Load(r io.Reader, ids *catalogue.IDs) (*Knowledge, error) {
	f, err := model.NewReader(r, Name, version)
	if err != nil {
		return nil, err
	}
	var t told
	f.JSON(&t)
	k := &Knowledge{Encoder: t.Encoder, Things: make(map[string]bool, len(t.Things)), ids: ids}
	for _, term := range t.Things {
		k.Things[term] = true
	}
	k.Weights, k.Sure, err = t.fitted()
	if f.Err() == nil && err != nil {
		return nil, err
	}
	l := &loading{Reader: f, k: k}
	rows, from, saved := model.LoadRows(f, ids)
	l.fixes, l.there = make([]engine.ItemNum, saved), make([]bool, saved)
	for row, at := range from {
		l.fixes[at], l.there[at] = rows.Num(row), true
	}
	l.labels()
	l.counts()
	l.asked()
	if err := f.Close(); err != nil {
		return nil, err
	}
	k.number()
	k.Outcomes.sum()
	k.lay()
	return k, nil
}

// fitted returns weights and calibration, nil where none are fitted.
func (t *told) fitted() (*Weights, *Sure, error) {
	if t.Sure != nil && !(t.Sure.Slope > 0 && t.Sure.Failed >= 0) {
		return nil, nil, fmt.Errorf("%w: a calibration that turns chances round", model.ErrCorrupt)
	}
	if t.Weights == nil {
		return nil, t.Sure, nil
	}
	w := &Weights{HalfWords: t.Half, LeastShare: t.Share}
	if len(t.Nothing) != nothings || len(t.Weights) != int(kinds) || len(t.Least) != int(kinds) || !(t.Half > 0) {
		return nil, nil, errKinds
	}
	copy(w.Nothing[:], t.Nothing)
	for _, kind := range Kinds() {
		of, has := t.Weights[kind.String()]
		least, too := t.Least[kind.String()]
		if !has || !too {
			return nil, nil, errKinds
		}
		w.Of[kind], w.Least[kind] = of, least
	}
	return w, t.Sure, nil
}

var errKinds = errors.Join(model.ErrVersion, errors.New("its weights are of other kinds of evidence"))

// loading is a knowledge that is being read.
type loading struct {
	*model.Reader
	k     *Knowledge
	fixes []engine.ItemNum // by saved row
	there []bool           // whether the row has a number here
}

// rows reads a section of whole numbers in groups of so many, of which the first is a row, and
// calls take with each whose row is there.
func (l *loading) rows(size int, take func(n engine.ItemNum, group []uint32)) {
	all := l.Uint32s(-1)
	if len(all)%size != 0 {
		l.Refuse("a list that ends in the middle")
	}
	for ; l.Err() == nil && len(all) > 0; all = all[size:] {
		if n, ok := l.fix(all[0]); ok {
			take(n, all[:size])
		}
	}
}

// fix returns the number of a saved row, false where it has none.
func (l *loading) fix(row uint32) (engine.ItemNum, bool) {
	if int64(row) >= int64(len(l.fixes)) {
		l.Refuse("a fix without an id")
		return 0, false
	}
	return l.fixes[row], l.there[row]
}

// text returns a word of a vocabulary.
func (l *loading) text(words []string, at uint32) string {
	if int64(at) >= int64(len(words)) {
		l.Refuse("a word that is not there")
		return ""
	}
	return words[at]
}

func (l *loading) labels() {
	saved := l.Uint32s(-1)
	here := make([]int, len(saved)) // -1 for none
	seen := make(map[uint32]bool, len(saved))
	for label, row := range saved {
		if seen[row] {
			l.Refuse("a fix with two labels")
			return
		}
		seen[row] = true
		if n, ok := l.fix(row); ok {
			here[label] = len(l.k.Fixes)
			l.k.Fixes = append(l.k.Fixes, n)
		} else {
			here[label] = -1
		}
	}
	l.k.Head = head.Load(l.Reader, func(label int) int {
		if label >= len(here) {
			l.Refuse("a label of no fix")
			return -1
		}
		return here[label]
	})
	texts := l.Uint32s(-1)
	const words = len(engine.Hash16{}) / 4
	if l.Err() == nil && (len(texts)%words != 0 || len(texts)/words > l.k.Head.Questions()) {
		l.Refuse("texts of no question")
	}
	for ; l.Err() == nil && len(texts) > 0; texts = texts[words:] {
		var h engine.Hash16
		for i, word := range texts[:words] {
			binary.LittleEndian.PutUint32(h[4*i:], word)
		}
		l.k.texts = append(l.k.texts, h)
	}
}

func (l *loading) counts() {
	k, values := l.k, l.Texts()
	k.Outcomes = &Outcomes{byFix: make(map[engine.ItemNum]counts), byPlace: make(map[fixAt]counts)}
	checked := func(solved, tried uint32) counts {
		if solved > tried || tried == 0 {
			l.Refuse("a fix that solved more often than it was tried")
		}
		return counts{solved: float64(solved), tried: float64(tried)}
	}
	l.rows(3, func(n engine.ItemNum, g []uint32) { k.Outcomes.byFix[n] = checked(g[1], g[2]) })
	l.rows(4, func(n engine.ItemNum, g []uint32) {
		k.Outcomes.byPlace[fixAt{n, l.text(values, g[1])}] = checked(g[2], g[3])
	})
	k.Habits = noHabits()
	for at := range places {
		l.rows(3, func(n engine.ItemNum, g []uint32) {
			if g[2] == 0 {
				l.Refuse("a habit of no ticket")
			}
			k.Habits.add(at, n, l.text(values, g[1]), float64(g[2]))
		})
	}
	ends, trials := l.Uint32s(-1), l.Uint32s(-1)
	if l.Err() != nil {
		return
	}
	if len(ends) > k.Head.Questions() {
		l.Refuse("trials of no question")
		return
	}
	from := uint32(0)
	for _, end := range ends {
		if end < from || int64(end) > int64(len(trials)) {
			l.Refuse("trials that do not follow one another")
			return
		}
		var list []Trial
		for _, t := range trials[from:end] {
			if n, ok := l.fix(t / 2); ok {
				list = append(list, Trial{Fix: n, Solved: t%2 == 1})
			}
		}
		k.trials, from = append(k.trials, list), end
	}
	if int(from) != len(trials) {
		l.Refuse("trials of no question")
	}
}

func (l *loading) asked() {
	words, fixes, held := l.Texts(), l.Uint32s(-1), l.Uint32s(-1)
	if len(fixes)%3 != 0 || len(held)%2 != 0 {
		l.Refuse("a list that ends in the middle")
	}
	if l.Err() != nil {
		return
	}
	l.k.Asked = make(map[engine.ItemNum]text.Asked, len(fixes)/3)
	from := uint32(0)
	for ; len(fixes) > 0; fixes = fixes[3:] {
		questions, end := fixes[1], fixes[2]
		if end < from || int64(end) > int64(len(held)) || end%2 != 0 || questions == 0 {
			l.Refuse("questions that do not follow one another")
			return
		}
		of := text.Asked{Questions: int(questions), Holding: make(map[string]int)}
		for ; from < end; from += 2 {
			if held[from+1] == 0 || held[from+1] > questions {
				l.Refuse("a word of more questions than there are")
				return
			}
			of.Holding[l.text(words, held[from])] = int(held[from+1])
		}
		if n, ok := l.fix(fixes[0]); ok {
			l.k.Asked[n] = of
		}
	}
	if int(from) != len(held) {
		l.Refuse("words of no question")
	}
}
