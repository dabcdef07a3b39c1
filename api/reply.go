package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
)

// reply encodes the whole value before the first byte leaves, so that what cannot be
// encoded becomes an error and never half an answer.
func reply(c *gin.Context, status int, value any) error {
	body, err := encode(value)
	if err != nil {
		return fmt.Errorf("encode the answer of %s: %w", c.FullPath(), err)
	}
	write(c, status, body)
	return nil
}

func write(c *gin.Context, status int, body []byte) {
	h := c.Writer.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.Status(status)
	_, _ = c.Writer.Write(body) // the caller may be gone; nothing is left to tell them
}

// encode is JSON as people write it: "<" stays "<". It is never put into HTML.
func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// cut keeps the first page of all and returns the cursor of the next; "" after the last.
func cut[T any](all []T, size int, cursor func(last T) string) (page []T, next string) {
	if len(all) <= size {
		return all, ""
	}
	return all[:size], cursor(all[size-1])
}

// send answers with a value.
func send(c *gin.Context, value any) error { return reply(c, http.StatusOK, value) }

// sendNothing answers that there is nothing more to say.
func sendNothing(c *gin.Context) error {
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}
