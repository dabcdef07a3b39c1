package record

import (
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// TypeSettings decodes what types of interaction mean, all of them, as Request does:
// {"view": {"weight": 0.2, "half_life": "60d", "liked": 0}, ...}. A half-life is a text
// as by Span, or seconds; 0, or none, never fades.
func TypeSettings(r io.Reader) (map[engine.Type]engine.TypeSetting, error) {
	return One(read(r, Options{Format: JSON}, typesSchema, asIs))
}

type typeSettings = map[engine.Type]engine.TypeSetting

var typesSchema = &schema[typeSettings]{
	what: "type of interaction",
	own:  true,
	rest: func(t *typeSettings, name string, v value) problem {
		word, p := value{kind: cell, raw: name, env: v.env}.word(foreignTypes)
		switch _, twice := (*t)[engine.Type(word)]; {
		case p != nil:
			return p
		case twice:
			return refuse("the type %s is given twice, by this or another of its names; once is wanted", word)
		case v.kind == null:
			return missing("weight", "a number is needed; 0 ignores the type")
		case len(*t) >= engine.MaxTypes:
			return tooMuch("at most %d types of interaction are set", engine.MaxTypes)
		}
		var set typeSetting
		if p := part(typeSchema, &set, v); p != nil {
			return p
		}
		if *t == nil {
			*t = typeSettings{}
		}
		(*t)[engine.Type(word)] = set.TypeSetting
		return nil
	},
}

// typeSetting is a setting as it is written: a weight has to be said, though it be 0.
type typeSetting struct {
	engine.TypeSetting
	weighed bool
}

var typeSchema = &schema[typeSetting]{
	what: "field of a type's setting",
	fields: []field[typeSetting]{
		{name: "weight", set: func(t *typeSetting, v value) (p problem) {
			if t.Weight, p = v.num(); p == nil && math.Abs(t.Weight) > engine.MaxTypeWeight {
				p = tooMuch("a weight from -%g to %g is wanted, got %g", engine.MaxTypeWeight, engine.MaxTypeWeight, t.Weight)
			}
			t.weighed = v.kind != null
			return p
		}},
		{name: "half_life", set: func(t *typeSetting, v value) (p problem) { t.HalfLife, p = v.span(); return p }},
		{name: "liked", set: func(t *typeSetting, v value) (p problem) { t.Liked, p = v.num(); return p }},
	},
	check: func(t *typeSetting) problem {
		if !t.weighed {
			return missing("weight", "a number is needed; 0 ignores the type")
		}
		return nil
	},
}

const day = 24 * time.Hour

// Span writes a length of time so that TypeSettings reads it back: whole days as "60d",
// all else as time.Duration does ("36h0m0s").
func Span(d time.Duration) string {
	if d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return d.String()
}

// span decodes a length of time: "60d", "36h", "1h30m", or seconds.
func (v value) span() (time.Duration, problem) {
	const want = "a length of time such as 60d, 36h or 90m, or seconds,"
	switch v.kind {
	case null:
		return 0, nil
	case number:
		seconds, p := v.num()
		if p != nil {
			return 0, p
		}
		return v.within(seconds)
	case text:
	default:
		return 0, v.wrong(want)
	}
	s, p := v.str(64)
	if p != nil {
		return 0, p
	}
	if days, is := strings.CutSuffix(s, "d"); is && plainNumber(days) {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil {
			return 0, v.wrong(want)
		}
		return v.within(n * day.Seconds())
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, v.wrong(want)
	}
	if d < 0 || d > engine.MaxHalfLife {
		return v.within(d.Seconds())
	}
	return d, nil
}

// within makes a duration of seconds that are bearable.
func (v value) within(seconds float64) (time.Duration, problem) {
	if seconds < 0 || seconds > engine.MaxHalfLife.Seconds() {
		return 0, refuse("a length of time from 0 to %s is wanted, got %s", Span(engine.MaxHalfLife), v.describe())
	}
	return time.Duration(math.Round(seconds * float64(time.Second))), nil
}
