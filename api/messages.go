package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// added says what became of messages: Messages is how many the ticket has now.
type added struct {
	Ticket     string `json:"ticket_id"`
	Accepted   int    `json:"accepted"`
	Duplicates int    `json:"duplicates"`
	Messages   int    `json:"messages"`
}

// postMessages puts one message or a list behind those of a ticket. A message whose
// sender, text and time the ticket has already is the same one, sent again.
func (s *Server) postMessages(c *gin.Context) error {
	id, err := pathID(c, "ticket_id")
	if err != nil {
		return err
	}
	messages, err := s.messages(c)
	if err != nil {
		return err
	}
	var out added
	update := func(t engine.Ticket, found bool) (engine.Ticket, error) {
		if !found {
			return t, fmt.Errorf("ticket %q: %w", shorten(id), engine.ErrNotFound)
		}
		var err error
		t, out, err = withMessages(t, messages)
		return t, err
	}
	if _, err := s.do(c.Request.Context(), engine.UpdateTicket{ID: id, Update: update}); err != nil {
		return err
	}
	return send(c, out)
}

// withMessages returns a ticket with messages behind its own.
func withMessages(t engine.Ticket, messages []engine.Message) (engine.Ticket, added, error) {
	out := added{Ticket: t.ID}
	before := t.Messages
	t.Messages = slices.Clone(before)
	for _, m := range messages {
		same := func(n engine.Message) bool { return n.From == m.From && n.Text == m.Text && n.At.Equal(m.At) }
		if slices.ContainsFunc(before, same) {
			out.Duplicates++
			continue
		}
		t.Messages = append(t.Messages, m)
		out.Accepted++
	}
	if out.Messages = len(t.Messages); out.Messages > engine.MaxMessages {
		return t, out, engine.Invalidf(engine.CodeLimitExceeded, "", "a ticket has at most %d messages, with these it would have %d", engine.MaxMessages, out.Messages)
	}
	return t, out, nil
}

// messages reads one message or a list of them; those without a time are of now.
func (s *Server) messages(c *gin.Context) ([]engine.Message, error) {
	if err := object(c); err != nil {
		return nil, err
	}
	o, err := s.options(c)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")) {
		m, err := record.Message(bytes.NewReader(body), o)
		return []engine.Message{m}, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, misread(err)
	}
	switch n := len(list); {
	case n == 0:
		return nil, engine.Invalidf(engine.CodeMissingField, "", "at least one message is wanted, got none")
	case n > engine.MaxMessages:
		return nil, engine.Invalidf(engine.CodeLimitExceeded, "", "a ticket has at most %d messages, got %d", engine.MaxMessages, n)
	}
	messages := make([]engine.Message, len(list))
	for i, raw := range list {
		if messages[i], err = record.Message(bytes.NewReader(raw), o); err != nil {
			return nil, inside(fmt.Sprintf("[%d]", i), err)
		}
	}
	return messages, nil
}
