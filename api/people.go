package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// erase forgets a customer and answers with the receipt.
func (s *Server) erase(c *gin.Context) error {
	id, err := pathID(c, "customer_id")
	if err != nil {
		return err
	}
	result, err := s.do(c.Request.Context(), engine.Erase{Subject: engine.OfCustomer(engine.CustomerID(id))})
	if err != nil {
		return err
	}
	c.Header("Location", "/v1/erasures/"+result.Erased.Receipt)
	return send(c, result.Erased)
}

// showErasure shows a receipt.
func (s *Server) showErasure(c *gin.Context) error {
	receipt, err := pathID(c, "receipt")
	if err != nil {
		return err
	}
	erasure, err := s.store.Erasure(c.Request.Context(), receipt)
	if err != nil {
		return err
	}
	return send(c, erasure)
}

// showPreferences shows what a customer asked not to see: nothing, where there is no
// record of them.
func (s *Server) showPreferences(c *gin.Context) error {
	id, err := pathID(c, "customer_id")
	if err != nil {
		return err
	}
	return s.sendPreferences(c, id)
}

func (s *Server) sendPreferences(c *gin.Context, id string) error {
	customer, err := s.store.Customer(c.Request.Context(), engine.CustomerID(id))
	if err != nil && !errors.Is(err, engine.ErrNotFound) {
		return err
	}
	p := customer.Preferences
	return send(c, gin.H{"muted_items": orEmpty(p.MutedItems), "muted_categories": orEmpty(p.MutedCategories)})
}

// patchPreferences replaces the lists that are given; of a customer without a record it
// makes one.
func (s *Server) patchPreferences(c *gin.Context) error {
	id, err := pathID(c, "customer_id")
	if err != nil {
		return err
	}
	if err := object(c); err != nil {
		return err
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return err
	}
	if !json.Valid(body) {
		return engine.Invalidf(engine.CodeInvalidSyntax, "", "one JSON object is wanted")
	}
	// Preferences are a part of the customer, and are read as one.
	whole := io.MultiReader(strings.NewReader(`{"preferences":`), bytes.NewReader(body), strings.NewReader("}"))
	patch, err := record.One(record.CustomerPatches(whole, record.Options{Format: record.JSON, ID: id, Create: true}))
	if err != nil {
		return within("preferences", err)
	}
	if _, err := s.do(c.Request.Context(), engine.UpdateCustomer{ID: engine.CustomerID(id), Update: patch.Update}); err != nil {
		return within("preferences", err)
	}
	return s.sendPreferences(c, id)
}

// within takes the part that the caller did not write off the field of a refusal.
func within(part string, err error) error {
	invalid, ok := errors.AsType[*engine.Invalid](err)
	if !ok {
		return err
	}
	named := *invalid
	named.Field = strings.TrimPrefix(strings.TrimPrefix(named.Field, part), ".")
	return &named
}

// merge makes all that a session or another customer did belong to this customer.
func (s *Server) merge(c *gin.Context) error {
	id, err := pathID(c, "customer_id")
	if err != nil {
		return err
	}
	var from struct {
		Session  engine.SessionID  `json:"session_id,omitempty"`
		Customer engine.CustomerID `json:"customer_id,omitempty"`
	}
	if err := decode(c, &from); err != nil {
		return err
	}
	if (from.Session == "") == (from.Customer == "") {
		return engine.Invalidf(engine.CodeMissingField, "session_id", "one of session_id and customer_id is needed: whose past is to be joined")
	}
	subject, field := engine.SubjectOf(from.Customer, from.Session), "customer_id"
	if subject.Kind == engine.SessionSubject {
		field = "session_id"
	}
	if err := engine.CheckID(field, subject.ID); err != nil {
		return err
	}
	if _, err := s.do(c.Request.Context(), engine.Merge{From: subject, Into: engine.CustomerID(id)}); err != nil {
		return err
	}
	return send(c, gin.H{"customer_id": id, "merged": from})
}

// orEmpty has a list that holds nothing encoded as [].
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
