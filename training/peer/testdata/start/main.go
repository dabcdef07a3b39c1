// Command start is a program with Gorse in it: it fits both peers and says nothing.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/training/peer"
)

func main() {
	var b model.Builder
	for _, h := range modeltest.Checkerboard(20) {
		b.Add(h)
	}
	for _, name := range peer.Names() {
		p := peer.Params{Dims: 16, Epochs: 10, Reg: 0.01, Lr: 0.1, Alpha: 0.2}
		if _, err := peer.Fit(context.Background(), name, b.Data(modeltest.Items(20), 1), p); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
