package recommend

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"maps"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine/basket"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/content"
	"github.com/rapportengine/rapport/engine/embed"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/follow"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/own"
	"github.com/rapportengine/rapport/engine/popular"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/repeat"
	"github.com/rapportengine/rapport/engine/session"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/tally"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/triage"
	"github.com/rapportengine/rapport/engine/vector"
)

// Models are the sources of one training run and how they are blended: immutable, and
// replaced whole.
type Models struct {
	Version int       // 0: nothing was fitted
	LogTime time.Time // the newest event the fit saw; ages of histories count back from it
	Fitted  []model.Saver
	Encoder *text.Encoder
	Blend   rank.Blend
	Desk    *solution.Knowledge // what solved tickets taught; nil for nothing
	Triage  *triage.Model       // what tickets that are done say of new ones; nil for nothing

	sources []model.Source
	known   *content.Known // items of the fitted sources, nil without any
	spoke   *atomic.Pointer[spoke]
}

// EncoderDims is the length of content vectors.
const EncoderDims = 128

// Unfitted returns what serves before the first training: content vectors by random
// indexing, and the live counts.
func Unfitted() *Models {
	return NewModels(0, time.Time{}, nil, text.Untrained(EncoderDims), rank.DefaultBlend())
}

// NewModels joins fitted sources with the live ones. Tasks and sources the blend does
// not name are not asked.
func NewModels(version int, logTime time.Time, fitted []model.Saver, encoder *text.Encoder, blend rank.Blend) *Models {
	m := &Models{Version: version, LogTime: logTime, Fitted: fitted, Encoder: encoder, Blend: blend, spoke: new(atomic.Pointer[spoke])}
	for _, f := range fitted {
		if part, ok := f.(model.Joiner); ok {
			m.sources = append(m.sources, part.Join(fitted))
		} else {
			m.sources = append(m.sources, f)
		}
	}
	m.sources = append(m.sources, LiveSources()...)
	m.known = content.NewKnown(known(fitted))
	m.sources = append(m.sources, content.Newcomers{Known: m.known}, content.Nearest{Known: m.known})
	return m
}

// known returns the items that fitted sources have rows for, nil without such sources.
// What a shop brings its own vectors of is no better known by that.
func known(fitted []model.Saver) *roaring.Bitmap {
	var out *roaring.Bitmap
	for _, f := range fitted {
		rows, ok := f.(interface{ Rows() *model.Rows })
		if !ok || f.Name() == own.Name {
			continue
		}
		if out == nil {
			out = roaring.New()
		}
		for row := range rows.Rows().Len() {
			out.Add(uint32(rows.Rows().Num(row)))
		}
	}
	return out
}

// LiveSources are the sources without fitted rows: they read the catalogue, the
// content vectors and the counters of the moment.
func LiveSources() []model.Source {
	return []model.Source{
		content.Source{},
		popular.Popular{Span: tally.AllTime},
		popular.Popular{Span: tally.Month},
		popular.Popular{Span: tally.Days},
		popular.Trending{},
		popular.ClickThrough{},
		popular.Newest{},
	}
}

// Sources returns all sources, the fitted ones first.
func (m *Models) Sources() []model.Source { return m.sources }

// WithBlend returns the same sources under another blend.
func (m *Models) WithBlend(b rank.Blend) *Models {
	return NewModels(m.Version, m.LogTime, m.Fitted, m.Encoder, b).WithDesk(m.Desk).WithTriage(m.Triage)
}

// WithDesk returns the same models with what solved tickets taught.
func (m *Models) WithDesk(k *solution.Knowledge) *Models {
	taught := *m
	taught.Desk = k
	return &taught
}

// WithTriage returns the same models with what tickets say of new ones.
func (m *Models) WithTriage(t *triage.Model) *Models {
	taught := *m
	taught.Triage = t
	return &taught
}

// With returns the same models and one more source, asked where the blend names it. It
// is not saved with them: evaluation puts sources beside ours that never serve.
func (m *Models) With(source model.Source) *Models {
	more := *m
	more.sources = append(slices.Clip(m.sources), source)
	return &more
}

// loaders know every kind of fitted source by name.
var loaders = map[string]model.Loader{
	factor.Name:         factor.Load,
	neighbour.Name:      neighbour.Load,
	neighbour.ItemName:  neighbour.LoadItems,
	neighbour.RidgeName: neighbour.LoadRidge,
	own.Name:            own.Load,
	basket.Name:         basket.Load,
	bridge.Name:         bridge.Load,
	bridge.ProfileName:  bridge.LoadProfile,
	embed.Name:          embed.Load,
	repeat.Name:         repeat.Load,
	session.Name:        session.Load,
	follow.MarkovName:   follow.LoadMarkov,
	follow.RulesName:    follow.Load,
}

// sourceNames are the sources there can be, the fitted ones first.
var sourceNames = func() []string {
	names := slices.Sorted(maps.Keys(loaders))
	for _, s := range LiveSources() {
		names = append(names, s.Name())
	}
	return append(names, content.NewcomersName, content.NearestName)
}()

// File format of a model set, integers little endian:
//
//	"RPM1" | length of header, uint32 | header (JSON) | CRC-32C of all before it, uint32 | sections
//
// The header names the sections in order with their lengths: "encoder", then each
// fitted source, and "desk" and "triage" where tickets taught anything. Each section checks itself, so that no changed byte goes unseen.
const magic = "RPM1"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxHeader bounds what a corrupt length can make us allocate.
const maxHeader = 1 << 20

type header struct {
	Version  int        `json:"version"`
	LogTime  time.Time  `json:"log_time"`
	Blend    rank.Blend `json:"blend"`
	Sections []section  `json:"sections"`
}

type section struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
}

// The names of the sections that are no sources.
const (
	encoderSection = "encoder"
	deskSection    = "desk"
)

// Save writes the models in the form Load reads.
func (m *Models) Save(w io.Writer) error {
	h := header{Version: m.Version, LogTime: m.LogTime, Blend: m.Blend}
	// Each part is written twice, the first time to be measured: to hold them all would
	// take as much memory as the models once more.
	for name, save := range m.parts() {
		var size counter
		if err := save(&size); err != nil {
			return fmt.Errorf("save %s: %w", name, err)
		}
		h.Sections = append(h.Sections, section{name, int(size)})
	}
	head, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("save models: %w", err)
	}
	front := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(head)))
	front = append(front, head...)
	front = binary.LittleEndian.AppendUint32(front, crc32.Checksum(front, castagnoli))
	if _, err := w.Write(front); err != nil {
		return fmt.Errorf("save models: %w", err)
	}
	for name, save := range m.parts() {
		if err := save(w); err != nil {
			return fmt.Errorf("save %s: %w", name, err)
		}
	}
	return nil
}

// parts yields what writes each section, by its name.
func (m *Models) parts() iter.Seq2[string, func(io.Writer) error] {
	return func(yield func(string, func(io.Writer) error) bool) {
		if !yield(encoderSection, m.Encoder.Save) {
			return
		}
		for _, f := range m.Fitted {
			if !yield(f.Name(), f.Save) {
				return
			}
		}
		if m.Desk != nil && !yield(deskSection, m.Desk.Save) {
			return
		}
		if m.Triage != nil {
			yield(triage.Name, m.Triage.Save)
		}
	}
}

// counter counts the bytes that are written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// ErrCorrupt is wrapped by every error of Load that means the bytes are not whole.
var ErrCorrupt = errors.New("model file is corrupt")

// Parts are the bytes of a model set of which several places can be read at once.
type Parts interface {
	// Size returns how many bytes there are.
	Size() int64
	// Part returns a reader over so many of them from a place on, for another goroutine, which
	// must be closed.
	Part(from, size int64) io.ReadCloser
}

// Load reads what Save wrote, laying rows by the numbers in ids. Anything truncated,
// changed or unknown is an error, and no part of it is used. Sections of an r that is Parts are read
// side by side.
func Load(r io.Reader, ids *catalogue.IDs) (*Models, error) {
	in := bufio.NewReader(r)
	h, size, err := readHeader(in)
	if err != nil {
		return nil, err
	}
	l := loading{ids: ids, header: h, read: make([]any, len(h.Sections))}
	if parts, is := r.(Parts); is {
		err = l.sideBySide(parts, size)
	} else {
		err = l.inOrder(in)
	}
	if err != nil {
		return nil, err
	}
	return l.models()
}

// loading is the state of Load.
type loading struct {
	*header
	ids  *catalogue.IDs
	rows model.SharedRows
	read []any // of each section: *text.Encoder, *solution.Knowledge, *triage.Model or model.Saver
}

// inOrder reads all sections from r, and that it ends there.
func (l *loading) inOrder(r io.Reader) error {
	for i, s := range l.Sections {
		if err := l.section(i, io.LimitReader(r, int64(s.Bytes)), 0); err != nil {
			return err
		}
	}
	if _, err := io.ReadFull(r, make([]byte, 1)); !errors.Is(err, io.EOF) {
		return errLonger
	}
	return nil
}

var errLonger = fmt.Errorf("%w: it does not end after the last section", ErrCorrupt)

// sideBySide reads the sections, the first of which is at a place, on all processors, the longest
// first.
func (l *loading) sideBySide(parts Parts, at int64) error {
	places, order := make([]int64, len(l.Sections)), make([]int, len(l.Sections))
	for i, s := range l.Sections {
		if places[i], order[i] = at, i; s.Bytes < 0 || int64(s.Bytes) > parts.Size()-at {
			return fmt.Errorf("%w: it ends before section %s does", ErrCorrupt, s.Name)
		}
		at += int64(s.Bytes)
	}
	if at != parts.Size() {
		return errLonger
	}
	slices.SortStableFunc(order, func(a, b int) int { return l.Sections[b].Bytes - l.Sections[a].Bytes })
	failed := make([]error, len(order))
	vector.Fork(runtime.GOMAXPROCS(0), len(order), func(_, n int) {
		i := order[n]
		size := int64(l.Sections[i].Bytes)
		part := parts.Part(places[i], size)
		failed[i] = errors.Join(l.section(i, bufio.NewReader(part), size), part.Close())
	})
	for _, err := range failed { // the first of them, however many processors there are
		if err != nil {
			return err
		}
	}
	return nil
}

// section reads section i from r, which surely has so many bytes.
func (l *loading) section(i int, r io.Reader, left int64) (err error) {
	s := l.Sections[i]
	r = l.rows.Reader(r, left)
	switch s.Name {
	case encoderSection:
		if l.read[i], err = text.LoadEncoder(r); err != nil {
			return fmt.Errorf("%w: encoder: %w", ErrCorrupt, err)
		}
	case deskSection:
		if l.read[i], err = solution.Load(r, l.ids); err != nil {
			return damaged(s.Name, err)
		}
	case triage.Name:
		if l.read[i], err = triage.Load(r); err != nil {
			return damaged(s.Name, err)
		}
	default:
		if l.read[i], err = loadSource(s.Name, r, l.ids); err != nil {
			return err
		}
	}
	more, err := io.Copy(io.Discard, r)
	switch {
	case more > 0:
		return fmt.Errorf("%w: %d bytes too many in section %s", ErrCorrupt, more, s.Name)
	case err != nil:
		return damaged(s.Name, err)
	}
	return nil
}

// models puts together what was read.
func (l *loading) models() (*Models, error) {
	var (
		encoder *text.Encoder
		fitted  []model.Saver
		desk    *solution.Knowledge
		sorter  *triage.Model
	)
	for _, what := range l.read {
		switch part := what.(type) {
		case *text.Encoder:
			encoder = part
		case *solution.Knowledge:
			desk = part
		case *triage.Model:
			sorter = part
		case model.Saver:
			fitted = append(fitted, part)
		}
	}
	if encoder == nil {
		return nil, fmt.Errorf("%w: no encoder", ErrCorrupt)
	}
	return NewModels(l.Version, l.LogTime, fitted, encoder, l.Blend).WithDesk(desk).WithTriage(sorter), nil
}

// damaged is the error of a section that cannot be read.
func damaged(section string, err error) error {
	if errors.Is(err, model.ErrVersion) {
		return fmt.Errorf("%s: %w", section, err)
	}
	return fmt.Errorf("%w: %s: %w", ErrCorrupt, section, err)
}

// readHeader reads the header, and returns how many bytes it has.
func readHeader(r io.Reader) (h *header, bytes int64, err error) {
	front := make([]byte, len(magic)+4)
	if _, err := io.ReadFull(r, front); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	size := binary.LittleEndian.Uint32(front[len(magic):])
	if string(front[:len(magic)]) != magic || size > maxHeader {
		return nil, 0, fmt.Errorf("%w: it does not start like a model of this version", ErrCorrupt)
	}
	head := make([]byte, int(size)+4)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, 0, fmt.Errorf("%w: header: %w", ErrCorrupt, err)
	}
	head, sum := head[:size], binary.LittleEndian.Uint32(head[size:])
	if crc32.Update(crc32.Checksum(front, castagnoli), castagnoli, head) != sum {
		return nil, 0, fmt.Errorf("%w: header: a checksum does not match", ErrCorrupt)
	}
	h = new(header)
	if err := json.Unmarshal(head, h); err != nil {
		return nil, 0, fmt.Errorf("%w: header: %w", ErrCorrupt, err)
	}
	if err := h.Blend.Validate(); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return h, int64(len(front) + len(head) + 4), nil
}

func loadSource(name string, r io.Reader, ids *catalogue.IDs) (model.Saver, error) {
	load, known := loaders[name]
	if !known {
		return nil, fmt.Errorf("model has a source %q that this version does not know", name)
	}
	source, err := load(r, ids)
	if err != nil {
		return nil, damaged(name, err)
	}
	saver, ok := source.(model.Saver)
	if !ok {
		return nil, fmt.Errorf("source %q cannot be saved", name)
	}
	return saver, nil
}
