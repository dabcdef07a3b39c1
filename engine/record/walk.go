package record

import (
	"fmt"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// member is one name and value of an object.
type member struct {
	name  string
	value value
}

// walker goes through the members of an object, or the values of a list.
type walker struct {
	s     string   // what is left, the opening bracket taken off
	parts []member // what is left, where there is no JSON
	env   *env
}

func (v value) walk() walker {
	if v.raw == "" {
		return walker{parts: v.parts, env: v.env}
	}
	return walker{s: v.raw[1:], env: v.env}
}

// pop returns the next part of what is no JSON.
func (w *walker) pop() (m member, more bool) {
	if len(w.parts) == 0 {
		return member{}, false
	}
	m = w.parts[0]
	w.parts = w.parts[1:]
	return m, true
}

// next returns the next value of a list.
func (w *walker) next() (value, bool) {
	if w.s == "" {
		m, more := w.pop()
		return m.value, more
	}
	i := space(w.s, 0)
	if w.s[i] == ',' {
		i = space(w.s, i+1)
	}
	if w.s[i] == ']' {
		return value{}, false
	}
	end := valueEnd(w.s, i)
	v := valueOf(w.s[i:end], w.env)
	w.s = w.s[end:]
	return v, true
}

// member returns the next member of an object.
func (w *walker) member() (m member, more bool, p problem) {
	if w.s == "" {
		m, more = w.pop()
		return m, more, nil
	}
	i := space(w.s, 0)
	if w.s[i] == ',' {
		i = space(w.s, i+1)
	}
	if w.s[i] == '}' {
		return member{}, false, nil
	}
	end := textEnd(w.s, i)
	if m.name, p = unquote(w.s[i:end]); p != nil {
		return member{}, false, at(shorten(w.s[i+1:end-1]), p)
	}
	i = space(w.s, space(w.s, end)+1) // past the colon
	end = valueEnd(w.s, i)
	m.value = valueOf(w.s[i:end], w.env)
	w.s = w.s[end:]
	return m, true, nil
}

// valueEnd returns the end of the value at i, in JSON known to be right.
func valueEnd(s string, i int) int {
	switch s[i] {
	case '"':
		return textEnd(s, i)
	case '{', '[':
		for depth := 0; ; i++ {
			switch s[i] {
			case '"':
				i = textEnd(s, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	for i < len(s) && s[i] > ' ' && s[i] != ',' && s[i] != ']' && s[i] != '}' {
		i++
	}
	return i
}

func textEnd(s string, i int) int {
	for i++; s[i] != '"'; i++ {
		if s[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// each calls f for the parts of a list: of a list its values; of a cell that is a JSON
// list those, else the texts between the separators. Null is an empty list. At most
// limit parts are taken.
func (v value) each(limit int, want string, f func(i int, v value) problem) problem {
	n := 0
	part := func(e value) problem {
		if n >= limit {
			return tooMuch("a list has at most %d values here", limit)
		}
		p := f(n, e)
		if p != nil {
			p = at(fmt.Sprintf("[%d]", n), p)
		}
		n++
		return p
	}
	if v.kind == cell && strings.HasPrefix(v.raw, "[") {
		if l, p := v.json(); p == nil {
			v = l
		}
	}
	switch v.kind {
	case null:
		return nil
	case list:
		for w := v.walk(); ; {
			e, more := w.next()
			if !more {
				return nil
			}
			if p := part(e); p != nil {
				return p
			}
		}
	case cell:
		for s := range strings.SplitSeq(v.raw, v.env.sep) {
			if p := part(value{kind: cell, raw: strings.TrimSpace(s), env: v.env}); p != nil {
				return p
			}
		}
		return nil
	}
	return v.wrong(want)
}

// json returns the value whose JSON a cell holds.
func (v value) json() (value, problem) {
	var s scanner
	trimmed := strings.TrimSpace(v.raw)
	n, err := s.value([]byte(trimmed), true)
	switch {
	case err != nil, n < len(trimmed):
		return v, refuse("JSON is wanted here, such as {\"name\": \"value\"} or [{\"item_id\": \"1\"}], got %q", shorten(v.raw))
	case s.depth > engine.MaxJSONDepth:
		return v, tooDeep()
	}
	return valueOf(trimmed, v.env), nil
}

// strs decodes a list of texts, each checked and decoded by f.
func strs[S ~string](v value, limit int, want string, f func(value) (string, problem)) ([]S, problem) {
	var out []S
	p := v.each(limit, want, func(_ int, e value) problem {
		if e.kind == null {
			return e.wrong("a text")
		}
		s, p := f(e)
		if p == nil {
			out = append(out, S(s))
		}
		return p
	})
	return out, p
}

// ids decodes a list of ids.
func ids[S ~string](v value, limit int) ([]S, problem) {
	return strs[S](v, limit, "a list of ids", value.id)
}

// free decodes a value nobody has a schema for: nil, bool, float64, string, []any or
// map[string]any. The depth of the record bounds the recursion.
func (v value) free() (any, problem) {
	switch v.plain() {
	case null:
		return nil, nil
	case boolean:
		return v.raw == "true", nil
	case number:
		f, p := v.num()
		return f, p
	case list:
		out := []any{}
		p := v.each(engine.MaxRecordBytes, "", func(_ int, e value) problem {
			x, p := e.free()
			out = append(out, x)
			return p
		})
		return out, p
	case object:
		out := map[string]any{}
		p := v.members(func(name string, e value) problem {
			x, p := e.free()
			out[name] = x
			return p
		})
		return out, p
	}
	return v.str(engine.MaxRecordBytes)
}

// plain returns what a value is, a cell taken as its column's type.
func (v value) plain() kind {
	if v.kind == cell && v.as != null {
		return v.as
	}
	return v.kind
}

// members calls f for each member of an object and refuses names given twice. Null has
// no members.
func (v value) members(f func(name string, v value) problem) problem {
	if v.kind == null {
		return nil
	}
	if v.kind != object {
		return v.wrong("an object")
	}
	seen := make(map[string]struct{}, 8)
	for w := v.walk(); ; {
		m, more, p := w.member()
		if p != nil || !more {
			return p
		}
		name := shorten(m.name)
		if _, twice := seen[m.name]; twice {
			return at(name, twiceGiven())
		}
		seen[m.name] = struct{}{}
		if p := f(m.name, m.value); p != nil {
			return at(name, p)
		}
	}
}

func twiceGiven() problem { return refuse("the field is given twice; once is wanted") }
