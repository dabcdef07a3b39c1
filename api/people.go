package api

import (
	"errors"

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
	update, err := record.Preferences(c.Request.Body, engine.CustomerID(id))
	if err != nil {
		return err
	}
	if _, err := s.do(c.Request.Context(), update); err != nil {
		return err
	}
	return s.sendPreferences(c, id)
}

// merge makes all that a session or another customer did belong to this customer.
func (s *Server) merge(c *gin.Context) error {
	id, err := pathID(c, "customer_id")
	if err != nil {
		return err
	}
	if err := object(c); err != nil {
		return err
	}
	merge, err := record.Merge(c.Request.Body, engine.CustomerID(id))
	if err != nil {
		return err
	}
	if _, err := s.do(c.Request.Context(), merge); err != nil {
		return err
	}
	return send(c, gin.H{"customer_id": id, "merged": subjectShown(merge.From)})
}

// subjectShown is a subject as the field that names it.
func subjectShown(s engine.Subject) map[string]string {
	if s.Kind == engine.SessionSubject {
		return map[string]string{"session_id": s.ID}
	}
	return map[string]string{"customer_id": s.ID}
}

// orEmpty has a list that holds nothing encoded as [].
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
