package offline

import (
	"context"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/peer"
)

// peerSearch is what the peers' settings are chosen from. The first are those that were
// best for them on MovieLens 100K.
func peerSearch() map[string][]peer.Params {
	bpr := peer.Params{Dims: 64, Epochs: 100, Lr: 0.1, Reg: 0.01}
	als := peer.Params{Dims: 64, Epochs: 40, Alpha: 0.2, Reg: 0.06}
	s := map[string][]peer.Params{peer.BPR: {bpr}, peer.ALS: {als}}
	for _, other := range []struct{ lr, reg float64 }{{0.05, 0.01}, {0.05, 0.03}, {0.1, 0.03}} {
		bpr.Lr, bpr.Reg = other.lr, other.reg
		s[peer.BPR] = append(s[peer.BPR], bpr)
	}
	for _, other := range []struct{ alpha, reg float64 }{{0.1, 0.06}, {0.4, 0.06}, {0.2, 0.02}, {0.2, 0.2}} {
		als.Alpha, als.Reg = other.alpha, other.reg
		s[peer.ALS] = append(s[peer.ALS], als)
	}
	return s
}

// contender is a peer in this evaluation.
type contender struct {
	search []peer.Params
	params peer.Params // chosen
	source *peer.Source
	took   time.Duration
}

// callPeers notes the peers that are to be evaluated.
func (e *evaluation) callPeers(search map[string][]peer.Params) {
	e.peers = make(map[string]*contender)
	for name, list := range search {
		if slices.Contains(e.Models, name) {
			for i := range list {
				list[i].Seed = e.Seed
			}
			e.peers[name] = &contender{search: list, params: list[0]}
		}
	}
}

// choosePeers chooses the settings of each peer as those of our own sources are.
func (e *evaluation) choosePeers(ctx context.Context, w *recommend.World, d *model.Data, cases []training.Case) error {
	for _, name := range peer.Names() {
		p, called := e.peers[name]
		if !called {
			continue
		}
		i, err := e.selector.Choose(ctx, w, cases, len(p.search), func(i int) (model.Source, error) {
			e.step("fitting " + name)
			return peer.Fit(ctx, name, d, p.search[i])
		})
		if err != nil {
			return err
		}
		p.params = p.search[i]
	}
	return nil
}

// fitPeers fits the peers with what was chosen.
func (e *evaluation) fitPeers(ctx context.Context, d *model.Data) (err error) {
	for _, name := range peer.Names() {
		if p, called := e.peers[name]; called {
			e.step("fitting " + name)
			start := time.Now()
			if p.source, err = peer.Fit(ctx, name, d, p.params); err != nil {
				return err
			}
			p.took = time.Since(start)
		}
	}
	return nil
}

// enter makes the peer the one source of a contender's world.
func (p *contender) enter(who *training.Contender) {
	name := p.source.Name()
	models := who.World.Models.WithBlend(training.Alone(name)).With(p.source)
	who.World, who.Fit = who.World.WithModels(models, who.World.Content), p.took
	who.Settings = map[string]any{"dims": p.params.Dims, "epochs": p.params.Epochs, "reg": p.params.Reg}
	if name == peer.BPR {
		who.Settings["lr"] = p.params.Lr
	} else {
		who.Settings["alpha"] = p.params.Alpha
	}
}

func (e *evaluation) step(what string) {
	if e.Step != nil {
		e.Step(what)
	}
}
