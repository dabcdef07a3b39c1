package api

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// moment is one thing in the timeline of a person. Besides At and Type it has the field
// of its type.
type moment struct {
	At       time.Time       `json:"at"`
	Type     string          `json:"type"` // one of momentTypes
	TicketID string          `json:"ticket_id,omitempty"`
	Event    *event          `json:"event,omitempty"`
	Ticket   *engine.Ticket  `json:"ticket,omitempty"` // without its messages: they have moments of their own
	Message  *engine.Message `json:"message,omitempty"`
	List     *shown          `json:"list,omitempty"`

	tie uint64 // puts moments of the same time in an order
}

// shown is a list that was given to somebody; the whole of it is to be had by its id.
type shown struct {
	RecommendationID string          `json:"recommendation_id"`
	Scenario         string          `json:"scenario"`
	Basis            engine.Basis    `json:"basis"`
	Items            []engine.ItemID `json:"items"`
}

// The types of moments.
const (
	momentEvent   = "event"
	momentOutcome = "outcome" // an event that says what became of a ticket
	momentTicket  = "ticket"  // one was opened
	momentMessage = "message" // somebody wrote
	momentList    = "list"    // a list was given
)

var momentTypes = []string{momentEvent, momentTicket, momentMessage, momentOutcome, momentList}

// timeline pages through all that happened with a person, whatever the channel, newest
// first.
func (s *Server) timeline(c *gin.Context) error {
	id, err := pathID(c, "customer_id")
	if err != nil {
		return err
	}
	size, err := pageSize(c)
	if err != nil {
		return err
	}
	after, err := parseInstant(c.Query("cursor"))
	if err != nil {
		return err
	}
	wanted, err := typesWanted(c)
	if err != nil {
		return err
	}
	person, err := s.store.PersonOf(c.Request.Context(), engine.OfCustomer(engine.CustomerID(id)))
	if err != nil {
		return err
	}
	all := slices.DeleteFunc(moments(&person), func(m moment) bool {
		return !slices.Contains(wanted, m.Type) || m.instant().compare(after) <= 0
	})
	slices.SortFunc(all, func(a, b moment) int { return a.instant().compare(b.instant()) })
	page, next := cut(all, size, func(last moment) string { return last.instant().String() })
	return replyPage(c, "items", page, next)
}

// typesWanted reads the parameter type: one or several with commas, all where there is
// none.
func typesWanted(c *gin.Context) ([]string, error) {
	text := c.Query("type")
	if text == "" {
		return momentTypes, nil
	}
	wanted := strings.Split(text, ",")
	for _, w := range wanted {
		if !slices.Contains(momentTypes, w) {
			return nil, engine.Invalidf(engine.CodeInvalidField, "type", "some of %s are wanted, with commas, got %q", strings.Join(momentTypes, ", "), shorten(w))
		}
	}
	return wanted, nil
}

// moments lays out everything of a person.
func moments(p *store.Person) []moment {
	var all []moment
	for _, r := range p.Events {
		kind := momentEvent
		if r.TicketID != "" && slices.Contains(outcomeTypes, r.Type) {
			kind = momentOutcome
		}
		all = append(all, moment{
			At: r.At, Type: kind, TicketID: r.TicketID, Event: &event{r.Interaction, r.Received},
			tie: tieOf(kind, fmt.Sprint(r.Seq, r.Line)),
		})
	}
	for _, t := range p.Tickets {
		all = append(all, ticketMoments(t)...)
	}
	for _, i := range p.Impressions {
		list := &shown{i.RecommendationID, i.Answer.Scenario, i.Answer.Basis, []engine.ItemID{}}
		for _, item := range i.Answer.Items {
			list.Items = append(list.Items, item.Item)
		}
		all = append(all, moment{At: i.At, Type: momentList, List: list, tie: tieOf(momentList, i.RecommendationID)})
	}
	return all
}

// outcomeTypes are the events that a ticket's own state comes to as well.
var outcomeTypes = []engine.Type{engine.SolutionUsed, engine.NotSolved, engine.Solved, engine.Reopened, engine.Escalated, engine.CSAT}

// ticketMoments are a ticket and its messages. A message without a time stands at that
// of the ticket.
func ticketMoments(t engine.Ticket) []moment {
	opened, messages := t.Opened(), t.Messages
	t.Messages = nil
	all := []moment{{At: opened, Type: momentTicket, TicketID: t.ID, Ticket: &t, tie: tieOf(momentTicket, t.ID)}}
	for i := range messages {
		at := messages[i].At
		if at.IsZero() {
			at = opened
		}
		all = append(all, moment{At: at, Type: momentMessage, TicketID: t.ID, Message: &messages[i], tie: tieOf(momentMessage, fmt.Sprint(t.ID, " ", i))})
	}
	return all
}

// tieOf is the same for the same thing at every call, so that a cursor stays right.
func tieOf(kind, id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(kind + "\x00" + id)) // never fails
	return h.Sum64()
}

func (m *moment) instant() instant { return instant{m.At.UnixMilli(), m.tie} }

// instant is where a moment stands in a timeline read from its end.
type instant struct {
	At  int64 // Unix milliseconds
	Tie uint64
}

func (i instant) compare(j instant) int {
	return cmp.Or(cmp.Compare(j.At, i.At), cmp.Compare(i.Tie, j.Tie))
}

// String returns the instant as a cursor.
func (i instant) String() string {
	raw, _ := binary.Append(nil, binary.BigEndian, i) // fixed size: cannot fail
	return base64.RawURLEncoding.EncodeToString(raw)
}

// parseInstant reads a cursor; none is the instant before everything.
func parseInstant(cursor string) (instant, error) {
	i := instant{At: math.MaxInt64}
	if cursor == "" {
		return i, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) != binary.Size(i) || binary.Read(bytes.NewReader(raw), binary.BigEndian, &i) != nil {
		return i, badCursor()
	}
	return i, nil
}
