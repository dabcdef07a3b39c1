package api

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// typeShown is a type's setting as it is written, see record.TypeSettings.
type typeShown struct {
	Weight   float64 `json:"weight"`
	HalfLife string  `json:"half_life,omitempty"`
	Liked    float64 `json:"liked,omitempty"`
}

// showTypes shows what types of interaction mean: what PUT takes.
func (s *Server) showTypes(c *gin.Context) error { return s.sendTypes(c, http.StatusOK) }

func (s *Server) sendTypes(c *gin.Context, status int) error {
	shown := make(map[engine.Type]typeShown)
	for name, t := range s.rec.Settings().Types {
		shown[name] = typeShown{Weight: t.Weight, Liked: t.Liked}
		if t.HalfLife > 0 {
			shown[name] = typeShown{t.Weight, record.Span(t.HalfLife), t.Liked}
		}
	}
	return reply(c, status, shown)
}

// putTypes replaces what all types mean: one that is not named weighs nothing.
func (s *Server) putTypes(c *gin.Context) error {
	return s.changeTypes(c, func(_, given map[engine.Type]engine.TypeSetting) map[engine.Type]engine.TypeSetting { return given })
}

// patchTypes replaces what the named types mean.
func (s *Server) patchTypes(c *gin.Context) error {
	return s.changeTypes(c, func(were, given map[engine.Type]engine.TypeSetting) map[engine.Type]engine.TypeSetting {
		all := maps.Clone(were)
		maps.Copy(all, given)
		return all
	})
}

// changeTypes is accepted rather than done: histories are read by the new settings from
// now on, the counters behind popular and trending lists are counted again in the
// background, and models follow at their next training.
func (s *Server) changeTypes(c *gin.Context, join func(were, given map[engine.Type]engine.TypeSetting) map[engine.Type]engine.TypeSetting) error {
	if err := object(c); err != nil {
		return err
	}
	given, err := record.TypeSettings(c.Request.Body)
	if err != nil {
		return err
	}
	err = s.changeSettings(c.Request.Context(), func(settings *engine.Settings) error {
		settings.Types = join(settings.Types, given)
		if n := len(settings.Types); n > engine.MaxTypes {
			return engine.Invalidf(engine.CodeLimitExceeded, "", "at most %d types of interaction are set, with these it would be %d", engine.MaxTypes, n)
		}
		if len(settings.Types) == 0 {
			return engine.Invalidf(engine.CodeMissingField, "", "at least one type of interaction is needed")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.sendTypes(c, http.StatusAccepted)
}

// changeSettings writes the settings with a change. Changes wait for one another, so
// that none is lost.
func (s *Server) changeSettings(ctx context.Context, change func(*engine.Settings) error) error {
	s.settings.Lock()
	defer s.settings.Unlock()
	settings := s.rec.Settings()
	if err := change(&settings); err != nil {
		return err
	}
	_, err := s.do(ctx, engine.PutSettings{Settings: settings})
	return err
}

// privacy says what becomes of the words of tickets.
type privacy struct {
	Redact *bool `json:"redact"` // card numbers, mail addresses and phone numbers are replaced before storing
}

// showPrivacy shows the setting.
func (s *Server) showPrivacy(c *gin.Context) error {
	redact := !s.rec.Settings().KeepPrivate
	return send(c, privacy{&redact})
}

// putPrivacy sets it, for what is written from now on.
func (s *Server) putPrivacy(c *gin.Context) error {
	var p privacy
	if err := decode(c, &p); err != nil {
		return err
	}
	if p.Redact == nil {
		return engine.Invalidf(engine.CodeMissingField, "redact", "true or false is needed")
	}
	err := s.changeSettings(c.Request.Context(), func(settings *engine.Settings) error {
		settings.KeepPrivate = !*p.Redact
		return nil
	})
	if err != nil {
		return err
	}
	return s.showPrivacy(c)
}

// showSupport shows the limits of stepping back from a ticket.
func (s *Server) showSupport(c *gin.Context) error {
	return send(c, s.rec.Settings().Desk())
}

// putSupport sets them: what is not given is as by default.
func (s *Server) putSupport(c *gin.Context) error {
	return s.changeSupport(c, func(body io.Reader, _ engine.Support) (engine.Support, error) { return record.Support(body) })
}

// patchSupport sets those that are given.
func (s *Server) patchSupport(c *gin.Context) error {
	return s.changeSupport(c, record.SupportPatch)
}

// changeSupport sets the limits that read makes of the body and those in force; the next answer
// obeys the result.
func (s *Server) changeSupport(c *gin.Context, read func(io.Reader, engine.Support) (engine.Support, error)) error {
	if err := object(c); err != nil {
		return err
	}
	body, err := io.ReadAll(c.Request.Body) // not while other changes wait
	if err != nil {
		return err
	}
	err = s.changeSettings(c.Request.Context(), func(settings *engine.Settings) error {
		limits, err := read(bytes.NewReader(body), settings.Desk())
		settings.Support = &limits
		return err
	})
	if err != nil {
		return err
	}
	return s.showSupport(c)
}

// Of the settings of sources: how many there may be, and how long a word.
const (
	maxSources       = 64
	maxSourceWord    = 64
	maxSourceSetting = 64
)

// showSources shows with which settings sources are trained, where they are set.
func (s *Server) showSources(c *gin.Context) error {
	sources := s.rec.Settings().Sources
	if sources == nil {
		sources = map[string]map[string]any{}
	}
	return send(c, sources)
}

// putSources replaces the settings of all sources: those of one that is not named are
// chosen again.
func (s *Server) putSources(c *gin.Context) error {
	return s.changeSources(c, func(_, given map[string]map[string]any) map[string]map[string]any { return given })
}

// patchSources replaces the settings of the named sources.
func (s *Server) patchSources(c *gin.Context) error {
	return s.changeSources(c, func(were, given map[string]map[string]any) map[string]map[string]any {
		all := maps.Clone(were)
		if all == nil {
			all = make(map[string]map[string]any, len(given))
		}
		maps.Copy(all, given)
		return all
	})
}

// changeSources changes what the next training works with. What a join leaves nil or
// empty is gone.
func (s *Server) changeSources(c *gin.Context, join func(were, given map[string]map[string]any) map[string]map[string]any) error {
	var given map[string]map[string]any
	if err := decode(c, &given); err != nil {
		return err
	}
	for name, settings := range given {
		if err := checkSource(name, settings); err != nil {
			return err
		}
	}
	if err := s.trainer.CheckSources(given); err != nil {
		return err
	}
	err := s.changeSettings(c.Request.Context(), func(settings *engine.Settings) error {
		sources := join(settings.Sources, given)
		maps.DeleteFunc(sources, func(_ string, set map[string]any) bool { return len(set) == 0 })
		if len(sources) > maxSources {
			return engine.Invalidf(engine.CodeLimitExceeded, "", "settings of at most %d sources are kept, with these it would be %d", maxSources, len(sources))
		}
		settings.Sources = sources
		return nil
	})
	if err != nil {
		return err
	}
	return s.showSources(c)
}

// checkSource refuses what is no setting of any source.
func checkSource(name string, settings map[string]any) error {
	if len(settings) > maxSourceSetting {
		return engine.Invalidf(engine.CodeLimitExceeded, name, "a source has at most %d settings", maxSourceSetting)
	}
	for setting, value := range settings {
		switch v := value.(type) {
		case float64:
		case string:
			if len(v) > maxSourceWord {
				return engine.Invalidf(engine.CodeLimitExceeded, name+"."+setting, "a word of at most %d bytes is wanted", maxSourceWord)
			}
		default:
			return engine.Invalidf(engine.CodeInvalidField, name+"."+setting, "a number or a word is wanted")
		}
	}
	return nil
}
