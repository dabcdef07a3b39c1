package engine

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// ErrNotFound is wrapped by every error that says a named thing does not exist.
var ErrNotFound = errors.New("not found")

// ErrConflict is wrapped by errors that say the thing is in a state that forbids it.
var ErrConflict = errors.New("conflict")

// Invalid says what is wrong with what a caller sent, and what would be right. Code is
// stable and for programs; Field is a path such as "events[3].at".
type Invalid struct {
	Code   string // e.g. "invalid_field", "unknown_field", "limit_exceeded", "invalid_filter"
	Field  string
	Want   string // a sentence that says what would be right
	Offset int    // position within the field's text (filters), from 0; -1 where it means nothing
}

// Error returns "field: want".
func (e *Invalid) Error() string {
	if e.Field == "" {
		return e.Want
	}
	return e.Field + ": " + e.Want
}

// Codes of Invalid. They are part of the API.
const (
	CodeInvalidField  = "invalid_field"
	CodeMissingField  = "missing_field"
	CodeUnknownField  = "unknown_field"
	CodeUnknownParam  = "unknown_parameter"
	CodeLimitExceeded = "limit_exceeded"
	CodeInvalidFilter = "invalid_filter"
	CodeUnknownAttr   = "unknown_attribute"
	CodeTimeInFuture  = "time_in_future"
	CodeInvalidSyntax = "invalid_syntax"
)

// Invalidf returns an Invalid with a formatted sentence.
func Invalidf(code, field, want string, args ...any) *Invalid {
	return &Invalid{Code: code, Field: field, Want: fmt.Sprintf(want, args...), Offset: -1}
}

// CheckID refuses ids that are empty, too long, not printable, or "." and "..".
func CheckID(field, id string) error {
	switch {
	case id == "":
		return Invalidf(CodeMissingField, field, "an id of 1 to %d bytes is needed", MaxIDBytes)
	case len(id) > MaxIDBytes:
		return Invalidf(CodeLimitExceeded, field, "an id has at most %d bytes, this one has %d", MaxIDBytes, len(id))
	case id == "." || id == "..":
		return Invalidf(CodeInvalidField, field, "%q cannot be an id: it would not survive in a URL path", id)
	case !printable(id):
		return Invalidf(CodeInvalidField, field, "an id is valid UTF-8 without control characters")
	}
	return nil
}

// printable reports whether s is valid UTF-8 without control characters.
func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}
