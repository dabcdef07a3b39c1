package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// ServeEmpty answers every request with the same bytes: what nobody who answers with as many
// can be below. It says on standard output where it serves.
func ServeEmpty(ctx context.Context, bytes int) error {
	body := []byte(`"` + strings.Repeat("x", max(0, bytes-2)) + `"`)
	return Serve(ctx, func(c *gin.Context) { c.Data(http.StatusOK, "application/json", body) })
}

// Serve answers every request by a handler, and says on standard output where.
func Serve(ctx context.Context, handler gin.HandlerFunc) error {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.GET("/*any", handler)
	e.POST("/*any", handler)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	server := &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
