package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

//go:embed web/docs.html web/docs.js web/docs.css web/vendor/*.gz
var webFiles embed.FS

// pagePolicy lets the reference page load what this server has and nothing else. Swagger
// UI sets styles on its elements and draws its signs from data URLs.
const pagePolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// asset is a file of the reference page, compressed once and for all.
type asset struct {
	zipped []byte
	kind   string // as Content-Type has it
	etag   string
}

// assets are the files of the page by their names in URLs; the page itself has none.
func assets() (map[string]asset, error) {
	out := map[string]asset{}
	err := fs.WalkDir(webFiles, "web", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := webFiles.ReadFile(name)
		if err != nil {
			return err
		}
		file, zipped := strings.CutSuffix(path.Base(name), ".gz")
		if !zipped {
			if data, err = compressed(data); err != nil {
				return err
			}
		}
		sum := sha256.Sum256(data)
		kind := mime.TypeByExtension(path.Ext(file))
		out[strings.TrimSuffix(file, "docs.html")] = asset{zipped: data, kind: kind, etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the reference page: %w", err)
	}
	return out, nil
}

func compressed(data []byte) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// showFront sends people who open the server in a browser to its reference.
func (s *Server) showFront(c *gin.Context) error {
	c.Redirect(http.StatusFound, docsPath)
	return nil
}

// showPage answers with the reference page, or with a file of it.
func (s *Server) showPage(c *gin.Context) error {
	files, err := s.page()
	if err != nil {
		return err
	}
	file, found := files[c.Param("file")]
	if !found {
		return errNoRoute
	}
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache") // kept, and asked for whether it changed
	h.Set("ETag", file.etag)
	h.Add("Vary", "Accept-Encoding")
	if c.GetHeader("If-None-Match") == file.etag {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return nil
	}
	h.Set("Content-Type", file.kind)
	if strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		_, _ = c.Writer.Write(file.zipped) // the caller may be gone
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(file.zipped))
	if err != nil {
		return fmt.Errorf("inflate the reference page: %w", err)
	}
	_, err = io.Copy(c.Writer, z)
	return err
}
