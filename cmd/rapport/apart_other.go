//go:build !linux

package main

import (
	"context"
	"errors"

	"github.com/rapportengine/rapport/training"
)

// start refuses: a process that does not give way, and may outlive its server, is no gain.
func (*helperCommand) start(context.Context) (*training.Helper, error) {
	return nil, errors.ErrUnsupported
}

func giveWay() {}
