package record

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Times are kept in UTC, in the years 1 to 9999.
const (
	lastSecond = 253402300799 // the last of the year 9999
	// From here on a number counts milliseconds: as seconds it would be the year 5138,
	// as milliseconds it is 1973.
	firstMilli = 100_000_000_000
)

// time decodes RFC 3339, or Unix seconds or milliseconds as a number or digits. A time
// without a zone is read in the reading's zone, refused where none is set.
func (v value) time() (time.Time, problem) {
	switch v.kind {
	case null:
		return time.Time{}, nil
	case number:
		return v.unix()
	case text, cell:
		s, p := v.str(64)
		if p != nil {
			return time.Time{}, p
		}
		if plainNumber(s) && !(len(s) > 4 && s[4] == '-') {
			return value{kind: cell, raw: s, env: v.env}.unix()
		}
		return v.stamp(s)
	}
	return time.Time{}, v.wrong(aTime)
}

const aTime = "a time by RFC 3339 (2024-05-01T12:00:00Z), or Unix seconds or milliseconds,"

func (v value) unix() (time.Time, problem) {
	if n, err := strconv.ParseInt(v.raw, 10, 64); err == nil && n > -firstMilli && n < firstMilli {
		return inYears(time.Unix(n, 0))
	}
	f, p := v.num()
	if p != nil {
		return time.Time{}, p
	}
	if math.Abs(f) >= firstMilli {
		f /= 1000
	}
	if math.Abs(f) > lastSecond {
		return time.Time{}, tooFar()
	}
	whole, part := math.Modf(f)
	return inYears(time.Unix(int64(whole), int64(math.Round(part*1e6))*1000)) // a float64 holds microseconds until 2255
}

// stamp decodes written time. A space may stand for the T (RFC 3339, section 5.6).
func (v value) stamp(s string) (time.Time, problem) {
	if len(s) > 10 && s[10] == ' ' {
		s = s[:10] + "T" + s[11:]
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return inYears(t)
	}
	for _, layout := range [...]string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02", v.env.clock} {
		t, err := time.Parse(layout, s)
		if err != nil || layout == "" {
			continue
		}
		if strings.Contains(layout, "-07") {
			return inYears(t)
		}
		if v.env.zone == nil {
			return time.Time{}, refuse("%q names no time zone; write %s", shorten(s), t.Format(time.RFC3339))
		}
		y, m, d := t.Date()
		return inYears(time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), v.env.zone))
	}
	return time.Time{}, v.wrong(aTime)
}

func inYears(t time.Time) (time.Time, problem) {
	t = t.UTC()
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}, tooFar()
	}
	return t, nil
}

func tooFar() problem { return refuse("a time in the years 1 to 9999 is wanted") }
