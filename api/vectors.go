package api

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/embed"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/record"
)

// fittedExports are the exports of vectors, by the source they are of.
var fittedExports = map[string]string{"factors": factor.Name, "embeddings": embed.Name}

// vectored is a source whose items have a vector each.
type vectored interface {
	Vectors() (rows *model.Rows, dims int, values []float32)
}

// modelHeader says of which version of the models an export is.
const modelHeader = "X-Rapport-Model"

// exportVectors streams the items' vectors of the models that serve. Rows stand in the
// same order in every form, so that the ids of one name the rows of the other.
func (s *Server) exportVectors(c *gin.Context, what string) error {
	f, err := exportFormatOf(c, exportNDJSON, exportParquet, exportNPY)
	if err != nil {
		return err
	}
	models := s.rec.World().Models
	var source vectored
	for _, fitted := range models.Fitted {
		if v, ok := fitted.(vectored); ok && fitted.Name() == fittedExports[what] {
			source = v
		}
	}
	if source == nil && models.Version == 0 {
		return fmt.Errorf("%s: %w; there is no model yet, a training makes one", what, engine.ErrNotFound)
	}
	if source == nil {
		return fmt.Errorf("model %d has no %s, they come with a training that finds use for them: %w", models.Version, what, engine.ErrNotFound)
	}
	c.Header(modelHeader, strconv.Itoa(models.Version))
	rows, dims, values := source.Vectors()
	return s.stream(c, what+"."+f.name, f.media, func(ctx context.Context, w io.Writer) error {
		out := record.NumPyWriter(w, io.Discard, rows.Len(), dims)
		if f != exportNPY {
			out = record.VectorWriter(w, f.record)
		}
		for row := range rows.Len() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := out.Write(record.Vector{Item: rows.ID(row), Values: values[row*dims:][:dims]}); err != nil {
				return err
			}
		}
		return out.Close()
	})
}
