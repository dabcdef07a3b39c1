package tune

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// Head is the first line of a journal: what must be the same for its trials to be of one
// study.
type Head struct {
	Study   int    `json:"study"` // form of the journal
	Metric  string `json:"metric"`
	Seed    uint64 `json:"seed"`
	Dataset string `json:"sha256"` // of the data
	// Protocol is how the data is split and what counts, in the caller's words.
	Protocol map[string]any `json:"protocol"`
	Program  string         `json:"program"` // the version that began it; another may go on
}

// form is that of journals this version writes.
const form = 1

// Journal is a study's trace on the disk: NDJSON, a head and a line for each trial that
// ended, each of them safe there before the next one begins. One process at a time has it.
type Journal struct {
	file   *os.File
	head   Head
	trials []Trial
}

// LockedError says that a journal is being written by somebody else.
type LockedError struct {
	File string
	PID  int // of the other process; 0 where the system does not say
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.PID > 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("%s is being written by %s; wait for it to end, or name another file", e.File, who)
}

// Open opens the journal of a study, or begins one where there is none. A last line that
// was cut off, as by a kill, is dropped: that trial is made again. A journal of another
// study, or bytes that are none, are *engine.Invalid; one that another process has open
// is a *LockedError, and is not touched.
func Open(name string, head Head) (_ *Journal, err error) {
	head.Study = form
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	j := &Journal{file: f, head: head}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if err := lock(f); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	const begin = `{"study":`
	if len(whole) == 0 && string(data[:min(len(data), len(begin))]) != begin[:min(len(data), len(begin))] {
		return nil, engine.Invalidf(engine.CodeInvalidField, "study", "%s is no study", name) // and is not written over
	}
	if err := j.read(name, whole); err != nil {
		return nil, err
	}
	if err := errors.Join(f.Truncate(int64(len(whole))), seek(f)); err != nil {
		return nil, err
	}
	if len(whole) > 0 {
		return j, nil
	}
	return j, errors.Join(j.append(head), syncDir(filepath.Dir(name)))
}

func seek(f *os.File) error {
	_, err := f.Seek(0, io.SeekEnd)
	return err
}

// read reads the lines that are whole.
func (j *Journal) read(name string, data []byte) error {
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if n == 1 {
			if err := j.same(name, line); err != nil {
				return err
			}
			continue
		}
		var t Trial
		if err := strict(line, &t); err != nil {
			return engine.Invalidf(engine.CodeInvalidField, "study", "%s, line %d is no trial: %v", name, n, err)
		}
		if t.Kind == "" || t.Number != len(j.Trials(t.Kind)) {
			return engine.Invalidf(engine.CodeInvalidField, "study", "%s, line %d is trial %d of %q, which has %d before it", name, n, t.Number, t.Kind, len(j.Trials(t.Kind)))
		}
		j.trials = append(j.trials, t)
	}
	return nil
}

// same refuses the head of another study.
func (j *Journal) same(name string, line []byte) error {
	var was Head
	if err := strict(line, &was); err != nil || was.Study != form {
		return engine.Invalidf(engine.CodeInvalidField, "study", "%s is no study that this version can go on with", name)
	}
	now := j.head
	now.Program = was.Program
	text, err := json.Marshal(now) // so that both have been through JSON
	if err != nil {
		return err
	}
	var is Head
	if err := strict(text, &is); err != nil {
		return err
	}
	if !reflect.DeepEqual(is, was) {
		return engine.Invalidf(engine.CodeInvalidField, "study", "%s is of another study: %s; name another file, or give the data and flags it began with", name, differences(was, is))
	}
	j.head = was
	return nil
}

// differences says in a sentence where a study differs from that of a journal.
func differences(was, is Head) string {
	var out []string
	differ := func(name string, was, is any) {
		if !reflect.DeepEqual(was, is) {
			out = append(out, fmt.Sprintf("%s was %s and is %s", name, inWords(was), inWords(is)))
		}
	}
	differ("the metric", was.Metric, is.Metric)
	differ("the seed", was.Seed, is.Seed)
	if was.Dataset != is.Dataset {
		out = append(out, "the data were others") // two digests tell nobody more
	}
	names := make(map[string]bool)
	for name := range was.Protocol {
		names[name] = true
	}
	for name := range is.Protocol {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		differ(name, was.Protocol[name], is.Protocol[name])
	}
	return strings.Join(out, ", ")
}

// inWords writes a value of a head as its JSON does; what is not there is nothing.
func inWords(v any) string {
	if v == nil {
		return "not given"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

func strict(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// Program returns the version that began the study.
func (j *Journal) Program() string { return j.head.Program }

// Trials returns the trials of a kind, in their order.
func (j *Journal) Trials(kind string) []Trial {
	var out []Trial
	for _, t := range j.trials {
		if t.Kind == kind {
			out = append(out, t)
		}
	}
	return out
}

// Add writes a trial; once it returns, the trial is on the disk.
func (j *Journal) Add(t Trial) error {
	j.trials = append(j.trials, t)
	return j.append(t)
}

func (j *Journal) append(line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("write %s: %w", j.file.Name(), err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", j.file.Name(), err)
	}
	return nil
}

// Close lets go of the file.
func (j *Journal) Close() error { return j.file.Close() }

// syncDir makes a new file's name last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, fs.ErrInvalid) {
		err = nil // a file system that cannot
	}
	return errors.Join(err, d.Close())
}
