package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
)

// decode reads the few fields of a body that is no record, into a struct.
func decode(c *gin.Context, into any) error {
	if err := object(c); err != nil {
		return err
	}
	d := json.NewDecoder(c.Request.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return misread(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return engine.Invalidf(engine.CodeInvalidSyntax, "", "one object is wanted, and nothing after it")
	}
	return nil
}

// nothing refuses a body with fields where there is nothing to say.
func nothing(c *gin.Context) error {
	body, err := io.ReadAll(c.Request.Body)
	if err != nil || len(body) == 0 {
		return err
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	return decode(c, &struct{}{})
}

// readWords are what encoding/json calls what it read, in our words.
var readWords = map[string]string{
	"object": "an object", "array": "a list", "string": "a text", "number": "a number", "bool": "true or false",
}

// inJSON says what a value of a type is called where it is written.
func inJSON(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Pointer:
		return inJSON(t.Elem())
	}
	return "a whole number"
}

// misread says in our words what encoding/json found wrong. An error of the body itself
// passes as it is.
func misread(err error) error {
	if typed, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return engine.Invalidf(engine.CodeInvalidField, typed.Field, "%s is wanted, got %s", inJSON(typed.Type), cmp.Or(readWords[typed.Value], typed.Value))
	}
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		name = strings.Trim(name, `"`)
		return engine.Invalidf(engine.CodeUnknownField, shorten(name), "no field here is called %q", shorten(name))
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return engine.Invalidf(engine.CodeInvalidSyntax, "", "at byte %d: %s", syntax.Offset, syntax)
	}
	switch err {
	case io.EOF:
		return engine.Invalidf(engine.CodeInvalidSyntax, "", "one object is wanted, got none")
	case io.ErrUnexpectedEOF:
		return engine.Invalidf(engine.CodeInvalidSyntax, "", "the JSON ends early")
	}
	return err
}

// inside puts the part that a refusal is about before its field.
func inside(part string, err error) error {
	invalid, ok := errors.AsType[*engine.Invalid](err)
	if !ok {
		return err
	}
	named := *invalid
	named.Field = strings.TrimSuffix(part+"."+named.Field, ".")
	return &named
}
