package recommend

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rapportengine/rapport/engine/model"
)

// Many is what the answers of one run for many share: what takes a while to make, and pays from
// some thousand answers on. It changes no bit of them. It is safe for concurrent use; the zero
// Many is ready.
type Many struct {
	mu    sync.Mutex
	links []*manyLinks
	after int // instead of manyAfter, for tests
	most  int // instead of mostEdges, for tests
}

// manyAfter is after how many looks at items the links of sources are joined: that takes as long as it
// saves of some two thousand. mostWays is for how many ways of weighing sources they are: a run
// is for one place.
const (
	manyAfter = 512
	mostWays  = 2
)

// mostEdges is up to how many links of all sources that is done, between up to 65,536 items
// (model.NewJoint): joined and turned they take up to 160 MB while the run lasts, where the sources have
// them in 96.
const mostEdges = 1 << 24

// manyLinks are the sources of links that speak in some answers.
type manyLinks struct {
	models *Models
	voices []linkedVoice
	asked  int
	made   atomic.Pointer[madeLinks] // nil before they are joined, or where they cannot be
}

// linkedVoice is such a source by its number, and its gain.
type linkedVoice struct {
	source int
	gain   float64
}

// madeLinks are the edges of these sources, joined, and turned each by itself.
type madeLinks struct {
	joint  *model.Joint
	turned []*model.Edges
}

// together are the voices of one answer that are summed as one.
type together struct {
	voices uint64 // a bit for each
	first  int
	sums   model.JointSums
}

// has reports whether voice number i is one of them.
func (t *together) has(i int) bool { return i < 64 && t.voices>>i&1 != 0 }

// sumLinks sums the links of the voices that are this answer's alone in one go, and has them look
// for what they say of few items where that takes least. It does nothing outside of a run, or
// before it pays.
func (v *voices) sumLinks(s *scratch) {
	if v.many == nil || s.together.voices != 0 { // of an earlier look
		return
	}
	var which []model.Linked
	s.linked, s.from = s.linked[:0], s.from[:0]
	for i, voice := range v.voices {
		linked, is := voice.Scorer.(model.Linked)
		if !is || !voice.alone || i >= 64 {
			continue
		}
		if len(which) == 0 {
			s.together.first = i
		}
		which = append(which, linked)
		s.linked = append(s.linked, linkedVoice{voice.source, voice.Gain()})
		s.together.voices |= 1 << i
	}
	made := (*madeLinks)(nil)
	if len(which) > 0 && fromAlike(which, s) {
		made = v.many.of(v.models, s.linked, which)
	}
	if made == nil {
		s.together = together{}
		return
	}
	for i, linked := range which {
		linked.Turn(made.turned[i])
	}
	s.together.sums = made.joint.Sum(s.from)
}

// sweepShare is of how many of all items one must be eligible for what dense voices say of all to be
// looked at.
const sweepShare = 2

// Sweep has the sources say about what they do of all items, for answers that were begun side by
// side: what is read for one of them is at hand for the next.
func (m *Many) Sweep(begun []*Begun) {
	dense := make([]model.Dense, 0, len(begun))
	for _, b := range begun {
		v, s := b.story.asked, b.in.room
		if b.err != nil || v == nil || b.eligible.count*sweepShare < v.query.Catalogue.Len() {
			continue
		}
		v.sumLinks(s)
		if s.together.voices == 0 {
			continue
		}
		v.openRooms(s)
		for i, voice := range v.voices {
			swept, is := voice.Scorer.(model.Swept)
			if !is || !voice.alone || i >= 64 {
				continue
			}
			if d, ok := swept.Sweep(s.rooms[i], &s.together.sums, voice.Gain()); ok {
				s.together.voices |= 1 << i
				dense = append(dense, d)
			}
		}
	}
	model.SweepAll(dense)
}

// fromAlike reports whether scorers add from the same rows, alike, and lists these.
func fromAlike(which []model.Linked, s *scratch) (alike bool) {
	if s.from, alike = which[0].From(s.from[:0]); !alike {
		return false
	}
	for _, linked := range which[1:] {
		if s.others, alike = linked.From(s.others[:0]); !alike || !slices.Equal(s.from, s.others) {
			return false
		}
	}
	return true
}

// of returns what is made of the links of sources, which these scorers are of; nil before.
func (m *Many) of(models *Models, voices []linkedVoice, of []model.Linked) *madeLinks {
	links, join := m.ask(models, voices)
	if links == nil {
		return nil
	}
	if join { // the others go on without meanwhile
		links.made.Store(makeLinks(voices, of, cmp.Or(m.most, mostEdges)))
	}
	return links.made.Load()
}

// ask notes that an answer asks for those links, nil where they are too many, and says whether it
// is to join them.
func (m *Many) ask(models *Models, voices []linkedVoice) (links *manyLinks, join bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.links, func(l *manyLinks) bool { return l.models == models && slices.Equal(l.voices, voices) })
	if at < 0 {
		m.links = slices.DeleteFunc(m.links, func(l *manyLinks) bool { return l.models != models }) // they serve no more
		if at = len(m.links); at == mostWays {
			return nil, false
		}
		m.links = append(m.links, &manyLinks{models: models, voices: slices.Clone(voices)})
	}
	m.links[at].asked++
	return m.links[at], m.links[at].asked == cmp.Or(m.after, manyAfter)
}

// makeLinks joins the edges of sources; nil where they cannot be joined, or are more than so many.
func makeLinks(voices []linkedVoice, of []model.Linked, most int) *madeLinks {
	made := new(madeLinks)
	var parts []*model.Edges
	var gains []float64
	first, _ := of[0].Links()
	for i, linked := range of {
		rows, edges := linked.Links()
		if !rows.Same(first) {
			return nil
		}
		parts, gains = append(parts, edges), append(gains, voices[i].gain)
		most -= edges.Len()
	}
	if most < 0 {
		return nil
	}
	joint, ok := model.NewJoint(first, parts, gains)
	if !ok {
		return nil
	}
	made.joint = joint
	for _, edges := range parts {
		made.turned = append(made.turned, edges.Turned())
	}
	return made
}
